"""One instruction, from the first request to exact edits: stream, place each part for sure, ask again, or say no.

Read top to bottom: `instruct` asks at most three times. While a reply streams, each part that is complete and has
its one place is reported at once. What was placed stays placed; only what was refused is asked for again.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from ai_lsp.context.counts import Count
from ai_lsp.edits.formats import FORMATS
from ai_lsp.edits.instruct_prompt import Asked, again, complaint
from ai_lsp.edits.instruct_recording import InstructInputs, InstructPrompt
from ai_lsp.edits.instruct_reply import Draft, is_plain, read
from ai_lsp.edits.instruct_settings import AUTO, EditSettings
from ai_lsp.edits.instruct_values import (
    RETRIED,
    Alternatives,
    Edited,
    Failure,
    Outcome,
    Placed,
    Source,
    Task,
    Why,
)
from ai_lsp.edits.placing import Draw, Unplaced, place
from ai_lsp.edits.proposal import Proposal
from ai_lsp.edits.reply_profiles import profile_of
from ai_lsp.errors import ModelError, PromptTooLong, PromptWithheld
from ai_lsp.models.port import Chunk, ModelRequest, Usage

RETRIES = 2


class Streaming(Protocol):
    """What is asked of a model."""

    def stream(self, request: ModelRequest) -> AsyncGenerator[Chunk, None]: ...


class EditRoute(Protocol):
    """A model with its breaker and token count, as lsp.model_routes.WatchedModel is one."""

    @property
    def model(self) -> Streaming: ...
    @property
    def context_tokens(self) -> int: ...
    @property
    def count(self) -> Count: ...
    def started(self) -> None: ...
    def succeeded(self, request: ModelRequest, usage: Usage | None) -> None: ...
    def failed(self, error: ModelError, *, is_told: bool = False) -> None: ...
    def abandoned(self) -> None: ...


Open = Callable[[str], Awaitable[Source | Failure]]
"""The file that a reply names by a path, or why it may not be changed."""


Check = Callable[[Edited], Awaitable[str]]
"""What an edit breaks, in a sentence, as far as the project's checkers know; "" where they know of nothing."""


@dataclass(frozen=True, slots=True)
class World:
    """What an instruction may look at and tell. `model_name` is the server's, for the profile table.

    `placed` hears of every edit as soon as it is certain, `tell` of what is going on, `asked` of a first prompt
    and what it was made of. What `check` finds wrong with a whole edit goes back to the model once.
    """

    route: EditRoute
    model_name: str
    settings: EditSettings
    open: Open
    placed: Callable[[Placed], None] = lambda placed: None
    tell: Callable[[str], None] = lambda text: None
    check: Check | None = None
    asked: Callable[[InstructPrompt], None] | None = None


@dataclass(slots=True)
class _Course:
    """What has come so far: the edits that are placed, the parts of the reply that were seen."""

    draw: Draw
    seen: int = 0


async def instruct(task: Task, world: World) -> Outcome:
    """Carry out an instruction. Changes nothing; raises only CancelledError.

    A question or alternatives are handed back for the user to answer, where the settings let a model ask.
    """
    may_ask = not task.answers and (world.settings.questions or world.settings.candidates > 1)
    asked = await _first(task, world, may_ask, world.route.context_tokens)
    course = _Course(Draw(task.source, world.placed))
    breaking: Edited | None = None
    for attempt in range(1 + RETRIES):
        if isinstance(asked, Failure):
            return asked
        if attempt:
            world.tell(f"asking again ({attempt} of {RETRIES})")
        reply = await _ask(task, world, asked, course)
        if isinstance(reply, _TooLong):
            asked = await _first(task, world, may_ask, reply.tokens)
            reply = await _ask(task, world, asked, course) if isinstance(asked, Asked) else asked
        if isinstance(reply, _TooLong):
            return Failure(Why.MODEL_FAILED, "The prompt is too long for it.")
        if isinstance(reply, Failure) or isinstance(asked, Failure):
            return reply if isinstance(reply, Failure) else Failure(Why.NO_EDIT)
        outcome = await _judge(reply, task, world, asked, course, may_ask=may_ask and attempt == 0)
        if isinstance(outcome, Edited) and world.check is not None:
            wrong = await world.check(outcome)
            if not wrong:
                return outcome
            if breaking is not None or attempt == RETRIES:
                return with_warning(outcome, wrong)
            breaking = with_warning(outcome, wrong)
            # It is written anew, as a whole; what was reported of the first one stays reported.
            asked = again(asked, reply, complaint(f"the edit {wrong}.", "", 0, asked.format))
            course = _Course(Draw(task.source))
            continue
        if not isinstance(outcome, _Unusable):
            return outcome
        if outcome.failure.why not in RETRIED or attempt == RETRIES:
            return breaking or outcome.failure
        asked = again(asked, reply, outcome.complaint)
    raise AssertionError("the last attempt returns")


def with_warning(edited: Edited, wrong: str) -> Edited:
    """The edit with a note at its first place, which the user sees before they confirm it."""
    first, *others = edited.files
    notes = tuple(first.note(index) for index in range(len(first.edits))) or ("",)
    note = f"{notes[0]} {wrong}".strip()
    return replace(edited, files=(replace(first, notes=(note, *notes[1:])), *others), warning=wrong)


@dataclass(frozen=True, slots=True)
class _TooLong:
    """The server says that the prompt is too long; `tokens` is what it may hold."""

    tokens: int


@dataclass(frozen=True, slots=True)
class _Unusable:
    """A reply of which nothing more can be made: what the user is told, and what the model is."""

    failure: Failure
    complaint: str


async def _first(task: Task, world: World, may_ask: bool, context_tokens: int) -> Asked | Failure:
    settings, profile = world.settings, profile_of(world.model_name)
    format = profile.format if settings.format == AUTO else settings.format
    if settings.format == AUTO and task.source.snapshot.line_count <= profile.whole_file_lines:
        format = "whole_file"
    route = world.route

    def make(format: str) -> tuple[InstructInputs, Asked | Failure]:
        inputs = InstructInputs(task, settings, format, context_tokens, route.count, may_ask)
        return inputs, inputs.build()

    inputs, asked = await asyncio.to_thread(make, format)
    if isinstance(asked, Asked) and format == "whole_file" and not asked.shows_whole_file:
        inputs, asked = await asyncio.to_thread(make, "search_replace")
    if isinstance(asked, Asked) and world.asked is not None:
        world.asked(InstructPrompt(inputs, asked))
    return asked


async def _ask(task: Task, world: World, asked: Asked, course: _Course) -> str | Failure | _TooLong:
    """One reply, whole; its parts are placed as they come."""
    route, reply, usage, finish = world.route, "", None, None
    course.seen = 0
    route.started()
    try:
        async with contextlib.aclosing(route.model.stream(asked.request)) as stream:
            async for chunk in stream:
                reply += chunk.text
                usage, finish = chunk.usage or usage, chunk.finish or finish
                if "\n" in chunk.text:
                    await _place_closed(reply, asked, world, course)
    except PromptTooLong as error:
        route.abandoned()
        return _TooLong(min(error.limit_tokens or route.context_tokens, route.context_tokens // 2))
    except PromptWithheld as error:
        route.abandoned()
        return Failure(Why.WITHHELD, str(error))
    except ModelError as error:
        route.failed(error, is_told=True)
        return Failure(Why.MODEL_FAILED, f"{error}".rstrip(".") + ".")
    except BaseException:
        route.abandoned()
        raise
    route.succeeded(asked.request, usage)
    if finish == "length":
        return Failure(Why.TRUNCATED, f"It may have {asked.request.max_tokens} tokens: see edit.max_tokens.")
    if finish == "timeout":
        return Failure(Why.TRUNCATED, "The time was up: see timeout_s of the model.")
    return reply


async def _place_closed(reply: str, asked: Asked, world: World, course: _Course) -> None:
    """Place the parts that have been completed since the last time."""
    if not is_plain(reply):
        return
    closed = FORMATS[asked.format].closed_hunks(reply)
    for proposal in closed[course.seen :]:
        source = await _source(proposal, world, course.draw)
        if isinstance(source, Source) and proposal.hunks:
            await place(course.draw, source, proposal)
    if len(closed) > course.seen:
        course.seen = len(closed)
        world.tell(f"{course.seen} edit{'s' if course.seen > 1 else ''} so far")


async def _source(proposal: Proposal, world: World, draw: Draw) -> Source | Failure:
    """The file of a proposal; the one that was asked about where it names none."""
    if draw.is_main(proposal.path):
        return draw.main
    return await world.open(proposal.path)


async def _judge(
    reply: str, task: Task, world: World, asked: Asked, course: _Course, *, may_ask: bool
) -> Outcome | _Unusable:
    settings = world.settings
    found = read(
        reply,
        asked.format,
        task.instruction,
        may_ask=may_ask and settings.questions,
        most_candidates=settings.candidates if may_ask else 1,
    )
    if isinstance(found, Failure):
        return _Unusable(found, complaint(found.sentence, "", course.draw.count, asked.format))
    if isinstance(found, tuple):
        return await _alternatives(found, task, world)
    if not isinstance(found, Draft):
        return found
    edited = await _settle(found, task, world, course.draw, asked)
    return edited


async def _alternatives(drafts: Sequence[Draft], task: Task, world: World) -> Outcome | _Unusable:
    """The alternatives that can be placed; one alone is a plain edit."""
    out, failures = [], []
    for draft in drafts:
        settled = await _settle(draft, task, world, Draw(task.source), None)
        if isinstance(settled, Edited):
            out.append(replace(settled, title=draft.title))
        elif isinstance(settled, _Unusable):
            failures.append(settled)
    if not out:
        return failures[0]
    return Alternatives(tuple(out)) if len(out) > 1 else out[0]


async def _settle(draft: Draft, task: Task, world: World, draw: Draw, asked: Asked | None) -> Edited | _Unusable:
    """All proposals of a finished reply placed, or the first that cannot be."""
    format = asked.format if asked is not None else "search_replace"
    unplaced: Unplaced | None = None
    for proposal in draft.proposals:
        if proposal.is_truncated:
            return _Unusable(Failure(Why.TRUNCATED), "")
        source = await _source(proposal, world, draw)
        if isinstance(source, Failure):
            return _Unusable(source, complaint(source.sentence, "", draw.count, format))
        refused = await place(
            draw, source, replace(proposal, mentions=f"{proposal.mentions}\n{task.instruction}")
        )
        unplaced = unplaced or refused
    if unplaced is not None:
        failure = Failure(unplaced.why, unplaced.sentence)
        return _Unusable(failure, complaint(unplaced.sentence, unplaced.nearest, draw.count, format))
    files = draw.files(task.span)
    if not files:
        failure = Failure(Why.NOTHING_NEW)
        return _Unusable(failure, complaint(failure.sentence, "", 0, format))
    return Edited(files)
