"""Changes made at most places and missed at one: repeated rewrites of real commits, one of them taken back."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from ai_lsp.diagnostics.finding import Finding
from ai_lsp.diagnostics.lines import Lines
from ai_lsp.diagnostics.review import review
from ai_lsp.diagnostics.rewrites import Pair, Rewrites
from ai_lsp.diagnostics.task import Task
from ai_lsp.text.document import split_lines
from eval.review.history import Version, commits

CODE = "missed-change"


@dataclass
class Missed:
    """Repeated rewrites by how often they were made: one taken back, and whether it was pointed out. As a
    control, the commits as they are, and what was pointed out in them."""

    taken_back: int = 0
    found: int = 0
    files: int = 0
    flags: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, other: Missed) -> None:
        """Take another repository's counts in."""
        for name in ("taken_back", "found", "files", "flags", "examples"):
            setattr(self, name, getattr(self, name) + getattr(other, name))


def score_missed(root: Path, most: int) -> Missed:
    """The counts of one repository's newest commits."""
    out = Missed()
    for is_fix in (False, True):
        for commit in commits(root, most, fixes=is_fix):
            for before, after in commit.files:
                out.files += 1
                flags = _said(before, after.text)
                out.flags += len(flags)
                out.examples += [f"{root.name} {commit.id[:10]} {after.path}: {f.message}" for f in flags]
                for line, text in _taken_back(before.text, after.text):
                    out.taken_back += 1
                    lines = Lines(text)
                    out.found += any(line in lines.of(f.span) for f in _said(before, text))
    return out


def _said(before: Version, text: str) -> list[Finding]:
    changed = Rewrites(before.text, text).lines
    task = Task(before.path, "", text, "", changed, only_changed=True, before=before.text)
    return [f for f in review(task) if f.code == CODE]


def _taken_back(before: str, after: str) -> list[tuple[int, str]]:
    """For each rewrite made in three lines at least: one of the lines, and the text with that line as it was."""
    groups: dict[tuple[str, str], list[Pair]] = defaultdict(list)
    for pair in Rewrites(before, after).pairs:
        steps = list(pair.steps())
        if len(steps) == 1:
            i1, i2, j1, j2 = steps[0]
            key = " ".join(t[0] for t in pair.old[i1:i2]), " ".join(t[0] for t in pair.new[j1:j2])
            groups[key].append(pair)
    old, new = split_lines(before), split_lines(after)
    out = []
    for pairs in groups.values():
        if len(pairs) >= 3:
            pair = pairs[len(pairs) // 2]
            text = "".join([*new[: pair.line], old[pair.old_line], *new[pair.line + 1 :]])
            out.append((pair.line, text))
    return out
