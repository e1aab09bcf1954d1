"""Which files change together, as a repository's history says; newer commits count more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

DECAY = 0.97
"""What a commit of a file counts less than the one after it."""

FEWEST, MOST_FILES = 2, 12
"""Commits of more files are sweeps over the tree and say nothing."""

MOST_COMMITS = 4_000
LEAST = 0.2
"""Share of a file's decayed commits in which another must have changed with it to be named."""

COMMAND = (
    "log", "--no-merges", "--name-only", "--no-renames", "--no-ext-diff", "--no-textconv", "--no-color", "-z",
    f"--max-count={MOST_COMMITS}", "--format=%x01",
)  # fmt: skip


class Together:
    """Commits by file, newest first."""

    def __init__(self, commits: Iterable[tuple[str, ...]] = ()) -> None:
        self._commits: list[tuple[str, ...]] = []
        self._of: dict[str, list[int]] = defaultdict(list)
        for files in commits:
            if FEWEST <= len(files) <= MOST_FILES:
                for path in files:
                    self._of[path].append(len(self._commits))
                self._commits.append(files)

    def __len__(self) -> int:
        return len(self._commits)

    def with_(self, path: str) -> list[tuple[str, float]]:
        """Files that change with a file, most often first, each with its share of that file's commits."""
        score: dict[str, float] = defaultdict(float)
        share: dict[str, float] = defaultdict(float)
        total, weight = 0.0, 1.0
        for index in self._of.get(path, ()):
            files = self._commits[index]
            for other in files:
                if other != path:
                    score[other] += weight / (len(files) - 1)
                    share[other] += weight
            total += weight
            weight *= DECAY
        found = [(other, share[other] / total, score[other]) for other in score]
        found.sort(key=lambda each: (-each[2], each[0]))
        return [(other, part) for other, part, _ in found if part >= LEAST]


def commits_of(log: bytes) -> list[tuple[str, ...]]:
    """The files of each commit in the output of COMMAND."""
    out = []
    for block in log.split(b"\x01"):
        names = (name.strip(b"\n\r") for name in block.split(b"\0"))
        files = tuple(dict.fromkeys(name.decode("utf-8", "surrogateescape") for name in names if name))
        if files:
            out.append(files)
    return out
