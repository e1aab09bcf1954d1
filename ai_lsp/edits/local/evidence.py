"""Every edit that some rule proposes, with what speaks for and against it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ai_lsp.edits.local.examples import Example
from ai_lsp.edits.local.index import LONGEST_LINE, Index
from ai_lsp.edits.local.rules import Hit, Rule, rules
from ai_lsp.edits.local.tokens import balance, is_comment

MOST_FILES = 40
MOST_HITS = 300  # of one rule


@dataclass(slots=True)
class Candidate:
    """Lines `[start, start + len(old))` of a document or file would become `new`."""

    name: str
    start: int
    old: tuple[str, ...]
    new: tuple[str, ...]
    why: str
    facts: dict[str, float]


def candidates(examples: Sequence[Example], index: Index, is_late: Callable[[], bool]) -> list[Candidate]:
    """All candidates after some edits, the latest first; fewer when `is_late` says that time is up."""
    if not examples:
        return []
    settled = {(e.uri, line) for e in examples for line in range(e.at, e.at + len(e.new))}
    out: list[Candidate] = []
    for rule in rules(examples, index.spread):
        if is_late():
            break
        found = _hits(rule, examples, index, settled, is_late)
        out += [_candidate(rule, name, lines, hit, found, examples, index) for name, lines, hit in found]
    return out


def _hits(
    rule: Rule,
    examples: Sequence[Example],
    index: Index,
    settled: set[tuple[str, int]],
    is_late: Callable[[], bool],
) -> list[tuple[str, Sequence[str], Hit]]:
    found: list[tuple[str, Sequence[str], Hit]] = []
    for name in _places(rule, examples, index):
        lines = index.lines(name)
        for hit in rule.find(lines):
            own = range(hit.start, hit.start + hit.count) if hit.count else range(hit.start - 1, hit.start + 1)
            if any((name, line) in settled for line in own) or any(len(x) > LONGEST_LINE for x in hit.new):
                continue
            found.append((name, lines, hit))
            if len(found) >= MOST_HITS:
                return found
        if is_late():
            break
    return found


def _places(rule: Rule, examples: Sequence[Example], index: Index) -> list[str]:
    """Documents and files that may hold hits, the likeliest first."""
    key = rule.keys[0]
    touched = list(dict.fromkeys(e.uri for e in examples))
    names = [uri for uri in touched if uri in index.open]
    names += [uri for uri in index.open if uri not in touched]
    path = index.path(touched[0])
    ending, folder = path.rsplit(".", 1)[-1], path.rsplit("/", 1)[0]
    closed = sorted(
        index.files_with(key), key=lambda p: (p.rsplit(".", 1)[-1] != ending, p.rsplit("/", 1)[0] != folder, p)
    )
    return [*names, *closed][:MOST_FILES]


def _candidate(
    rule: Rule, name: str, lines: Sequence[str], hit: Hit, found: Sequence[tuple[str, Sequence[str], Hit]],
    examples: Sequence[Example], index: Index,
) -> Candidate:  # fmt: skip
    last = examples[0]
    old = tuple(lines[hit.start : hit.start + hit.count])
    is_here = name == last.uri
    distance = hit.start - last.at
    here = sum(n == last.uri for n, _, _ in found)
    ats = [e.at for e in examples if e.uri == name]
    passed = sum(1 for n, _, h in found if n == name and ats and min(ats) < h.start < max(ats))
    facts = {
        "is_" + rule.kind: 1.0,
        "is_here": float(is_here),
        "is_touched": float(bool(ats)),
        "is_below": float(is_here and distance > 0),
        "distance": math.log1p(abs(distance)) if is_here else 8.0,
        "support": float(len(rule.ages)),
        "is_latest": float(0 in rule.ages),
        "youngest": float(min(rule.ages)),
        "edits": float(len(examples)),
        "hits": math.log1p(len(found)),
        "hits_here": math.log1p(here),
        "passed": math.log1p(passed),
        "spread": math.log1p(index.spread(rule.keys[0])),
        "is_comment": float(bool(old) and is_comment(old[0])),
        "is_balanced": float(balance("\n".join(old)) == balance("\n".join(hit.new))),
        "size": math.log1p(len(old) + len(hit.new)),
        "is_insertion": float(not old),
        "is_deletion": float(not any(x.strip() for x in hit.new)),
        "is_partial": float(rule.rewrite is not None and rule.rewrite.is_partial),
        "is_rename": float(rule.rewrite is not None and rule.rewrite.renamed is not None),
        **hit.facts,
    }
    return Candidate(name, hit.start, old, hit.new, rule.why, facts)
