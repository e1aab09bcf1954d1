"""One file reviewed without a model: findings of every finder that is on, merged, weighed and cut to a budget."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace

from ai_lsp.diagnostics.danger import danger_lines
from ai_lsp.diagnostics.finders import FINDERS
from ai_lsp.diagnostics.finding import Finding, severity_of, with_fingerprints
from ai_lsp.diagnostics.lines import Lines
from ai_lsp.diagnostics.source import Source, read
from ai_lsp.diagnostics.task import Task
from ai_lsp.text.edit import Span

log = logging.getLogger(__name__)

SURE = 0.18
"""The least confidence with which unchanged code is flagged: it has been read and run, and is mostly right."""

SURE_ON_CHANGED = 0.05
"""The least confidence with which changed lines are flagged: that is where new bugs are."""

LINES_PER_FLAG = 200
"""Reviewed lines for each unsure finding that may be shown; the least sure ones go first."""

PLAIN = 0.5
"""The confidence from which a finding speaks for itself: it is not left out because another one is shown."""

LINES_PER_PLAIN_FLAG, LEAST_PLAIN = 40, 5
"""Such findings come as they are, until they are so many that the file follows a habit we do not know."""


Hot = Callable[[Source], Collection[int]]
"""Lines of a file that were mended again and again; asked only where not all findings may be shown."""


def review(task: Task, hot: Hot = lambda source: ()) -> list[Finding]:
    """The findings of one file, surest first within their severity, in the order of the text."""
    source = read(task.path, task.language_id, task.text, task.before)
    if source is None:
        return []
    found = merged(_found(source, task.disabled))
    lines = Lines(task.text)
    changed = task.changed or frozenset()
    fresh = [f for f in found if _is_of(f, changed, lines)]
    found = fresh if task.only_changed else [f for f in found if f.confidence >= SURE or f in fresh]
    reviewed = len(changed) if task.only_changed else lines.count
    first = (danger_lines(source, lines.starts), lambda: hot(source))
    kept = within_budget(found, reviewed, *first, lines)
    return with_fingerprints(kept, task.path, task.text)


def _found(source: Source, disabled: Collection[str]) -> Iterable[Finding]:
    for finder in FINDERS:
        if finder.code in disabled or source.language not in finder.languages:
            continue
        try:
            yield from finder.find(source)
        except RecursionError:  # a tree deeper than Python's stack is data, not code
            log.info("%s gave up on %s", finder.code, source.path)


def _is_of(finding: Finding, changed: Collection[int], lines: Lines) -> bool:
    """Whether a finding is about a change: it stands in a changed line, or, a surer one, speaks of one."""
    if lines.touches(finding.span, changed):
        return finding.confidence >= SURE_ON_CHANGED
    spoken_of = any(lines.touches(r.span, changed) for r in finding.related if not r.path)
    return finding.confidence >= SURE and spoken_of


def merged(findings: Iterable[Finding]) -> list[Finding]:
    """Findings of different finders about the same place become one, with the evidence of both."""
    out: list[Finding] = []
    for finding in sorted(findings, key=lambda f: (f.span.start, -f.confidence)):
        twin = next((i for i, f in enumerate(out) if _is_same_place(f.span, finding.span)), None)
        if twin is None:
            out.append(finding)
            continue
        a, b = out[twin], finding
        best, other = (a, b) if a.confidence >= b.confidence else (b, a)
        out[twin] = replace(best, evidence=best.evidence + other.evidence, related=best.related + other.related)
    return [replace(f, severity=severity_of(f.evidence)) for f in out]


def _is_same_place(a: Span, b: Span) -> bool:
    """Whether two findings speak of the same code: they overlap, and neither holds much more than the other."""
    shared = min(a.end, b.end) - max(a.start, b.start)
    return shared > 0 and shared * 4 >= max(len(a), len(b))


def within_budget(
    findings: Sequence[Finding],
    reviewed_lines: int,
    dangerous: Collection[int],
    hot: Callable[[], Collection[int]],
    lines: Lines,
) -> list[Finding]:
    """About one unsure finding per LINES_PER_FLAG reviewed lines and at least one: dangerous code first, then hot
    spots, then the surest. Plain ones have a far larger budget of their own.

    Warnings and errors are not counted: two signals do not agree by chance.
    """
    hints = [f for f in findings if f.severity > 2]
    plain = [f for f in hints if f.confidence >= PLAIN]
    unsure = [f for f in hints if f.confidence < PLAIN]
    most_plain = max(LEAST_PLAIN, -(-reviewed_lines // LINES_PER_PLAIN_FLAG))
    most = max(1, -(-reviewed_lines // LINES_PER_FLAG))
    mended = hot() if len(plain) > most_plain or len(unsure) > most else ()

    def order(f: Finding) -> tuple[bool, bool, float, int]:
        places = (not lines.touches(f.span, dangerous), not lines.touches(f.span, mended))
        return (*places, -f.confidence, f.span.start)

    kept = {id(f) for f in [*sorted(plain, key=order)[:most_plain], *sorted(unsure, key=order)[:most]]}
    return [f for f in findings if f.severity <= 2 or id(f) in kept]
