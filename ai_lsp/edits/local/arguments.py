"""Calls within a line, and what was done to their arguments: added, taken away, exchanged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ai_lsp.edits.local.tokens import CLOSERS, OPENERS, Token, is_name, names, whole
from ai_lsp.edits.local.view import defined


@dataclass(frozen=True, slots=True)
class Call:
    """A name with its arguments in brackets, all in one line; `spans` are characters."""

    name: str
    start: int  # behind the opening bracket
    end: int  # before the closing one
    arguments: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class ArgumentChange:
    """What became of a call's arguments: `old` at `place` became `new`; one of both may be none ("").

    `from_end`: the place counts from the end (0: behind the last). `is_declared`: seen where the function is
    declared, not where it is called.
    """

    name: str
    place: int
    from_end: bool
    old: str
    new: str
    is_declared: bool


def calls(line: str) -> list[Call]:
    """The calls that open and close in a line, outer ones first."""
    found = whole(line)
    out = []
    for number in range(1, len(found)):
        if found[number].text == "(" and is_name(found[number - 1].text):
            call = _call(line, found, number)
            if call is not None:
                out.append(call)
    return out


def _call(line: str, found: Sequence[Token], opening: int) -> Call | None:
    depth = 0
    spans: list[tuple[int, int]] = []
    first = opening + 1
    for number in range(opening, len(found)):
        text = found[number].text
        depth += (text in OPENERS) - (text in CLOSERS)
        if (text == "," and depth == 1) or depth == 0:
            if first < number:
                spans.append((found[first].start, found[number - 1].end))
            first = number + 1
            if depth == 0:
                arguments = tuple(line[a:b] for a, b in spans)
                return Call(
                    found[opening - 1].text, found[opening].end, found[number].start, arguments, tuple(spans)
                )
    return None


def argument_changes(a: str, b: str) -> Iterator[ArgumentChange]:
    """What became of one argument of each call that stands in both versions of a line."""
    after = calls(b)
    declares = defined(a)
    for call in calls(a):
        others = [c for c in after if c.name == call.name]
        if len(others) != 1 or others[0].arguments == call.arguments:
            continue
        was, now = call.arguments, others[0].arguments
        head = 0
        while head < min(len(was), len(now)) and was[head] == now[head]:
            head += 1
        tail = 0
        while tail < min(len(was), len(now)) - head and was[-1 - tail] == now[-1 - tail]:
            tail += 1
        old, new = was[head : len(was) - tail], now[head : len(now) - tail]
        if len(old) <= 1 and len(new) <= 2:
            is_declared = call.name in declares and "(" in a
            from_end = tail == 0 and not old
            yield ArgumentChange(
                call.name, 0 if from_end else head, from_end, ", ".join(old), ", ".join(new), is_declared
            )


def as_passed(declared: str) -> str:
    """A parameter as a caller would pass it: its name, without type and default."""
    bare = declared.split("=")[0].strip()
    if ":" in bare:
        bare = bare.split(":")[0]
        return (names(bare) or [""])[-1]
    some = names(bare)
    return some[0] if some else ""


def apply(change: ArgumentChange, line: str) -> str | None:
    """The line with the change made to every call of that name; None where nothing is to be done."""
    edits: list[tuple[int, int, str]] = []
    new = as_passed(change.new) if change.is_declared else change.new
    for call in calls(line):
        if call.name != change.name or (new and new in call.arguments):
            continue
        count = len(call.arguments)
        if not change.old and new:
            place = count if change.from_end else change.place
            if place < count:
                edits.append((call.spans[place][0], call.spans[place][0], new + ", "))
            elif place == count:
                at = call.spans[-1][1] if count else call.start
                edits.append((at, at, f", {new}" if count else new))
        elif change.old and change.place < count and (call.arguments[change.place] == change.old or not new):
            start, end = call.spans[change.place]
            if not new and not change.is_declared and call.arguments[change.place] != change.old:
                continue
            if not new and change.place + 1 < count:
                end = call.spans[change.place + 1][0]
            elif not new and change.place:
                start = call.spans[change.place - 1][1]
            edits.append((start, end, new))
    out, done = [], 0
    for start, end, text in sorted(edits):
        if start < done:
            return None
        out += [line[done:start], text]
        done = end
    changed = "".join(out) + line[done:]
    return changed if edits and changed != line else None
