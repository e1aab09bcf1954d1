"""Whether an answer asked for at one spot holds at another: what of it was typed since, and what is left."""

from __future__ import annotations

from dataclasses import dataclass

from ai_lsp.completion.query import Query

ABOVE = 14
"""Lines above the cursor that must agree; an answer is followed over `DEEP` of them."""

DEEP = 10
LEAST_ABOVE = 3
"""Lines that both spots must share, unless the file begins there."""

BELOW = 3

_CLOSERS = frozenset(")]}>\"'`")
_OPENERS = frozenset("([{<\"'`")


@dataclass(frozen=True, slots=True)
class Spot:
    """The text around a cursor, as far as it decides whether an answer holds there. Line numbers do not count:
    what is edited elsewhere, or scrolled, changes nothing.

    `above` are the nearest lines, nearest last, without white space at their ends; `is_top` where they are all
    there are. `below` are the next lines that are not blank.
    """

    uri: str
    above: tuple[str, ...]
    is_top: bool
    left: str
    right: str
    below: tuple[str, ...]


def spot_of(query: Query) -> Spot:
    """The spot of a query's cursor."""
    snapshot, line = query.snapshot, query.line
    first = max(0, line - ABOVE)
    below: list[str] = []
    for number in range(line + 1, min(snapshot.line_count, line + 12)):
        if text := snapshot.line(number).strip():
            below.append(text)
            if len(below) == BELOW:
                break
    above = tuple(snapshot.line(number).rstrip() for number in range(first, line))
    return Spot(snapshot.uri, above, first == 0, query.left, query.right.rstrip(), tuple(below))


def typed_since(there: Spot, here: Spot) -> str | None:
    """What was typed from `there` to `here`; None where something else happened between them."""
    if there.uri != here.uri:
        return None
    for down in range(min(DEEP, len(here.above)) + 1):
        kept, lines = here.above[: len(here.above) - down], (*here.above[len(here.above) - down :], here.left)
        if lines[0].startswith(there.left.rstrip() if down else there.left) and _same_above(there, here, kept):
            typed = "\n".join((lines[0][len(there.left) :], *lines[1:]))
            return typed if _same_after(there, here, typed) else None
    return None


def _same_above(there: Spot, here: Spot, kept: tuple[str, ...]) -> bool:
    if there.is_top and here.is_top:
        return kept == there.above
    shared = min(len(kept), len(there.above))
    return shared >= LEAST_ABOVE and kept[-shared:] == there.above[-shared:]


def _same_after(there: Spot, here: Spot, typed: str) -> bool:
    """Whether the text behind the cursor is the same, but for closers that the editor put there by itself."""
    if here.right != there.right:
        shorter, longer = sorted((here.right, there.right), key=len)
        extra = longer.removesuffix(shorter)
        if not longer.endswith(shorter) or not _is_automatic(extra, typed, longer is here.right):
            return False
    if here.below[:2] == there.below[:2]:
        return True
    return bool(here.below) and set(here.below[0]) <= _CLOSERS | {";", ","} and here.below[1:] == there.below[:2]


def _is_automatic(extra: str, typed: str, has_come: bool) -> bool:
    """Closers that came with openers just typed, or went because they were typed over."""
    wanted = _OPENERS if has_come else _CLOSERS
    return set(extra) <= _CLOSERS and sum(char in wanted for char in typed) >= len(extra)


@dataclass(frozen=True, slots=True)
class Rest:
    """What is left of an answer. `is_ahead`: all there is so far has been typed, and nothing contradicts it."""

    text: str
    is_ahead: bool = False


def rest_of(answer: str, typed: str, *, is_whole: bool) -> Rest | None:
    """The rest of `answer` behind `typed`; None where they disagree.

    White space at line ends does not count. A line that was indented anew, by the editor or by hand, takes the
    following lines with it. `is_whole`: no more of the answer will come.
    """
    if answer.startswith(typed):
        return Rest(answer[len(typed) :], is_ahead=not is_whole and len(answer) == len(typed))
    have, want = answer.split("\n"), typed.split("\n")
    for index, line in enumerate(want[:-1]):
        if index == len(have) - 1 and not is_whole and line.startswith(have[-1]):
            return Rest("", is_ahead=True)
        if index >= len(have) - 1 or have[index].rstrip() != line.rstrip():
            return None
    last = len(want) - 1
    left, line = want[last], have[last]
    if line.startswith(left):
        return Rest("\n".join((line[len(left) :], *have[last + 1 :])))
    if last == len(have) - 1 and not is_whole and left.startswith(line):
        return Rest("", is_ahead=True)
    if last == 0:
        return None
    if not left.strip():  # indented deeper than the answer: the user may still go back
        return Rest("", is_ahead=True)
    if not line.lstrip().startswith(left.lstrip()):
        return None
    shift = _indent(left), _indent(line)
    return Rest("\n".join((line.lstrip()[len(left.lstrip()) :], *(_moved(x, *shift) for x in have[last + 1 :]))))


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _moved(line: str, new: str, old: str) -> str:
    """A line with the part of its indentation that is `old` made `new`."""
    return new + line[len(old) :] if line.startswith(old) and line.strip() else line
