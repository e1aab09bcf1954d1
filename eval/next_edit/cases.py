"""Cases out of history: after the first hunks of a commit, which one is still to come?

Everything is seeded by commit, so two runs ask the same questions.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from typing import Literal

from eval.lines.repository import Commit, Hunk, Repository

Order = Literal["diff", "shuffle"]


def is_wanted(commit: Commit) -> bool:
    """Whether a commit gives cases: a few hunks, of a size that a person makes in one go."""
    return (
        2 <= len(commit.hunks) <= 24
        and len({h.path for h in commit.hunks}) <= 8
        and sum(len(h.new) + len(h.old) for h in commit.hunks) <= 200
    )


def commits(repository: Repository, limit: int, skip: int = 0) -> list[Commit]:
    """The newest commits that give cases, oldest first; those with a file that cannot be read are left out."""

    def wanted(commit: Commit) -> bool:
        paths = {h.path for h in commit.hunks}
        return is_wanted(commit) and all(repository.text(f"{commit.parent}:{p}") is not None for p in paths)

    return repository.commits(limit, wanted, skip)


def ordered(commit: Commit, order: Order) -> list[Hunk]:
    """The commit's hunks from top to bottom, or in an order drawn by the commit's name."""
    hunks = list(range(len(commit.hunks)))
    if order == "shuffle":
        seed = hashlib.sha256("\0".join((commit.sha, "order")).encode()).digest()
        random.Random(seed).shuffle(hunks)
    return [commit.hunks[n] for n in hunks]


class Workspace:
    """The files of a commit's parent, with hunks applied one at a time."""

    def __init__(self, repository: Repository, commit: Commit) -> None:
        self._repository, self._parent = repository, commit.parent
        self._lines: dict[str, list[str]] = {}
        self._done: list[Hunk] = []

    def lines(self, path: str) -> list[str]:
        """A file as it is now."""
        if path not in self._lines:
            self._lines[path] = (self._repository.text(f"{self._parent}:{path}") or "").split("\n")
        return self._lines[path]

    def place(self, hunk: Hunk) -> int:
        """The line at which a hunk stands, or is to come, now."""
        return hunk.start + sum(
            len(d.new) - len(d.old) for d in self._done if d.path == hunk.path and d.start < hunk.start
        )

    def apply(self, hunk: Hunk) -> int:
        """Applies a hunk and gives the line where it stands."""
        at = self.place(hunk)
        lines = self.lines(hunk.path)
        if lines[at : at + len(hunk.old)] != hunk.old:
            raise ValueError(f"{hunk.path} at {self._parent} is not what the diff says")
        lines[at : at + len(hunk.old)] = hunk.new
        self._done.append(hunk)
        return at


def steps(commit: Commit, order: Order) -> Iterator[tuple[Hunk, list[Hunk]]]:
    """Each hunk in its turn with those that are left after it; with the last one nothing is left."""
    hunks = ordered(commit, order)
    for number, hunk in enumerate(hunks):
        yield hunk, hunks[number + 1 :]
