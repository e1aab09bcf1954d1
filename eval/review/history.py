"""Real commits: small fixes turned round, and commits that are no fixes."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ai_lsp.context.languages import language_of
from ai_lsp.context.workspace_files import is_source_name, looks_generated
from ai_lsp.diagnostics.finding import Finding
from ai_lsp.diagnostics.lines import Lines
from ai_lsp.diagnostics.review import review
from ai_lsp.diagnostics.task import Task
from eval.review.corpus import LANGUAGES

FIX = re.compile(r"\b(fix(e[sd])?|bug|regression|wrong|incorrect|crash|off.by.one|typo in code)\b", re.IGNORECASE)
SMALL = 8
"""Lines removed and added together that a fix may have, so that they are about the bug."""

_HUNK = re.compile(r"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Version:
    """One file as it was, with the 0-based lines that the other side of the commit has not."""

    path: str
    text: str
    lines: frozenset[int]


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit's code files: before and after."""

    id: str
    subject: str
    files: tuple[tuple[Version, Version], ...]


def commits(root: Path, most: int, *, fixes: bool) -> Iterator[Commit]:
    """The newest commits without merges that change code, those that say they fix something or the others."""
    out = _git(root, "log", "--no-merges", "--format=%H%x00%s", "-n", "6000")
    for line in out.split("\n"):
        id, _, subject = line.partition("\0")
        if not id or bool(FIX.search(subject)) != fixes or most <= 0:
            continue
        files = tuple(_files(root, id, small=fixes))
        if files and (not fixes or len(files) == 1):
            most -= 1
            yield Commit(id, subject, files)


def _files(root: Path, id: str, *, small: bool) -> Iterator[tuple[Version, Version]]:
    names = _git(root, "diff-tree", "-r", "--no-commit-id", "--name-only", "--diff-filter=M", id).split("\n")
    wanted = [n for n in names if n and is_source_name(n.rsplit("/", 1)[-1]) and _is_ours(n)]
    if small:
        wanted = [n for n in wanted if "test" not in n.lower() and "example" not in n.lower()]
    if len(wanted) > (1 if small else 20):
        return
    for name in wanted:
        diff = _git(root, "diff-tree", "-p", "-U0", "--no-commit-id", id, "--", name)
        old, new = set[int](), set[int]()
        for hunk in _HUNK.finditer(diff):
            a, n, b, m = int(hunk[1]), int(hunk[2] or 1), int(hunk[3]), int(hunk[4] or 1)
            old.update(range(a - 1, a - 1 + n))
            new.update(range(b - 1, b - 1 + m))
        if small and not (old and new and len(old) + len(new) <= SMALL):
            continue
        before, after = _git(root, "show", f"{id}^:{name}"), _git(root, "show", f"{id}:{name}")
        if max(len(before), len(after)) < 400_000 and not looks_generated(after):
            yield Version(name, before, frozenset(old)), Version(name, after, frozenset(new))


def _is_ours(name: str) -> bool:
    row = language_of("", name)
    return row is not None and row.name in LANGUAGES


def _git(root: Path, *arguments: str) -> str:
    ran = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, check=False)
    return ran.stdout.decode("utf-8", "replace")


@dataclass
class Fixes:
    """Fixes turned round: flagged on the lines that were wrong, and, as a control, on the lines that mended
    them."""

    count: int = 0
    flagged: int = 0
    control: int = 0
    examples: list[str] = field(default_factory=list)


def score_fixes(root: Path, most: int) -> Fixes:
    """The counts of one repository."""
    out = Fixes()
    for commit in commits(root, most, fixes=True):
        ((wrong, right),) = commit.files
        out.count += 1
        found = _on_changed(wrong, right.text)
        out.flagged += bool(found)
        out.control += bool(mended := _on_changed(right, wrong.text))
        out.examples += [f"CONTROL {root.name} {commit.id[:10]} {right.path}: {f.message}" for f in mended]
        out.examples += [
            f"{root.name} {commit.id[:10]} {wrong.path}: {f.message} ({commit.subject})" for f in found
        ]
    return out


@dataclass
class Clean:
    """Commits that are no fixes: flags on their changed lines, and on the unchanged lines of the same files."""

    count: int = 0
    warned: int = 0
    hinted: int = 0
    changed: int = 0
    flags: Counter[str] = field(default_factory=Counter)
    unchanged: int = 0
    flags_unchanged: int = 0
    examples: list[str] = field(default_factory=list)


def score_clean(root: Path, most: int) -> Clean:
    """The counts of one repository."""
    out = Clean()
    seen: set[str] = set()
    for commit in commits(root, most, fixes=False):
        found = [(now, f) for before, now in commit.files for f in _on_changed(now, before.text)]
        out.count += 1
        out.warned += any(f.severity <= 2 for _, f in found)
        out.hinted += bool(found)
        out.flags.update(f.code for _, f in found)
        for _, version in commit.files:
            out.changed += len(version.lines)
            if version.path in seen:
                continue  # a file's unchanged lines count once, in its newest version
            seen.add(version.path)
            lines = Lines(version.text)
            whole = review(Task(version.path, "", version.text))
            out.unchanged += lines.count - len(version.lines)
            out.flags_unchanged += sum(not lines.touches(f.span, version.lines) for f in whole)
        out.examples += [
            f"{root.name} {commit.id[:10]} {v.path}:{Lines(v.text).of(f.span)[0] + 1} {f.severity.name} {f.code}:"
            f" {f.message} ({f.confidence:.2f})"
            for v, f in found
        ]
    return out


def _on_changed(version: Version, before: str) -> list[Finding]:
    task = Task(version.path, "", version.text, "", version.lines, only_changed=True, before=before)
    return review(task)
