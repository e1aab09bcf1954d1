"""The models in use: opened off the loop, watched by a circuit breaker, their failures told once."""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from ai_lsp.config.settings import LOCAL, OFF, Settings
from ai_lsp.context.counts import Count
from ai_lsp.errors import AiLspError, ModelError, PromptWithheld
from ai_lsp.models.breaker import Breaker
from ai_lsp.models.port import Model, ModelRequest, Usage
from ai_lsp.models.settings import ModelSettings
from ai_lsp.models.tokens import Counter, Estimate, prompt_size

if TYPE_CHECKING:
    from ai_lsp.context.egress import Gate
    from ai_lsp.context.screening import Disguise

log = logging.getLogger(__name__)

Tell = Callable[[str], None]

ONE_SLOT = frozenset({"llamacpp", "ollama"})
"""APIs whose servers answer completions one after another, each reusing what the slot has read."""

FIRST_TOKENS, LEAST_TOKENS, SWIFT_S = 1_500, 700, 1.2
"""A slow machine reads some hundred tokens a second: at a new place the prompt is no longer than it reads in
SWIFT_S seconds, and FIRST_TOKENS while that is not known."""

TELLING_TOKENS = 300
"""Fewer say more of the way than of the reading."""

_EPOCHS = itertools.count(1)


class WatchedModel:
    """One open model, its breaker and its token count: what complete.ModelRoute asks for."""

    def __init__(
        self, settings: ModelSettings, model: Model, counter: Counter, tell: Tell, clock: Callable[[], float]
    ) -> None:
        self.settings = settings
        self.model = model
        self.problem = ""
        self.epoch = f"{settings.name}#{next(_EPOCHS)}"
        self._reads_per_s: float | None = None
        self._breaker = Breaker()
        self._counter = counter
        self._tell = tell
        self._clock = clock

    @property
    def context_tokens(self) -> int:
        """What the user says the server can read at once, in tokens."""
        return self.settings.context_tokens

    @property
    def one_at_a_time(self) -> bool:
        """Whether the server has one slot for completions."""
        return self.settings.api in ONE_SLOT

    @property
    def swift_tokens(self) -> int:
        """As much of a prompt, in tokens, as the server reads in about a second."""
        if not self.one_at_a_time:
            return self.context_tokens
        per_s = self._reads_per_s
        swift = FIRST_TOKENS if per_s is None else int(per_s * SWIFT_S)
        return min(self.context_tokens, max(LEAST_TOKENS, swift))

    @property
    def may_ask(self) -> bool:
        """Whether the breaker lets a request through now."""
        return self._breaker.may_ask(self._clock())

    @property
    def count(self) -> Count:
        """Counts tokens, estimated or exact. Another function after each correction, so that no cached count
        outlives what it was made with."""
        return self._counter.count

    def started(self) -> None:
        """A request goes out."""
        self._breaker = self._breaker.asked(self._clock())

    def succeeded(self, request: ModelRequest, usage: Usage | None, first_s: float | None = None) -> None:
        """An answer came, be it empty; the server's own token count corrects the estimate. `first_s`: seconds
        until the first of it, which tell how fast the server reads."""
        if self.problem:
            log.warning("model %s answers again", self.settings.name)
        self._breaker = self._breaker.succeeded()
        self.problem = ""
        if isinstance(self._counter, Estimate):
            self._counter = self._counter.corrected(prompt_size(request.prompt), usage)
        if first_s and usage is not None and usage.prompt_tokens and usage.cached_tokens is not None:
            unread = usage.prompt_tokens - usage.cached_tokens
            if unread >= TELLING_TOKENS:
                self._reads_per_s = unread / first_s

    def failed(self, error: ModelError, *, is_told: bool = False) -> None:
        """The request failed; the user is told when a model that worked stops doing so, unless they are."""
        if isinstance(error, PromptWithheld):
            self.abandoned()
            return
        self._breaker = self._breaker.failed(error, self._clock())
        log.warning("model %s: %s", self.settings.name, error)
        if not self.problem and not is_told:
            self._tell(f"ai-lsp: {error}. The embedded predictor takes over.")
        self.problem = str(error)

    def abandoned(self) -> None:
        """We took the request back: that says nothing about the server."""
        self._breaker = self._breaker.abandoned()


class ModelRoutes:
    """The models that some feature is routed to, by name. `tell` shows the user a sentence.

    A model is asked who it is as soon as it is open (`spawn` does that aside): the HTTP client and the
    connection are ready before the first key.
    """

    def __init__(
        self,
        tell: Tell,
        spawn: Callable[[str, Coroutine[Any, Any, Any]], object],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tell = tell
        self._spawn = spawn
        self._clock = clock
        self._settings: Mapping[str, ModelSettings] = {}
        self._open: dict[str, WatchedModel] = {}
        self._gate: Gate | None = None  # made with the first model, for its rules take time to import

    async def use(
        self, settings: Mapping[str, ModelSettings], names: Iterable[str], *, keeps_ledger: bool = True
    ) -> None:
        """Open the named models, off the loop, and close those whose settings are no longer in force."""
        old = self._open
        kept = {n: m for n, m in old.items() if settings.get(n) == m.settings}
        self._settings = settings
        for name in names:
            if name in kept or name not in settings:
                continue
            try:
                model, counter, self._gate = await asyncio.to_thread(_open, settings[name], self._gate)
            except AiLspError as error:
                self._tell(f"ai-lsp: the model “{name}” cannot be used. {error}")
                continue
            kept[name] = WatchedModel(settings[name], model, counter, self._tell, self._clock)
            self._spawn("greet a model", model.probe())
        self._open = kept
        if self._gate is not None:
            self._gate.keep_ledger(keeps_ledger)
        for name, model_ in old.items():
            if kept.get(name) is not model_:
                await model_.model.aclose()

    @property
    def disguise(self) -> Disguise | None:
        """What knows secrets and their placeholders; None until the first model is open."""
        return self._gate.disguise if self._gate is not None else None

    def route(self, name: str) -> WatchedModel | None:
        """The model for a route, or None while it is unusable: unknown, wrongly set up, or resting."""
        model = self._open.get(name)
        return model if model is not None and model.may_ask else None

    def problem(self, name: str) -> str:
        """What is wrong with a model at the moment, in a sentence; empty when nothing is."""
        model = self._open.get(name)
        if model is not None:
            return model.problem
        return f"the model “{name}” is not defined or cannot be used" if name in self._settings else ""

    def status(self, name: str) -> dict[str, Any]:
        """The facts of one model for status lines."""
        settings = self._settings.get(name)
        problem = self.problem(name)
        state = "failing" if problem else "ready" if name in self._open else "starting"
        return {"model": settings.model if settings else name, "state": state, "problem": problem}

    async def aclose(self) -> None:
        """Close every connection."""
        models, self._open = list(self._open.values()), {}
        for each in models:
            await each.model.aclose()
        if self._gate is not None:
            await asyncio.to_thread(self._gate.ledger.close)


def _open(settings: ModelSettings, gate: Gate | None) -> tuple[Model, Counter, Gate]:
    """A model behind the gate. Imports an HTTP client, rules for secrets, perhaps a tokenizer: in a thread."""
    from ai_lsp.context.egress import ScreenedModel, open_gate
    from ai_lsp.models.registry import open_model
    from ai_lsp.models.tokens import exact_counter

    gate = gate or open_gate(os.environ)
    model = ScreenedModel(open_model(settings), gate, settings.url)
    return model, exact_counter(settings.model) or Estimate(), gate


def models_in_use(settings: Settings) -> list[str]:
    """The models that some feature is routed to."""
    routes = settings.routes
    named = (getattr(routes, field.name) for field in fields(routes))
    return list(dict.fromkeys(name for name in named if name not in (LOCAL, OFF)))
