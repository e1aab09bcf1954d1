"""What the core makes of proposals: visited places, edits that become sure there. The engine is a script."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ai_lsp.edits.local.proposal import Proposal as Found
from ai_lsp.edits.next_edit import NextWorld, next_edit
from ai_lsp.edits.next_settings import NextEditSettings
from ai_lsp.edits.next_values import NextDeclined, NextQuery, NextReason, Offer, Proposal
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Edit, Span

URI = "file:///p/shop.py"
LINES = ("def new(a):", "    return a", "", "x = old(1)", "y = old(2)", "z = 3")
DOCUMENT = DocumentSnapshot(URI, 3, "python", "\n".join(LINES) + "\n")


@dataclass(frozen=True)
class Script:
    """An engine that always proposes the same."""

    found: tuple[Found, ...]

    async def suggest(
        self, uri: str, line: int, col: int, *, max: int, min_confidence: float, timeout_s: float
    ) -> Sequence[Found]:
        return [f for f in self.found if f.confidence >= (0.7 if f.kind == "jump" else min_confidence)][:max]


def edit(line: int, confidence: float) -> Found:
    old, why = LINES[line], "you renamed old to new"
    new = old.replace("old", "new")
    return Found(URI, line, 0, line, len(old), new, old, confidence, "edit", why)


def jump(line: int, confidence: float = 0.8) -> Found:
    old, why = LINES[line], "old is used here"
    return Found(URI, line, 0, line, len(old), old, old, confidence, "jump", why)


def world(*found: Found) -> NextWorld:
    ids = itertools.count(1)
    return NextWorld(
        settings=NextEditSettings(),
        is_off=False,
        is_ignored=False,
        engine=Script(found),
        model=None,
        target=_none,
        edits_since=lambda snapshot: (),
        current=lambda uri: DOCUMENT,
        new_id=lambda: str(next(ids)),
    )


async def _none(uri: str) -> None:
    return None


async def ask(line: int, world: NextWorld) -> tuple[Offer, ...] | NextDeclined:
    return await next_edit(NextQuery(DOCUMENT, DOCUMENT.line_span(line).start), world)


async def only(line: int, world: NextWorld) -> Proposal:
    answer = await ask(line, world)
    assert not isinstance(answer, NextDeclined), answer
    assert len(answer) == 1
    return answer[0].proposal


async def test_a_place_that_one_was_led_to_is_not_offered_again() -> None:
    asked = world(jump(3), jump(4))
    first = await ask(0, asked)
    assert not isinstance(first, NextDeclined)
    lines = [each.proposal.line for each in first]
    assert lines == [3, 4]
    visited = replace(asked, visited=[each.proposal for each in first[:1]])
    assert (await only(0, visited)).line == 4
    visited = replace(asked, visited=[each.proposal for each in first])
    assert await ask(0, visited) == NextDeclined(NextReason.VISITED)


async def test_where_the_place_is_known_only_the_text_can_be_wrong() -> None:
    """The engine is not sure of the edit, but of its place; once there, the edit is offered."""
    asked = world(jump(3), edit(3, 0.45), edit(4, 0.45))
    led = await only(0, asked)
    assert led.kind == "jump"
    there = replace(asked, visited=[led])
    found = await only(3, there)
    assert (found.kind, found.line, found.edit.new_text) == ("edit", 3, "new")
    assert found.confidence == 0.45 / 0.8
    assert await ask(0, there) == NextDeclined(NextReason.VISITED)


async def test_an_unlikely_text_is_not_offered_even_there() -> None:
    asked = world(jump(3), edit(3, 0.3))
    led = await only(0, asked)
    assert isinstance(await ask(3, replace(asked, visited=[led])), NextDeclined)


def by_model(line: int, new: str, group: str) -> Proposal:
    span = DOCUMENT.line_span(line)
    return Proposal(DOCUMENT, Edit(span, new), "edit", 0.6, "model", "the model 'm'", group)


async def test_changes_of_one_answer_are_judged_together_and_withheld_together() -> None:
    judged: list[list[int]] = []

    async def check(proposals: Sequence[Proposal], *, is_swift: bool = False) -> str:
        judged.append([each.line for each in proposals])
        return "introduces an error" if proposals[0].group == "bad" else ""

    bad = [by_model(3, "x = odd(1)", "bad"), by_model(4, "y = odd(2)", "bad")]
    good = [by_model(5, "z = 4", "good")]
    asked = replace(world(), ready=[*bad, *good], check=check)
    assert (await only(0, asked)).line == 5
    assert judged == [[3, 4], [5]]
    answer = await ask(0, replace(asked, ready=bad))
    assert answer == NextDeclined(NextReason.BREAKS, "introduces an error")


async def test_what_is_typed_while_it_is_checked_ends_it() -> None:
    later = [Edit(Span(DOCUMENT.line_span(5).start, DOCUMENT.line_span(5).end), "q")]
    since: list[Edit] = []

    async def check(proposals: Sequence[Proposal], *, is_swift: bool = False) -> str:
        since.extend(later)
        return ""

    now = DOCUMENT.replace(later[0], 4)
    asked = replace(world(), ready=[by_model(5, "z = 4", "good")], check=check, edits_since=lambda _: since)
    assert await ask(0, replace(asked, current=lambda _: now)) == NextDeclined(NextReason.CONTRADICTED)
