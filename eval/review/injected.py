"""Injected bugs: how many of those that no checker notices are flagged, and how much is flagged where nothing is.

Three readings of each file: `whole`, as when it is opened, where every line counts as unchanged; `changed`, as in
a review of a change that wrote the bug's line anew, which is never seen as it was before; `diff`, as in a review
of a change that put the bug into a line that was there, and which the finders see as it was.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from ai_lsp.diagnostics.finding import Finding
from ai_lsp.diagnostics.lines import Lines
from ai_lsp.diagnostics.review import review
from ai_lsp.diagnostics.source import Source
from ai_lsp.diagnostics.task import Task
from eval.review.checkers import Checkers
from eval.review.corpus import sources
from eval.review.mutate import Mutant, mutants


@dataclass
class Tally:
    """Counts by operator: bugs injected, noticed by a checker, and of the rest those flagged."""

    injected: Counter[str] = field(default_factory=Counter)
    noticed: Counter[str] = field(default_factory=Counter)
    whole: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    diff: Counter[str] = field(default_factory=Counter)
    files: int = 0
    lines: int = 0
    flags: Counter[str] = field(default_factory=Counter)
    """Flags on unchanged code, by code of the finder."""
    warnings: int = 0

    def add(self, other: Tally) -> None:
        """Take another repository's counts in."""
        for name in ("injected", "noticed", "whole", "changed", "diff", "flags"):
            getattr(self, name).update(getattr(other, name))
        self.files += other.files
        self.lines += other.lines
        self.warnings += other.warnings


async def score(root: Path, files: int, per_operator: int, seed: int, *, checked: bool) -> Tally:
    """The counts of one repository; Python only where checkers are asked."""
    tally, rng = Tally(), random.Random(seed)
    async with Checkers(root) as checkers:
        for source in sources(root, files, seed):
            is_python = source.language == "python"
            if checked != is_python:
                continue
            before = _review(source, source.text, None)
            tally.files += 1
            tally.lines += source.text.count("\n") + 1
            tally.flags.update(f.code for f in before)
            tally.warnings += sum(f.severity <= 2 for f in before)
            path = root / source.path
            if checked:
                checkers.open(path, source.text)
                said = await checkers.said(path, source.text)
            for mutant in mutants(source, per_operator, rng):
                tally.injected[mutant.operator] += 1
                if checked and (await checkers.said(path, mutant.text)) - said:
                    tally.noticed[mutant.operator] += 1
                    continue
                tally.whole[mutant.operator] += _is_found(before, _review(source, mutant.text, None), mutant)
                line = frozenset({mutant.line})
                tally.changed[mutant.operator] += _is_found([], _review(source, mutant.text, line), mutant)
                after = _review(source, mutant.text, line, source.text)
                tally.diff[mutant.operator] += _is_found([], after, mutant)
            if checked:
                checkers.close(path)
    return tally


def _review(
    source: Source, text: str, changed: frozenset[int] | None, before: str | None = None
) -> list[Finding]:
    return review(Task(source.path, "", text, "", changed, only_changed=changed is not None, before=before))


def _is_found(before: list[Finding], after: list[Finding], mutant: Mutant) -> bool:
    """Whether a finding touches the bug's line that did not stand there before."""
    lines = Lines(mutant.text)
    known = {(f.code, f.fingerprint) for f in before}
    return any(mutant.line in lines.of(f.span) and (f.code, f.fingerprint) not in known for f in after)
