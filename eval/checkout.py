"""A work tree of its own of a local clone, at one commit after another, with the history up to there."""

from __future__ import annotations

import subprocess
from pathlib import Path


class Checkout:
    """The files and the history of a repository as they were at a commit, in `root`."""

    def __init__(self, repository: str, root: Path) -> None:
        self.root = root
        self._run("clone", "--quiet", "--no-checkout", "--shared", str(Path(repository).resolve()), str(root))
        self._at = ""

    def at(self, commit: str) -> list[Path]:
        """Go to a commit; returns the files that differ from before, all of them the first time."""
        self._run(
            "-C", str(self.root), "-c", "advice.detachedHead=false", "checkout", "-q", "-f", "--detach", commit
        )
        if self._at:
            rows = self._run("-C", str(self.root), "diff", "--name-only", "-z", self._at, commit)
        else:
            rows = self._run("-C", str(self.root), "ls-files", "-z")
        self._at = commit
        return [self.root / name.decode("utf-8", "replace") for name in rows.split(b"\0") if name]

    def _run(self, *arguments: str) -> bytes:
        # Not checked: some mirrors lack their largest objects, and git writes all other files all the same.
        return subprocess.run(
            ["git", *arguments], check=False, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ).stdout
