"""One inline completion, from a query to a suggestion or a reason for silence, read from top to bottom."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from ai_lsp.completion.cache import typed_through
from ai_lsp.completion.clean import Limits, clean, is_decided
from ai_lsp.completion.gate import decide
from ai_lsp.completion.prompt import Around, Built, Memory, build, is_single_line
from ai_lsp.completion.query import Declined, Query, Reason, Suggestion
from ai_lsp.completion.settings import CompletionSettings
from ai_lsp.context.counts import Count
from ai_lsp.errors import ModelError, PromptTooLong, PromptWithheld
from ai_lsp.models.port import Model, ModelRequest, Usage
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Edit, rebase_insertion

_PREDICTOR_MAY = (Reason.MODEL_FAILED, Reason.WITHHELD)
"""Why the model gave nothing where the embedded predictor, which sends nothing, is asked instead."""


class Prediction(Protocol):
    """What the embedded predictor answers; see completion/local/client.py."""

    @property
    def text(self) -> str: ...
    @property
    def confidence(self) -> float: ...
    @property
    def why(self) -> str: ...


class Predictor(Protocol):
    """The embedded predictor, seen from here: one question about an open document."""

    async def predict(
        self, uri: str, line: int, col: int, *, min_confidence: float, max_lines: int = 1, timeout_s: float = 0.2
    ) -> Prediction | None: ...


class ModelRoute(Protocol):
    """The model that the user chose for completion, and who wants to know how asking it went."""

    @property
    def model(self) -> Model: ...
    @property
    def context_tokens(self) -> int: ...
    @property
    def count(self) -> Count:
        """Tokens of a text, as the model counts them or nearly so."""

    def started(self) -> None:
        """A request goes out; one of the three below ends it."""

    def succeeded(self, request: ModelRequest, usage: Usage | None) -> None: ...
    def failed(self, error: ModelError) -> None: ...
    def abandoned(self) -> None: ...


@dataclass(frozen=True, slots=True)
class World:
    """What one completion may look at. `edits_since` gives the edits made to a document after a snapshot,
    or None where they are not known any more; `new_id` names a suggestion. `around` gives what is known of
    other places, which may take a moment, `memory` is that of the document's last prompt, and `built` is told of
    each new one."""

    settings: CompletionSettings
    is_off: bool
    is_ignored: bool
    shown: Suggestion | None
    predictor: Predictor | None
    route: ModelRoute | None
    edits_since: Callable[[DocumentSnapshot], Sequence[Edit] | None]
    new_id: Callable[[], str]
    debounce_s: float = 0.0
    repo: str = ""
    around: Callable[[], Awaitable[Around]] | None = None
    memory: Memory | None = None
    built: Callable[[Built], None] | None = None


async def complete(query: Query, world: World) -> Suggestion | Declined:
    """The suggestion for a query, true of the document at the moment of the answer, or why there is none."""
    if (declined := decide(query, world.settings, is_off=world.is_off, is_ignored=world.is_ignored)) is not None:
        return declined
    if (rest := typed_through(query, world.shown, _later(world, world.shown))) is not None:
        return _with_menu(rest if world.route else await _extended(rest, query, world), query)
    if world.route is not None:
        answer = await _ask_model(query, world, world.route)
        if isinstance(answer, Declined) and answer.reason in _PREDICTOR_MAY:
            fallback = await _ask_predictor(query, world)
            answer = answer if isinstance(fallback, Declined) else fallback
    else:
        answer = await _ask_predictor(query, world)
    if isinstance(answer, Declined):
        return answer
    return _with_menu(_true_now(answer, world), query)


async def _extended(rest: Suggestion, query: Query, world: World) -> Suggestion:
    """What is on the screen stays there; the predictor, which costs nothing, may only make it longer."""
    longer = await _ask_predictor(query, world)
    if isinstance(longer, Declined) or not longer.text.startswith(rest.text):
        return rest
    now = _true_now(longer, world)
    return rest if isinstance(now, Declined) else now


async def _ask_predictor(query: Query, world: World) -> Suggestion | Declined:
    if world.predictor is None:
        return Declined(Reason.NOT_SURE, "the embedded predictor is not running")
    line, column = query.snapshot.line_and_column_at(query.offset)
    most = 1 if is_single_line(query, world.settings) else world.settings.max_lines
    found = await world.predictor.predict(
        query.snapshot.uri, line, column, min_confidence=world.settings.min_confidence, max_lines=most
    )
    if found is None or not found.text.strip():
        return Declined(Reason.NOT_SURE)
    limits = Limits(world.settings.max_lines, most == 1, may_go_on=True)
    cleaned = clean(found.text, query, limits)
    if isinstance(cleaned, Declined):
        return cleaned
    text, covers = cleaned
    return Suggestion(
        world.new_id(), query.snapshot, query.offset, text, "local", found.confidence, covers, found.why
    )


async def _ask_model(query: Query, world: World, route: ModelRoute) -> Suggestion | Declined:
    if world.debounce_s > 0 and not query.is_invoked:
        await asyncio.sleep(world.debounce_s)
    limits = Limits(world.settings.max_lines, is_single_line(query, world.settings))
    tokens = route.context_tokens
    route.started()
    try:
        try:
            raw = await _read(query, world, route, tokens, limits)
        except PromptTooLong as error:
            smaller = min(error.limit_tokens or tokens, tokens // 2)
            raw = await _read(query, world, route, smaller, limits)
    except PromptWithheld as error:
        route.abandoned()
        return Declined(Reason.WITHHELD, str(error))
    except ModelError as error:
        route.failed(error)
        return Declined(Reason.MODEL_FAILED, str(error))
    except BaseException:
        route.abandoned()
        raise
    cleaned = clean(raw, query, limits)
    if isinstance(cleaned, Declined):
        return cleaned
    text, covers = cleaned
    return Suggestion(world.new_id(), query.snapshot, query.offset, text, "model", 0.0, covers, route.model.name)


async def _read(query: Query, world: World, route: ModelRoute, tokens: int, limits: Limits) -> str:
    """The raw answer, read until nothing more could change what is shown."""
    around = await world.around() if world.around is not None else None
    made = build(
        query,
        world.settings,
        context_tokens=tokens,
        count=route.count,
        repo=world.repo,
        around=around,
        memory=world.memory,
    )
    if world.built is not None:
        world.built(made)
    raw, usage = "", None
    async with contextlib.aclosing(route.model.stream(made.request)) as stream:
        async for chunk in stream:
            raw += chunk.text
            usage = chunk.usage or usage
            if is_decided(raw, query, limits):
                break
    route.succeeded(made.request, usage)
    return raw


def _later(world: World, shown: Suggestion | None) -> Sequence[Edit] | None:
    return None if shown is None else world.edits_since(shown.snapshot)


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
