"""What models do to the lines they quote: one operator each, on blocks of lines taken from a real edit."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from eval.apply.cases import Case

_COMMENT = re.compile(r"\s*(?://|#|/\*|\*|--)")


@dataclass(frozen=True, slots=True)
class Block:
    """Lines of the old file `[first, last)` as quoted (`before`) and as wanted (`after`).

    `shown` has for each line of `before` whether it is context, which stands in `after` as well, and where.
    """

    first: int
    last: int
    before: tuple[str, ...]
    after: tuple[str, ...]
    shown: tuple[int, ...]  # index in `after`, or -1


def blocks_of(case: Case, context: int) -> list[Block]:
    """The case's edits with lines of context around them; those that touch are one block.

    Where there is context there is enough for the block to stand in the file once: models are told so.
    """
    old, new = case.old_lines, case.new_lines
    wide = len(old)
    out: list[Block] = []
    group: list[tuple[tuple[int, int], tuple[int, int]]] = []

    def close() -> None:
        first = max(0, group[0][0][0] - context)
        last = min(len(old), group[-1][0][1] + context)
        while context and wide > last - first < 40 and _stands_twice(old, first, last):
            first, last = max(0, first - 1), min(len(old), last + 1)
        before: list[str] = []
        after: list[str] = []
        shown: list[int] = []
        at = first
        for (a, b), (c, d) in [*group, ((last, last), (0, 0))]:
            for line in old[at:a]:
                shown.append(len(after))
                before.append(line)
                after.append(line)
            before += old[a:b]
            shown += [-1] * (b - a)
            after += new[c:d]
            at = b
        out.append(Block(first, last, tuple(before), tuple(after), tuple(shown)))
        group.clear()

    for region in case.regions:
        if group and region.old[0] - context < group[-1][0][1] + context + (1 if context else 0):
            group.append((region.old, region.new))
            continue
        if group:
            close()
        group.append((region.old, region.new))
    close()
    return out


def _stands_twice(lines: list[str], first: int, last: int) -> bool:
    block = lines[first:last]
    starts = [n for n, line in enumerate(lines) if line == block[0]] if block else []
    return sum(lines[n : n + len(block)] == block for n in starts) > 1


def is_answerable(case: Case, blocks: Sequence[Block]) -> bool:
    """Whether every block's lines say where it belongs: some stand in the file, and once."""
    old = [line.split() for line in case.old_lines]
    for block in blocks:
        said = [line.split() for line in block.before]
        if not any(said) or sum(old[n : n + len(said)] == said for n in range(len(old))) > 1:
            return False
    return True


Operator = Callable[[Block, random.Random], Block | None]


def _same(block: Block, dice: random.Random) -> Block:
    return block


def _outdented(block: Block, dice: random.Random) -> Block | None:
    lines = [line for line in (*block.before, *block.after) if line.strip()]
    widths = {len(line) - len(line.lstrip(" \t")) for line in lines}
    least = min(widths, default=0)
    if not least:
        return None
    cut = lambda line: line[least:] if line.strip() else line  # noqa: E731
    return replace(block, before=tuple(map(cut, block.before)), after=tuple(map(cut, block.after)))


def _trailing(block: Block, dice: random.Random) -> Block:
    return _on_context(block, lambda line: line + "  " if line.strip() else line)


def _on_context(block: Block, change: Callable[[str], str], only: int | None = None) -> Block:
    before, after = list(block.before), list(block.after)
    for k, at in enumerate(block.shown):
        if at >= 0 and only in (None, k):
            before[k] = change(before[k])
            after[at] = before[k]
    return replace(block, before=tuple(before), after=tuple(after))


def _context(block: Block, wanted: Callable[[str], bool]) -> list[int]:
    return [k for k, at in enumerate(block.shown) if at >= 0 and wanted(block.before[k])]


def _dropped(wanted: Callable[[str], bool]) -> Operator:
    def drop(block: Block, dice: random.Random) -> Block | None:
        places = _context(block, wanted)
        if not places or len([k for k in block.shown if k >= 0]) < 2:
            return None
        k = dice.choice(places)
        at = block.shown[k]
        return replace(
            block,
            before=(*block.before[:k], *block.before[k + 1 :]),
            after=(*block.after[:at], *block.after[at + 1 :]),
            shown=tuple(s - (s > at) for n, s in enumerate(block.shown) if n != k),
        )

    return drop


def _typo(line: str, dice: random.Random) -> str:
    letters = [i for i, char in enumerate(line) if char.isalpha()]
    at = dice.choice(letters)
    kind = dice.randrange(3)
    if kind == 0:
        return line[:at] + line[at + 1 :]
    if kind == 1:
        return line[:at] + line[at] + line[at:]
    return line[:at] + dice.choice("abcdefghijklmnopqrstuvwxyz".replace(line[at].lower(), "")) + line[at + 1 :]


def _has_letters(line: str) -> bool:
    return sum(map(str.isalpha, line)) >= 3


def _typo_in_context(block: Block, dice: random.Random) -> Block | None:
    places = _context(block, _has_letters)
    if not places:
        return None
    k = dice.choice(places)
    return _on_context(block, lambda line: _typo(line, dice), k)


def _typo_in_search(block: Block, dice: random.Random) -> Block | None:
    places = [k for k, at in enumerate(block.shown) if at < 0 and _has_letters(block.before[k])]
    if not places:
        return None
    k = dice.choice(places)
    before = list(block.before)
    before[k] = _typo(before[k], dice)
    return replace(block, before=tuple(before))


def _smart(block: Block, dice: random.Random) -> Block | None:
    places = _context(block, lambda line: "'" in line or '"' in line)
    if not places:
        return None
    return _on_context(
        block, lambda line: line.replace("'", "\u2019").replace('"', "\u201d"), dice.choice(places)
    )


def _blank_first(block: Block, dice: random.Random) -> Block:
    return replace(
        block,
        before=("", *block.before),
        after=("", *block.after),
        shown=(0, *(s + (s >= 0) for s in block.shown)),
    )


def _retabbed(block: Block, dice: random.Random) -> Block | None:
    """Tabs become four spaces, or four spaces tabs."""
    text = "\n".join((*block.before, *block.after))
    if re.search(r"^\t", text, re.MULTILINE):
        change = lambda line: re.sub(r"^\t+", lambda m: "    " * len(m[0]), line)  # noqa: E731
    elif re.search(r"^ {4}", text, re.MULTILINE) and not re.search(r"^(?: {4})* {1,3}\S", text, re.MULTILINE):
        change = lambda line: re.sub(r"^(?: {4})+", lambda m: "\t" * (len(m[0]) // 4), line)  # noqa: E731
    else:
        return None
    return replace(block, before=tuple(map(change, block.before)), after=tuple(map(change, block.after)))


def _spaced(block: Block, dice: random.Random) -> Block | None:
    places = _context(block, lambda line: ", " in line or " = " in line)
    if not places:
        return None
    return _on_context(block, lambda line: line.replace(", ", ",").replace(" = ", "="), dice.choice(places))


OPERATORS: Mapping[str, tuple[Operator, int]] = {
    "none": (_same, 3),
    "one line of context": (_same, 1),
    "no context": (_same, 0),
    "whole block outdented": (_outdented, 3),
    "tabs for spaces or back": (_retabbed, 3),
    "trailing spaces": (_trailing, 3),
    "blank line in front": (_blank_first, 3),
    "blank or comment line dropped": (_dropped(lambda line: not line.strip() or bool(_COMMENT.match(line))), 3),
    "line of context dropped": (_dropped(lambda line: bool(line.strip())), 3),
    "typo in context": (_typo_in_context, 3),
    "typo in the lines to change": (_typo_in_search, 3),
    "smart quotes in context": (_smart, 3),
    "blanks inside a line of context": (_spaced, 3),
}
"""Each operator with the lines of context its blocks have. They were written from published failures, before
anything was tuned."""
