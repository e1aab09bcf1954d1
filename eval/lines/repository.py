"""Commits, trees, files and changed stretches of a local git repository."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

CODE = {
    "py": "python", "pyi": "python", "js": "javascript", "mjs": "javascript", "cjs": "javascript",
    "jsx": "javascriptreact", "ts": "typescript", "mts": "typescript", "cts": "typescript",
    "tsx": "typescriptreact", "go": "go", "rs": "rust", "java": "java", "kt": "kotlin", "c": "c", "h": "c",
    "cc": "cpp", "cpp": "cpp", "hpp": "cpp", "cs": "csharp", "rb": "ruby", "php": "php", "lua": "lua",
    "swift": "swift",
}  # fmt: skip
"""File endings that count as code, and LSP's language id of each."""

LARGEST = 300_000  # bytes
_SKIPPED = re.compile(r"(^|/)(node_modules|dist|vendor|third_party|\.yarn|__snapshots__)/|\.min\.|\.lock$")
_HUNK = re.compile(rb"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


def is_code(path: str) -> bool:
    """Whether a path takes part in the measurement."""
    return path.rsplit(".", 1)[-1] in CODE and not _SKIPPED.search(path)


def language_id(path: str) -> str:
    """LSP's language id of a code file."""
    return CODE.get(path.rsplit(".", 1)[-1], "plaintext")


@dataclass(frozen=True, slots=True)
class Hunk:
    """Lines [start, start + len(old)) of the parent's file become `new`."""

    path: str
    start: int
    old: list[str]
    new: list[str]


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit with one parent, and the stretches of code files that it modifies."""

    sha: str
    parent: str
    hunks: list[Hunk] = field(default_factory=list)


class Repository:
    """A local clone, with or without a work tree; only read."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        path = Path(folder).resolve()
        self.name = path.parent.name if path.name in ("repo", ".git") else path.name

    def git(self, *arguments: str) -> bytes:
        """What a git command prints."""
        command = ["git", "-C", self.folder, *arguments]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout

    @cached_property
    def _objects(self) -> subprocess.Popen[bytes]:
        command = ["git", "-C", self.folder, "cat-file", "--batch"]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def blob(self, name: str) -> bytes | None:
        """The bytes that `<sha>` or `<commit>:<path>` names."""
        process = self._objects
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(name.encode() + b"\n")
        process.stdin.flush()
        head = process.stdout.readline().split()
        if len(head) < 3 or not head[2].isdigit():
            return None
        data = process.stdout.read(int(head[2]))
        process.stdout.read(1)
        return data

    def text(self, name: str) -> str | None:
        """A file's text with plain line ends; None where it is absent, large, binary or not UTF-8."""
        data = self.blob(name)
        if data is None or len(data) > LARGEST or b"\0" in data:
            return None
        try:
            return data.decode("utf-8").replace("\r\n", "\n")
        except UnicodeDecodeError:
            return None

    def close(self) -> None:
        """Ends the helper process."""
        if "_objects" in self.__dict__:
            self._objects.stdin.close()  # type: ignore[union-attr]
            self._objects.wait()
            del self.__dict__["_objects"]

    def tree(self, commit: str) -> dict[str, str]:
        """Path to blob of every code file at a commit."""
        found: dict[str, str] = {}
        for row in self.git("ls-tree", "-r", "-z", commit).split(b"\0"):
            if row:
                about, path_bytes = row.split(b"\t", 1)
                mode, kind, sha = about.decode().split()
                path = path_bytes.decode("utf-8", "replace")
                if kind == "blob" and mode != "120000" and is_code(path):
                    found[path] = sha
        return found

    def changed(self, before: str, after: str) -> dict[str, str | None]:
        """Code paths that differ between two trees, to the blob afterwards (None: deleted)."""
        found: dict[str, str | None] = {}
        rows = self.git("diff-tree", "-r", "-z", "--no-renames", before, after).split(b"\0")
        for about, path_bytes in zip(rows[0::2], rows[1::2], strict=False):
            fields = about.decode().split()
            path = path_bytes.decode("utf-8", "replace")
            if is_code(path):
                found[path] = None if fields[4] == "D" else fields[3]
        return found

    def commits(self, limit: int, wanted: Callable[[Commit], bool], skip: int = 0) -> list[Commit]:
        """The newest commits without merges for which `wanted` holds, oldest first."""
        found: list[Commit] = []
        for row in self.git("log", "--no-merges", "--format=%H %P", "HEAD").decode().splitlines():
            names = row.split()
            if len(names) != 2:
                continue
            commit = Commit(names[0], names[1], self._hunks(names[1], names[0]))
            if commit.hunks and wanted(commit):
                if skip:
                    skip -= 1
                    continue
                found.append(commit)
                if len(found) == limit:
                    break
        return found[::-1]

    def _hunks(self, parent: str, sha: str) -> list[Hunk]:
        """Changed stretches of modified code files without context, in the order of the diff."""
        options = ("-p", "-U0", "--no-renames", "--diff-filter=M", "--no-color", "--no-ext-diff")
        found: list[Hunk] = []
        path: str | None = None
        hunk: Hunk | None = None
        for line in self.git("diff-tree", *options, parent, sha).split(b"\n"):
            if line.startswith(b"diff --git "):
                path, hunk = None, None
            elif hunk is None and line.startswith(b"+++ b/"):
                name = line[6:].decode("utf-8", "replace").rstrip("\t")
                path = name if is_code(name) else None
            elif path and (head := _HUNK.match(line)):
                start, count = int(head[1]), int(head[2] or 1)
                hunk = Hunk(path, start - 1 if count else start, [], [])
                found.append(hunk)
            elif hunk is not None and line[:1] in (b"+", b"-"):
                text = line[1:].decode("utf-8", "replace").rstrip("\r")
                (hunk.new if line[:1] == b"+" else hunk.old).append(text)
        return found
