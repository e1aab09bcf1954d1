"""Models' answers on their way. A stream belongs to the spot it was asked for, not to one request of the editor:
requests join it, leave it, and what it says is kept."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator

from ai_lsp.completion.reuse import Rest, Spot, rest_of, typed_since
from ai_lsp.completion.world import ModelRoute
from ai_lsp.errors import ModelError, PromptTooLong, PromptWithheld
from ai_lsp.models.port import ModelRequest

GRACE_S = 0.015
"""How long a stream that nobody waits for goes on: editors cancel at each key, and ask anew right after."""

EXPECTED_S = 0.5
"""How long a stream waits for the request of an editor that does not ask at once."""

MOST = 4
"""Streams at once, of a server that answers several."""


class Flight:
    """One answer on its way. `text` is what came so far, free of what it was wrapped in."""

    def __init__(self, spot: Spot, epoch: str, *, is_guess: bool) -> None:
        self.spot = spot
        self.epoch = epoch
        self.text = ""
        self.is_over = False
        self.is_whole = False
        self.error: ModelError | None = None
        self.is_guess = is_guess  # asked ahead of any request
        self.first_s: float | None = None  # seconds until its first text was there
        self.line_s: float | None = None  # until its first line was there, or all of it
        self.began = asyncio.get_running_loop().time()
        self.task: asyncio.Task[None] | None = None
        self.waiting = 0
        self.leaving: asyncio.TimerHandle | None = None
        self.expected_until = 0.0  # a request that will join is expected until then
        self._news: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def rest(self, typed: str) -> Rest | None:
        """What is left behind `typed`; None where the stream says something else."""
        return rest_of(self.text, typed, is_whole=self.is_over)

    async def news(self, timeout_s: float | None = None) -> None:
        """Wait until more has come, or for so long."""
        if not self.is_over:
            await asyncio.wait({self._news}, timeout=timeout_s)

    @property
    def age_s(self) -> float:
        """Seconds since it was asked for."""
        return asyncio.get_running_loop().time() - self.began

    def feed(self, text: str) -> None:
        """More has come: all of it is `text`."""
        self.text = text
        self.first_s = self.first_s or self.age_s
        if self.line_s is None and "\n" in text.lstrip("\n"):
            self.line_s = self.age_s
        self._news.set_result(None)
        self._news = asyncio.get_running_loop().create_future()

    def end(self) -> None:
        """No more will come."""
        self.is_over = True
        if not self._news.done():
            self._news.set_result(None)


class Flights:
    """The streams of a session; `landed` is told of each that is over.

    A stream of a document that no longer agrees with what the user types there is closed at once. With
    `one_at_a_time` (a server with one slot) so are those of other documents that nobody waits for.
    """

    def __init__(self, landed: Callable[[Flight], None]) -> None:
        self._tell_landed = landed
        self._flying: list[Flight] = []

    @property
    def are_busy(self) -> bool:
        """Whether a request of the user's is being answered: guesses come after it."""
        return any(not flight.is_guess for flight in self._flying)

    def find(self, spot: Spot, epoch: str) -> tuple[Flight, str] | None:
        """The stream that agrees with what stands at a spot and has said most, and what was typed since."""
        best: tuple[Flight, str] | None = None
        for flight in self._flying:
            typed = typed_since(flight.spot, spot) if flight.epoch == epoch else None
            agrees = typed is not None and flight.rest(typed) is not None
            if agrees and typed is not None and (best is None or len(flight.text) > len(best[0].text)):
                best = flight, typed
        return best

    def settle_for(self, spot: Spot, kept: Flight | None, *, one_at_a_time: bool) -> None:
        """The user is at `spot`: close the streams that no longer agree with it, all but `kept`."""
        for flight in list(self._flying):
            if flight is kept or (flight.is_guess and _leads_to(spot, flight)):
                self._stay(flight)
            elif flight.spot.uri == spot.uri or (one_at_a_time and not flight.waiting):
                self.close(flight)

    def expect(self, flight: Flight) -> None:
        """A request that joins this stream will come in a moment: until then it goes on, and no longer."""
        self._stay(flight)
        flight.expected_until = asyncio.get_running_loop().time() + EXPECTED_S
        if not flight.waiting:
            self._leave(flight)

    def start(
        self,
        spot: Spot,
        epoch: str,
        route: ModelRoute,
        request: Callable[[int], Awaitable[ModelRequest]],
        tokens: int,
        plain: Callable[[str], str],
        is_enough: Callable[[str], bool],
        *,
        is_guess: bool = False,
    ) -> Flight:
        """Ask the model. `request` makes the request for so many tokens, `plain` takes an answer out of what it
        is wrapped in, `is_enough` ends the reading."""
        idle = [each for each in self._flying if not each.waiting]
        for each in idle[: max(0, len(self._flying) + 1 - (1 if route.one_at_a_time else MOST))]:
            self.close(each)
        flight = Flight(spot, epoch, is_guess=is_guess)
        self._flying.append(flight)
        flight.task = asyncio.get_running_loop().create_task(
            self._fly(flight, route, request, tokens, plain, is_enough), name="model stream"
        )
        return flight

    async def _fly(
        self,
        flight: Flight,
        route: ModelRoute,
        request: Callable[[int], Awaitable[ModelRequest]],
        tokens: int,
        plain: Callable[[str], str],
        is_enough: Callable[[str], bool],
    ) -> None:
        route.started()
        try:
            try:
                await self._read(flight, route, await request(tokens), plain, is_enough)
            except PromptTooLong as error:
                smaller = min(error.limit_tokens or tokens, tokens // 2)
                await self._read(flight, route, await request(smaller), plain, is_enough)
        except PromptWithheld as error:
            flight.error = error
            route.abandoned()
        except ModelError as error:
            flight.error = error
            route.failed(error)
        except BaseException:
            route.abandoned()
            raise
        finally:
            self._landed(flight)

    async def _read(
        self,
        flight: Flight,
        route: ModelRoute,
        request: ModelRequest,
        plain: Callable[[str], str],
        is_enough: Callable[[str], bool],
    ) -> None:
        raw, usage = "", None
        async with contextlib.aclosing(route.model.stream(request)) as stream:
            async for chunk in stream:
                usage = chunk.usage or usage
                if chunk.text and not flight.is_over:
                    raw += chunk.text
                    flight.feed(plain(raw))
                if chunk.finish is None and "\n" in chunk.text and is_enough(raw):
                    if "\n" not in flight.text.lstrip("\n"):
                        flight.feed(flight.text + "\n")  # what was decided ends a line: it is no half of one
                    self._is_said(flight, raw)
                    break
                if chunk.finish is not None:
                    flight.is_whole = chunk.finish == "stop"
                    self._is_said(flight, raw)  # whoever waits need not wait for the end of the connection
        route.succeeded(request, usage, flight.first_s)

    def _is_said(self, flight: Flight, raw: str) -> None:
        """All of the answer is there."""
        if not flight.is_over and not flight.text.strip() and raw.strip():
            flight.feed(raw)  # all of it was wrapping: cleaning says of what kind
        if flight.text.strip():
            flight.line_s = flight.line_s or flight.age_s
        flight.end()

    def _landed(self, flight: Flight) -> None:
        """The stream is over, one way or another."""
        if flight in self._flying:
            self._flying.remove(flight)
        flight.end()
        self._tell_landed(flight)

    @contextlib.contextmanager
    def joined(self, flight: Flight) -> Iterator[None]:
        """While a request waits for a stream, it goes on."""
        self._stay(flight)
        flight.waiting += 1
        try:
            yield
        except asyncio.CancelledError:
            if flight.waiting == 1 and not flight.is_over:
                self._leave(flight)
            raise
        finally:
            flight.waiting -= 1

    def _leave(self, flight: Flight) -> None:
        """Nobody waits for a stream any more."""
        loop = asyncio.get_running_loop()
        if flight.leaving is not None:
            flight.leaving.cancel()
        flight.leaving = loop.call_at(max(loop.time() + GRACE_S, flight.expected_until), self.close, flight)

    def _stay(self, flight: Flight) -> None:
        flight.expected_until = 0.0
        if flight.leaving is not None:
            flight.leaving.cancel()
            flight.leaving = None

    def close(self, flight: Flight) -> None:
        """Stop a stream; its socket is closed. What it said so far is kept."""
        self._stay(flight)
        if flight in self._flying:
            self._flying.remove(flight)
        flight.end()
        if flight.task is not None:
            flight.task.cancel()

    def forget(self, uri: str) -> None:
        """A document was closed, or opened anew."""
        for flight in list(self._flying):
            if flight.spot.uri == uri:
                self.close(flight)

    async def aclose(self) -> None:
        """Stop everything."""
        tasks = [flight.task for flight in self._flying if flight.task is not None]
        for flight in list(self._flying):
            self.close(flight)
        await asyncio.gather(*tasks, return_exceptions=True)


def _leads_to(spot: Spot, guess: Flight) -> bool:
    """Whether somebody at `spot` may still come to where the guess was asked for."""
    return typed_since(spot, guess.spot) is not None
