"""Edits of single files, mined from the newest commits of a repository."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ai_lsp.text.document import split_lines
from eval.lines.repository import Repository, is_code, language_id

LARGEST_LINES = 6_000
MOST_HUNKS = 12
MOST_FILES = 3  # of one commit
_HUNK = re.compile(r"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Region:
    """Lines `[old[0], old[1])` of the old text became `[new[0], new[1])` of the new one."""

    old: tuple[int, int]
    new: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Case:
    """One file of one commit: the texts before and after, and where they differ."""

    sha: str
    path: str
    language: str
    old: str
    new: str
    regions: tuple[Region, ...]

    @property
    def old_lines(self) -> list[str]:
        return [line.rstrip("\r\n") for line in split_lines(self.old)]

    @property
    def new_lines(self) -> list[str]:
        return [line.rstrip("\r\n") for line in split_lines(self.new)]


def cases(repository: Repository, commits: int) -> Iterator[Case]:
    """The cases of the newest `commits` commits that modify code files, newest first."""
    log = repository.git("log", "--no-merges", "--format=%H", "--diff-filter=M", "-n", str(commits * 8)).decode()
    count = 0
    for sha in log.split():
        found = list(_of_commit(repository, sha))
        yield from found
        count += bool(found)
        if count == commits:
            return


def _of_commit(repository: Repository, sha: str) -> Iterator[Case]:
    shown = repository.git(
        "show", "--format=", "--diff-filter=M", "--no-renames", "--no-ext-diff", "-U0", sha
    ).decode("utf-8", "replace")
    taken = 0
    for part in re.split(r"^diff --git ", shown, flags=re.MULTILINE)[1:]:
        name = re.search(r"^\+\+\+ b/(.+)$", part, re.MULTILINE)
        if name is None or not is_code(name[1]) or taken == MOST_FILES:
            continue
        texts = [repository.blob(f"{at}:{name[1]}") for at in (f"{sha}^", sha)]
        if texts[0] is None or texts[1] is None:
            continue
        try:
            old, new = (text.decode("utf-8") for text in texts if text is not None)
        except UnicodeDecodeError:
            continue
        regions = tuple(map(_region, _HUNK.findall(part)))
        if len(split_lines(old)) > LARGEST_LINES or not 0 < len(regions) <= MOST_HUNKS:
            continue
        taken += 1
        yield Case(sha, name[1], language_id(name[1]), old, new, regions)


def _region(numbers: tuple[str, str, str, str]) -> Region:
    """Git counts from 1, and names the line before where a side is empty."""
    a, count, c, other = (int(n) if n else 1 for n in numbers)
    old = (a, a) if count == 0 else (a - 1, a - 1 + count)
    new = (c, c) if other == 0 else (c - 1, c - 1 + other)
    return Region(old, new)
