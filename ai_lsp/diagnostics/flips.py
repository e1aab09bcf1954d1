"""Choices that a change turned round while it did nothing else to the line, such as `<` that became `<=`."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from ai_lsp.diagnostics.rewrites import Pair, Rewrites
from ai_lsp.diagnostics.shapes import GROUPS
from ai_lsp.diagnostics.sites import Site, sites
from ai_lsp.diagnostics.sites_values import ARGUMENTS, NUMERAL, numerals, pairs
from ai_lsp.diagnostics.source import Source, read
from ai_lsp.text.document import split_lines

MOST_WORDS = 3
"""Words that a change may have touched in a line for its turn to be all that it did."""


def flipped(source: Source, now: Sequence[Site]) -> dict[int, str]:
    """For sites by their number: the choice that stood there before the change. Of those in lines in which the
    change did no more than that."""
    rewrites = source.rewrites
    small = {p.line: p for p in rewrites.pairs if _is_small(p)} if rewrites is not None else {}
    if rewrites is None or not small:
        return {}
    before = _before(source, rewrites)
    starts = _starts(source.text)
    here: dict[tuple[int, str], list[int]] = {}
    for number, site in enumerate(now):
        line = bisect_right(starts, site.node.start_byte) - 1
        if line in small:
            here.setdefault((line, site.group), []).append(number)
    out: dict[int, str] = {}
    for (line, group), numbers in here.items():
        was = before.get((small[line].old_line, group), [])
        if len(was) != len(numbers):
            continue
        for number, old in zip(numbers, was, strict=True):
            if (choice := _choice_before(source, now[number], old, rewrites.before)) is not None:
                out[number] = choice
    return out


def _choice_before(source: Source, now: Site, old: Site, before: str) -> str | None:
    """The choice that stood there, where it is another one of the same kind."""
    if now.group == ARGUMENTS:
        a, b = (source.of(node) for node in now.pair)
        c, d = (before[node.start_byte : node.end_byte] for node in old.pair)
        return "swapped" if (a, b) == (d, c) and a != b else None
    if now.group == NUMERAL:
        is_, was = source.of(now.node), before[old.node.start_byte : old.node.end_byte]
        return "off by one" if is_.isdigit() and was.isdigit() and abs(int(is_) - int(was)) == 1 else None
    return old.choice if old.choice != now.choice and old.choice in GROUPS[now.group] else None


def _is_small(pair: Pair) -> bool:
    steps = list(pair.steps())
    touched = sum(max(i2 - i1, j2 - j1) for i1, i2, j1, j2 in steps)
    swapped = sorted(t[0] for t in pair.old) == sorted(t[0] for t in pair.new)
    return bool(steps) and (touched <= MOST_WORDS or swapped)


def _before(source: Source, rewrites: Rewrites) -> dict[tuple[int, str], list[Site]]:
    """The sites of the text before the change, by line and kind, in the order of the text."""
    old = read(source.path, source.language, rewrites.before)
    if old is None:
        return {}
    starts = _starts(rewrites.before)
    out: dict[tuple[int, str], list[Site]] = {}
    for site in (*sites(old), *pairs(old), *numerals(old)):
        line = bisect_right(starts, site.node.start_byte) - 1
        out.setdefault((line, site.group), []).append(site)
    return out


def _starts(text: str) -> list[int]:
    out = [0]
    for line in split_lines(text):
        out.append(out[-1] + len(line))
    return out
