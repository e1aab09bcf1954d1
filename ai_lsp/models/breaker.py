"""When a model keeps failing: stop asking for a while, try once, and come back; pure, the clock is passed in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from ai_lsp import errors

# Failures that the next try cannot cure: a person must change a setting or the server.
_LASTING = (errors.BadCredentials, errors.NoSuchModel, errors.UnknownTemplate)


@dataclass(frozen=True, slots=True)
class BreakerRules:
    """`failures` in a row open it for `pause_s` seconds, twice as long at each failed trial, up to `longest_s`;
    a failure that only a person can cure opens it at once, for `lasting_s`."""

    failures: int = 3
    pause_s: float = 5.0
    longest_s: float = 120.0
    lasting_s: float = 300.0


@dataclass(frozen=True, slots=True)
class Breaker:
    """Whether a model may be asked; every change is a new value. Times are seconds of one monotonic clock.

    closed: ask. open: do not, until `opens_until`. After that one trial is allowed ("trying") and, until its
    outcome is told, no other. A cancelled request tells nothing: `abandoned`. New settings: a new Breaker.
    """

    rules: BreakerRules = BreakerRules()
    in_a_row: int = 0
    opens_until: float | None = None
    pause_s: float = 0.0
    is_trying: bool = False
    last_error: errors.ModelError | None = None

    def state(self, now: float) -> Literal["closed", "open", "trying"]:
        """Where it stands at `now`."""
        if self.opens_until is None:
            return "closed"
        return "open" if now < self.opens_until else "trying"

    def may_ask(self, now: float) -> bool:
        """Whether a request may start at `now`; call `asked` when it does."""
        state = self.state(now)
        return state == "closed" or (state == "trying" and not self.is_trying)

    def wait_s(self, now: float) -> float:
        """Seconds until the next trial; 0 where none are needed."""
        return 0.0 if self.opens_until is None else max(0.0, self.opens_until - now)

    def asked(self, now: float) -> Breaker:
        """A request started at `now`."""
        return replace(self, is_trying=True) if self.state(now) == "trying" else self

    def succeeded(self) -> Breaker:
        """An answer came, be it empty."""
        return Breaker(self.rules)

    def abandoned(self) -> Breaker:
        """A request was cancelled by us; that says nothing about the server."""
        return replace(self, is_trying=False)

    def failed(self, error: errors.ModelError, now: float) -> Breaker:
        """A request failed with `error` at `now`.

        PromptTooLong and BadRequest are about one prompt and leave it as it is.
        """
        if isinstance(error, errors.PromptTooLong | errors.BadRequest):
            return self.abandoned()
        in_a_row = self.in_a_row + 1
        if isinstance(error, _LASTING):
            pause_s = self.rules.lasting_s
        elif isinstance(error, errors.RateLimited):
            pause_s = max(error.retry_after_s or 0.0, self._next_pause())
        elif in_a_row >= self.rules.failures:
            pause_s = self._next_pause()
        else:
            return replace(self, in_a_row=in_a_row, is_trying=False, last_error=error)
        return Breaker(self.rules, in_a_row, now + pause_s, pause_s, False, error)

    def _next_pause(self) -> float:
        return min(self.rules.longest_s, self.pause_s * 2 if self.pause_s else self.rules.pause_s)
