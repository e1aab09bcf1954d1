"""What a user called not a bug: fingerprints per repository, in the user's own state folder."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

from platformdirs import user_state_path

MOST = 10_000
"""Fingerprints kept of one repository; the oldest go first."""


def state_file(root: str) -> Path:
    """Where a repository's fingerprints are kept; its name tells nothing of the repository."""
    digest = hashlib.sha256(os.path.realpath(root).encode("utf-8", "surrogateescape")).hexdigest()[:24]
    return user_state_path("ai-lsp", appauthor=False) / "review" / f"{digest}.json"


def load(root: str) -> tuple[str, ...]:
    """The dismissed fingerprints, oldest first; none where the file is missing or damaged."""
    try:
        raw = json.loads(state_file(root).read_text("utf-8"))
    except (OSError, ValueError):
        return ()
    return tuple(f for f in raw if isinstance(f, str)) if isinstance(raw, list) else ()


def add(root: str, fingerprint: str) -> tuple[str, ...]:
    """Remember one more, and return all. Raises OSError where the folder cannot be written."""
    known = [f for f in load(root) if f != fingerprint]
    kept = (*known, fingerprint)[-MOST:]
    path = state_file(root)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_text(json.dumps(kept), "utf-8")
    temporary.replace(path)
    return kept
