"""Where a file was mended again and again: lines of functions that many fixes of its history went into."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from ai_lsp.context import git
from ai_lsp.diagnostics.grammar import FUNCTIONS
from ai_lsp.diagnostics.source import Source

FIX = re.compile(r"\b(fix(e[sd])?|bug|regression|crash(es)?|wrong|incorrect|race|deadlock|leak)\b", re.IGNORECASE)
"""Subjects of commits that mend something."""

COMMITS = 300
"""Commits of one file that are read, the newest."""

LEAST = 3
"""Fixes from which a function is a hot spot."""

LIMIT_S = 0.8
"""Seconds for git; a history that takes longer says nothing."""

_HUNK = re.compile(r"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


@dataclass(frozen=True, slots=True)
class Hunk:
    """Lines `old` to `old_end` became `new` to `new_end`, 0-based, ends excluded."""

    old: int
    old_end: int
    new: int
    new_end: int


@dataclass(frozen=True, slots=True)
class Step:
    """What one commit did to the file, and whether it says that it mends something."""

    is_fix: bool
    hunks: tuple[Hunk, ...]


def hot_lines(source: Source, root: str) -> frozenset[int]:
    """The 0-based lines of the functions of a file into which LEAST fixes went at least; none where git does not
    tell in time."""
    return spots(source, steps(root, source.path)) if root else frozenset()


def spots(source: Source, history: Sequence[Step]) -> frozenset[int]:
    """The lines of the functions that fixes went into, newest commit first."""
    count = source.text.count("\n") + 1
    fixes = fixes_by_line(history, count)
    out: set[int] = set()
    for node in source.nodes(*sorted(FUNCTIONS)):
        lines = range(node.start_point[0], node.end_point[0] + 1)
        if len(set().union(*(fixes.get(line, ()) for line in lines))) >= LEAST:
            out.update(lines)
    return frozenset(out)


def fixes_by_line(history: Sequence[Step], count: int) -> dict[int, set[int]]:
    """Which fixes, by their number, went into each line as it stands now.

    Going back, each line of an older text is followed to where it is now; a line that is gone counts for the
    line in whose place it was.
    """
    now = list(range(count + 1))  # where each line of the text behind the commit stands now
    out: dict[int, set[int]] = {}
    for number, step in enumerate(history):
        before: list[int] = []
        at = 0
        for hunk in step.hunks:
            if step.is_fix:
                for line in range(hunk.new, max(hunk.new_end, hunk.new + 1)):
                    out.setdefault(_of(now, line), set()).add(number)
            before += now[at : hunk.new]
            before += [_of(now, hunk.new)] * (hunk.old_end - hunk.old)
            at = hunk.new_end
        now = before + now[at:]
    return out


def _of(now: Sequence[int], line: int) -> int:
    return now[min(line, len(now) - 1)] if now else 0


@lru_cache(maxsize=256)
def steps(root: str, path: str) -> tuple[Step, ...]:
    """The newest commits of a file, newest first; read once in a process's life."""
    arguments = ("log", "--no-merges", f"-n{COMMITS}", "--format=%x01%s", "-p", "-U0", "--no-ext-diff",
                 "--no-textconv", "--no-color", "--", path)  # fmt: skip
    raw = git.read(root, arguments, limit_s=LIMIT_S)
    return parsed(raw.decode("utf-8", "replace")) if raw else ()


def parsed(log: str) -> tuple[Step, ...]:
    """The steps of what git's log printed."""
    out = []
    for entry in log.split("\x01")[1:]:
        subject, _, patch = entry.partition("\n")
        hunks = []
        for row in patch.split("\n"):
            if match := _HUNK.match(row):
                old, removed, new, added = (int(g) if g is not None else 1 for g in match.groups())
                # A stretch of no lines is named by the line in front of it.
                old, new = old - (removed > 0), new - (added > 0)
                hunks.append(Hunk(old, old + removed, new, new + added))
        out.append(Step(bool(FIX.search(subject)), tuple(hunks)))
    return tuple(out)
