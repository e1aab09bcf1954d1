"""Cases out of history: a line that a commit adds, in the file as it stood when that line was due.

Everything is seeded by commit and line, so two runs ask the same questions.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass

from eval.lines.repository import Commit, Hunk, Repository

LINES_PER_COMMIT = 24
_MOST_ADDED = 800


@dataclass(frozen=True, slots=True)
class LineCase:
    """One line to be completed."""

    commit: Commit
    path: str
    before: list[str]  # lines above it
    after: list[str]  # lines below it
    line: str  # the truth
    edited: dict[str, list[str]]  # files that this commit changed already, as it left them
    replaced: list[str]  # lines that this stretch of the commit took away
    following: list[str]  # the true lines that come next in the same stretch

    @property
    def indent(self) -> int:
        """Characters of indentation."""
        return len(self.line) - len(self.line.lstrip(" \t"))


def is_useful(line: str) -> bool:
    """Whether completing a line would be worth anything."""
    body = line.strip()
    return len(body) >= 4 and any(c.isalnum() for c in body)


def is_wanted(commit: Commit) -> bool:
    """Whether a commit gives line cases."""
    return (
        any(is_useful(line) for h in commit.hunks for line in h.new)
        and sum(len(h.new) for h in commit.hunks) <= _MOST_ADDED
    )


def line_cases(repository: Repository, commit: Commit) -> Iterator[LineCase]:
    """The cases of one commit, in order; a seeded sample where it adds many lines."""
    spots = [(h, i) for h, hunk in enumerate(commit.hunks) for i, x in enumerate(hunk.new) if is_useful(x)]
    if len(spots) > LINES_PER_COMMIT:
        spots = sorted(_dice(commit.sha).sample(spots, LINES_PER_COMMIT))
    chosen = set(spots)
    edited: dict[str, list[str]] = {}
    by_path: dict[str, list[tuple[int, Hunk]]] = {}
    for number, hunk in enumerate(commit.hunks):
        by_path.setdefault(hunk.path, []).append((number, hunk))
    for path, hunks in by_path.items():
        text = repository.text(f"{commit.parent}:{path}")
        if text is None:
            continue
        lines = text.split("\n")
        shift = 0
        for number, hunk in hunks:
            at = hunk.start + shift
            head, tail = lines[:at], lines[at + len(hunk.old) :]
            for i, line in enumerate(hunk.new):
                if (number, i) in chosen:
                    yield LineCase(
                        commit, path, head + hunk.new[:i], tail, line, dict(edited), hunk.old, hunk.new[i + 1 :]
                    )
            lines = head + hunk.new + tail
            shift += len(hunk.new) - len(hunk.old)
        edited[path] = lines


def columns(case: LineCase) -> dict[str, int]:
    """Where the cursor stands: after the indentation, and at one seeded place inside the line."""
    body = case.line[case.indent :]
    dice = _dice(case.commit.sha, case.path, len(case.before), case.line)
    found = {"start": case.indent}
    last = len(body.rstrip()) - 3
    if last >= 1:
        found["inside"] = case.indent + dice.randint(1, last)
    return found


def _dice(*parts: object) -> random.Random:
    return random.Random(hashlib.sha256("\0".join(map(str, parts)).encode()).digest())
