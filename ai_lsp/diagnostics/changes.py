"""What a revision of git and the work tree differ in: the changed files, and the changed lines of each."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass

_HUNK = re.compile(rb"^@@ -\d+(?:,\d+)? \+(\d+)(?:,(\d+))? @@")
_INDEX = re.compile(rb"^index ([0-9a-f]{40,64})\.\.")
TIMEOUT_S = 60.0
MOST_FILES = 2_000

_GIT = (
    "git", "-c", "core.quotepath=false", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null",
    "-c", "diff.external=", "-c", "core.pager=cat",
)  # fmt: skip
"""A repository's own settings may name programs to run: none of them is."""


class NoChanges(Exception):
    """There is no diff to review, and the message says why in a sentence."""


@dataclass(frozen=True, slots=True)
class Changed:
    """A changed file that still exists: its path in the repository, the 0-based numbers of its new lines, and the
    name by which git knows its text before the change, empty for a new file."""

    path: str
    lines: frozenset[int]
    before: str = ""


def changed_files(root: str, revision: str) -> tuple[str, list[Changed]]:
    """The top folder of the repository around `root`, and what the work tree changed since `revision`.

    A revision `A..B` compares the two. Untracked files count as new where the work tree is compared.
    Raises NoChanges where git is missing, the folder is no repository, or the revision is unknown.
    """
    top = os.fsdecode(_git(root, "rev-parse", "--show-toplevel")).strip()
    ends = revision.split("..") if ".." in revision else [revision]
    for end in filter(None, ends):
        _verify(top, end.strip("."))
    out = _git(top, "diff", "--no-color", "--no-ext-diff", "--no-textconv", "-U0", "-M", "--no-prefix", "-z",
               "--diff-filter=ACMRT", "--name-only", revision, "--")  # fmt: skip
    names = [os.fsdecode(name) for name in out.split(b"\0") if name]
    found = [_changed(top, revision, name) for name in names[:MOST_FILES]]
    if ".." not in revision:
        others = _git(top, "ls-files", "--others", "--exclude-standard", "-z")
        new = [os.fsdecode(name) for name in others.split(b"\0") if name]
        found += [Changed(name, _all_lines(os.path.join(top, name))) for name in new[: MOST_FILES - len(found)]]
    return top, found


def text_at_head(root: str, path: str) -> str | None:
    """A file's text in the last commit, empty for a new one.

    None where that cannot be told: no repository, no commits.
    """
    try:
        prefix = os.fsdecode(_git(root, "rev-parse", "--show-prefix")).strip()
        _git(root, "rev-parse", "--verify", "--quiet", "HEAD")
    except NoChanges:
        return None
    try:
        return _git(root, "cat-file", "blob", f"HEAD:{prefix}{path}").decode("utf-8", "replace")
    except NoChanges:
        return ""


def _verify(top: str, revision: str) -> None:
    if revision.startswith("-"):
        raise NoChanges(f"{revision!r} is no revision")
    try:
        _git(top, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    except NoChanges:
        try:
            _git(top, "rev-parse", "--verify", "--quiet", "HEAD")
        except NoChanges:
            raise NoChanges(f"the repository has no commits, so there is no revision {revision!r}") from None
        raise NoChanges(f"there is no revision {revision!r} in {top}") from None


def _changed(top: str, revision: str, name: str) -> Changed:
    out = _git(top, "diff", "--no-color", "--no-ext-diff", "--no-textconv", "-U0", "-M", "--full-index",
               revision, "--", name)  # fmt: skip
    lines: set[int] = set()
    before = ""
    for row in out.split(b"\n"):
        if hunk := _HUNK.match(row):
            start, count = int(hunk[1]), int(hunk[2]) if hunk[2] else 1
            lines.update(range(start - 1, start - 1 + count))
        elif not lines and (index := _INDEX.match(row)):
            before = "" if not index[1].strip(b"0") else index[1].decode("ascii")
    return Changed(name, frozenset(lines), before)


def text_before(top: str, changed: Changed) -> str | None:
    """The text of a changed file before the change; None where there was none or git does not give it."""
    if not changed.before:
        return None
    try:
        return _git(top, "cat-file", "blob", changed.before).decode("utf-8", "replace")
    except NoChanges:
        return None


def _all_lines(path: str) -> frozenset[int]:
    try:
        if os.path.islink(path) or os.path.getsize(path) > 1 << 20:
            return frozenset()
        with open(path, "rb") as file:
            return frozenset(range(file.read().count(b"\n") + 1))
    except OSError:
        return frozenset()


def _git(folder: str, *arguments: str) -> bytes:
    try:
        done = subprocess.run(
            [*_GIT, *arguments], cwd=folder, capture_output=True, timeout=TIMEOUT_S, stdin=subprocess.DEVNULL,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}, check=False,
        )  # fmt: skip
    except FileNotFoundError:
        raise NoChanges("git was not found on PATH") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoChanges(f"git gave no answer: {error}") from None
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().split("\n")[0]
        if "not a git repository" in said:
            raise NoChanges(f"{folder} is not in a git repository")
        raise NoChanges(said.removeprefix("fatal: ") or f"git {arguments[0]} failed")
    return done.stdout
