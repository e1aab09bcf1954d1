"""One inline completion, from a query to a suggestion or a reason for silence, read from top to bottom."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from functools import partial

from ai_lsp.completion import speculation
from ai_lsp.completion.cache import typed_through
from ai_lsp.completion.clean import Limits, clean, is_decided, unwrap
from ai_lsp.completion.gate import decide
from ai_lsp.completion.in_flight import Flight
from ai_lsp.completion.prompt import build, is_single_line
from ai_lsp.completion.query import Declined, Due, Query, Reason, Suggestion
from ai_lsp.completion.reuse import Spot, spot_of
from ai_lsp.completion.reuse_state import Reuse, steady
from ai_lsp.completion.unfinished import FRESH, JOINED, RESTING, Patience, ended, has_line, presentable
from ai_lsp.completion.world import ModelRoute, World
from ai_lsp.errors import PromptWithheld
from ai_lsp.models.port import ModelRequest
from ai_lsp.text.edit import rebase_insertion

SURE = 0.8
"""How sure the embedded predictor must be to speak before a model."""

WORTH_CHARS = 12
"""A shorter one would keep the model's from somebody who has stopped to read, as editors ask at keys only."""

SLOW_S = 0.2
"""A model that takes longer for its first line is not waited for by what the predictor has, however short."""

SURE_S = 0.03
"""How long it may take for that."""

_PREDICTOR_MAY = (Reason.MODEL_FAILED, Reason.WITHHELD)
"""Why the model gave nothing where the embedded predictor, which sends nothing, is asked instead."""

ALTERNATIVES = 3
"""Suggestions offered at most where they are asked for by hand."""


PAUSE_S = 0.12
"""An editor that asks so long after a key waits for a pause by itself: the next key is not near."""


async def complete(query: Query, world: World) -> Suggestion | Declined:
    """The suggestion for a query, true of the document at the moment of the answer, or why there is none."""
    if world.moment.ask_scope is not None:
        world = replace(world, moment=replace(world.moment, scope=await world.moment.ask_scope(), ask_scope=None))
    refused = decide(query, world.settings, is_off=world.is_off, is_ignored=world.is_ignored, moment=world.moment)
    if refused is not None:
        return refused
    later = None if world.shown is None else world.edits_since(world.shown.snapshot)
    on_screen = typed_through(query, world.shown, later)
    if world.due is not None:
        answer: Suggestion | Declined = _due(query, world.due, on_screen)
    elif world.route is None:
        answer = await _from_predictor(query, world, on_screen)
    elif world.reuse is not None:
        answer = await _Asking(query, world, world.route, world.reuse).answer(on_screen)
    else:
        passing = Reuse()
        try:
            answer = await _Asking(query, world, world.route, passing).answer(on_screen)
        finally:
            await passing.aclose()
    if isinstance(answer, Declined) and answer.reason in _PREDICTOR_MAY:
        fallback = await _ask_predictor(query, world, world.settings.least_confidence)
        answer = answer if isinstance(fallback, Declined) else fallback
    return answer if isinstance(answer, Declined) else _with_menu(_true_now(answer, world), query)


async def alternatives(query: Query, world: World, first: Suggestion) -> list[Suggestion]:
    """What else may be offered beside `first` to somebody who asks by hand, as far as it costs nothing: earlier
    answers of the model that begin here, and what the embedded predictor says."""
    found: list[Suggestion | Declined] = []
    if world.route is not None and world.reuse is not None:
        asking = _Asking(query, world, world.route, world.reuse)
        found += [asking.made(text) for text in world.reuse.answers.all(spot_of(query), asking.epoch)]
    if first.origin != "local":
        found.append(await _ask_predictor(query, world, world.settings.least_confidence, SURE_S))
    out: list[Suggestion] = [first]
    for each in found:
        each = each if isinstance(each, Declined) else _true_now(each, world)
        if isinstance(each, Suggestion) and not any(
            one.text.startswith(each.text) or each.text.startswith(one.text) for one in out
        ):
            out.append(each)
    return out[1:ALTERNATIVES]


def anticipate(query: Query, world: World) -> None:
    """A key has come, and the editor will ask about it in a moment: what it will wait for begins now."""
    if world.route is None or world.reuse is None or world.due is not None or world.moment.ask_scope is not None:
        return
    if (
        decide(query, world.settings, is_off=world.is_off, is_ignored=world.is_ignored, moment=world.moment)
        is None
    ):
        later = None if world.shown is None else world.edits_since(world.shown.snapshot)
        _Asking(query, world, world.route, world.reuse).begin(typed_through(query, world.shown, later))


def _due(query: Query, due: Due, on_screen: Suggestion | None) -> Suggestion:
    """The next edit, which waits for just this cursor: known before, and surer than what merely goes on here."""
    known = on_screen is not None and on_screen.text == due.text
    id = on_screen.id if on_screen is not None and known else due.id
    why = f"the next edit: {due.why}"
    return Suggestion(id, query.snapshot, query.offset, due.text, due.origin, due.confidence, 0, why)


# The embedded predictor -------------------------------------------------------------------------------------


async def _from_predictor(query: Query, world: World, on_screen: Suggestion | None) -> Suggestion | Declined:
    """What is on the screen stays there; the predictor, which costs nothing, may only make it longer."""
    found = await _ask_predictor(query, world, world.settings.least_confidence)
    if on_screen is None:
        return found
    if isinstance(found, Declined) or not found.text.startswith(on_screen.text):
        return on_screen
    return on_screen if isinstance(_true_now(found, world), Declined) else found


async def _ask_predictor(
    query: Query, world: World, least: float, timeout_s: float = 0.2
) -> Suggestion | Declined:
    if world.predictor is None:
        return Declined(Reason.NOT_SURE, "the embedded predictor is not running")
    line, column = query.snapshot.line_and_column_at(query.offset)
    most = 1 if is_single_line(query, world.settings) else world.settings.max_lines
    found = await world.predictor.predict(
        query.snapshot.uri, line, column, min_confidence=least, max_lines=most, timeout_s=timeout_s
    )
    if found is None or not found.text.strip():
        return Declined(Reason.NOT_SURE)
    cleaned = clean(found.text, query, Limits(world.settings.max_lines, most == 1, True, world.moment.removed))
    if isinstance(cleaned, Declined):
        return cleaned
    text, covers = cleaned
    return Suggestion(
        world.new_id(), query.snapshot, query.offset, text, "local", found.confidence, covers, found.why
    )


# The model --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Asking:
    """One query put to a model, or to what it has said already. Frozen: a bundle of what every step needs."""

    query: Query
    world: World
    route: ModelRoute
    reuse: Reuse

    def _seen(self, spot: Spot) -> tuple[Flight | None, str, Suggestion | Declined | None]:
        """The stream that agrees with the spot, what was typed since it was asked for, and what is known."""
        flights = self.reuse.flights
        self.reuse.unplan()
        flight, typed = flights.find(spot, self.epoch) or (None, "")
        flights.settle_for(spot, flight, one_at_a_time=self.route.one_at_a_time)
        return flight, typed, self._known(spot, flight, typed)

    def begin(self, on_screen: Suggestion | None) -> None:
        """Have on its way what a request in a moment will need."""
        spot = spot_of(self.query)
        flight, _, known = self._seen(spot)
        is_idle = flight is None and known is None and on_screen is None
        if is_idle and not self.world.moment.is_correction and not self._debounce_s():
            flight = self._start(self.query, spot)
        if flight is not None and not flight.is_over:
            self.reuse.flights.expect(flight)

    async def answer(self, on_screen: Suggestion | None) -> Suggestion | Declined:
        """What is known, at once; else what a stream on its way says; else what the model is asked now."""
        query, reuse, spot = self.query, self.reuse, spot_of(self.query)
        now = asyncio.get_running_loop().time()
        is_resting = reuse.rhythm.rested_s(now) > PAUSE_S
        reuse.asks(now)
        flight, typed, known = self._seen(spot)
        if isinstance(known, Declined) and on_screen is None and not query.is_invoked:
            return known
        best = self._steady(on_screen, known)
        if best is not None and not (is_resting and flight is not None and not has_line(best.text)):
            self._look_ahead(best, known)
            return best
        if flight is not None:
            answer = await self._wait(flight, typed, RESTING if is_resting else JOINED)
            if answer is not None or best is not None:
                return self._steady(best, answer) or answer or Declined(Reason.OUTDATED)
        return await self._ask_anew(spot)

    @property
    def epoch(self) -> str:
        """Answers of other settings are none of this model's."""
        settings = self.world.settings
        return f"{self.route.epoch}/{settings.max_tokens}/{settings.max_lines}"

    @property
    def limits(self) -> Limits:
        """How much may be shown."""
        world = self.world
        return Limits(
            world.settings.max_lines, is_single_line(self.query, world.settings), removed=world.moment.removed
        )

    def _known(self, spot: Spot, flight: Flight | None, typed: str) -> Suggestion | Declined | None:
        """What streams and earlier answers say here, as far as it can be shown; a reason where they said that
        there is nothing; None where they know nothing."""
        cached = self.reuse.answers.find(spot, self.epoch)
        rest = flight.rest(typed) if flight is not None else None
        if rest is not None and (cached is None or len(rest.text) > len(cached[1].text)):
            text = presentable(rest.text)
            made = self.made(text) if text else None
            return None if isinstance(made, Declined) else made
        return None if cached is None else self.made(ended(cached[1].text, is_whole=cached[0].is_whole))

    def _steady(self, on_screen: Suggestion | None, new: Suggestion | Declined | None) -> Suggestion | None:
        """What stands on the screen is only made longer, unless the user has stopped to read."""
        if not isinstance(new, Suggestion):
            return on_screen
        if on_screen is None or self.reuse.rhythm.has_paused(asyncio.get_running_loop().time()):
            return new
        if new.text.startswith(on_screen.text) and new.covers >= on_screen.covers:
            return replace(new, id=on_screen.id)
        return on_screen

    async def _ask_anew(self, spot: Spot) -> Suggestion | Declined:
        """Wait for the typing where that spares the model, ask it, and let the predictor speak first where it is
        sure: the model's answer then waits for the next key. A typo being mended asks for nothing new."""
        if self.world.moment.is_correction and not self.query.is_invoked:
            return Declined(Reason.CORRECTING)
        wait = self._debounce_s()
        if wait > 0 and not self.query.is_invoked:
            await asyncio.sleep(wait)
        flight = self._start(self.query, spot)
        if not self.query.is_invoked:
            with self.reuse.flights.joined(flight):
                await asyncio.sleep(0)  # the request to the model goes out first
                least = max(SURE, self.world.settings.least_confidence)
                quick = await _ask_predictor(self.query, self.world, least, SURE_S)
            is_slow = (self.reuse.rhythm.answers_s or 0.0) > SLOW_S
            if isinstance(quick, Suggestion) and (is_slow or len(quick.text) >= WORTH_CHARS):
                return quick
        return await self._wait(flight, "", FRESH) or Declined(Reason.OUTDATED)

    def _debounce_s(self) -> float:
        return self.reuse.debounce_s(asyncio.get_running_loop().time(), self.world.debounce_s)

    def _start(self, query: Query, spot: Spot, *, is_guess: bool = False) -> Flight:
        """Ask the model at `query`, which is the world's own or what may come of it."""
        world, route, reuse = self.world, self.route, self.reuse
        asked = reuse.asked(query, route.context_tokens, route.swift_tokens)

        async def request(tokens: int) -> ModelRequest:
            around = world.around() if world.around is not None else None
            if around is not None and route.one_at_a_time:
                around = steady(around, asked.around)
            made = build(
                query,
                world.settings,
                context_tokens=tokens,
                count=route.count,
                repo=world.repo,
                around=around,
                memory=world.memory,
                typed_lines=asked.typed_lines,
            )
            if not is_guess:
                reuse.remember(replace(asked, tokens=tokens, around=around))
                if world.built is not None:
                    world.built(made)
            return made.request

        far = replace(self.limits, max_lines=2 * world.settings.max_lines)  # future lines
        plain, is_enough = partial(unwrap, query=query, limits=far), partial(is_decided, query=query, limits=far)
        return reuse.flights.start(
            spot, self.epoch, route, request, asked.tokens, plain, is_enough, is_guess=is_guess
        )

    async def _wait(self, flight: Flight, typed: str, patience: Patience) -> Suggestion | Declined | None:
        """What a stream says behind `typed`, as soon as it may be shown; None where it says something else, or
        no more than has been typed."""
        with self.reuse.flights.joined(flight):
            while (rest := flight.rest(typed)) is not None:
                if flight.error is not None:
                    withheld = isinstance(flight.error, PromptWithheld)
                    return Declined(Reason.WITHHELD if withheld else Reason.MODEL_FAILED, str(flight.error))
                if flight.is_over:
                    if typed and not rest.text.strip():
                        return None
                    return self.made(ended(rest.text, is_whole=flight.is_whole))
                waited = flight.age_s - (flight.first_s or flight.age_s)
                if has_line(rest.text) and is_decided(rest.text, self.query, self.limits):
                    return self.made(rest.text)
                due = patience.lines_s if has_line(rest.text) else patience.words_s
                text = presentable(rest.text) if waited >= due and not self.query.is_invoked else ""
                if text and isinstance(made := self.made(text), Suggestion):
                    return made
                await flight.news(due - waited if waited < due else None)
        return None

    def made(self, raw: str) -> Suggestion | Declined:
        """The text worth showing of the rest of an answer."""
        query = self.query
        cleaned = clean(raw, query, self.limits)
        if isinstance(cleaned, Declined):
            return cleaned
        text, covers = cleaned
        name = self.route.model.name
        return Suggestion(self.world.new_id(), query.snapshot, query.offset, text, "model", 0.0, covers, name)

    def _look_ahead(self, shown: Suggestion, known: Suggestion | Declined | None) -> None:
        """Where nothing is known of what follows `shown`, ask for it before it is needed."""
        if shown.origin == "local" and not isinstance(known, Suggestion):
            ahead, wait = self.query, 0.0  # the predictor spoke first, and the model has been contradicted since
        else:
            ahead = speculation.after(self.query, shown)
            found = speculation.wait_s(shown, is_paid=not self.route.one_at_a_time)
            if found is None:
                return
            wait = found
        spot = spot_of(ahead)

        def ask() -> None:
            flights = self.reuse.flights
            if self.reuse.answers.find(spot, self.epoch) or flights.find(spot, self.epoch) or flights.are_busy:
                return
            if decide(ahead, self.world.settings, is_off=False, is_ignored=False) is None:
                self._start(ahead, spot, is_guess=True)

        if wait:
            self.reuse.plan(wait, ask)
        else:
            ask()


# The end ----------------------------------------------------------------------------------------------------


def _true_now(suggestion: Suggestion, world: World) -> Suggestion | Declined:
    """The suggestion only where the text is still the one it was made for.

    The answer's range must fit the position the editor asked about, so an answer that the user has typed
    into meanwhile is left to the newer request, which finds it in the cache.
    """
    later = world.edits_since(suggestion.snapshot)
    if later is None:
        return Declined(Reason.OUTDATED)
    moved = rebase_insertion(suggestion.offset, suggestion.text, later)
    if moved is None or (moved[0], moved[1]) != (suggestion.offset, suggestion.text):
        return Declined(Reason.OUTDATED)
    return suggestion


def _with_menu(suggestion: Suggestion | Declined, query: Query) -> Suggestion | Declined:
    """With an item chosen in the editor's menu, only a suggestion that extends that item may show."""
    if isinstance(suggestion, Declined) or query.menu is None:
        return suggestion
    typed = query.snapshot.slice(query.menu.span.start, query.offset)
    if (typed + suggestion.text).startswith(query.menu.text) and query.menu.span.end <= query.offset:
        return suggestion
    return Declined(Reason.MENU_DISAGREES)
