"""The predictor's indexer: a child process of low priority that turns workspace files into shards, then ends.

It reads one job from stdin and reports shards on stdout as they become usable. It may be killed at any moment:
a shard has its final name only when it is whole, and nobody but the shard itself says what it holds.
"""

from __future__ import annotations

import hashlib
import os
import sys
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import BinaryIO

from ai_lsp.completion.local.lexing import FileEncoder, Ids, family
from ai_lsp.completion.local.shards import SUFFIX, BadShardError, Shard, SourceFile, build, write
from ai_lsp.context import wire
from ai_lsp.context.secrets import Scanner
from ai_lsp.context.workspace_files import FoundFile, WorkspaceFiles, read_source

SHARD_TOKENS = 2_000_000
_FIRST_TOKENS = 300_000  # the first shard is small, so that it is there soon
_WORTH_KEEPING = 0.6  # share of a shard's files that are still current
_OLD_PART_S = 3600.0  # half-written files older than this belong to nobody


def cache_folder(base: Path, root: str) -> Path:
    """Where a workspace's shards are kept."""
    return base / hashlib.sha256(os.path.realpath(root).encode("utf-8", "surrogateescape")).hexdigest()[:24]


def main() -> None:
    """Reads a job and does it."""
    job = wire.read(sys.stdin.buffer)
    if job is None:
        return
    if hasattr(os, "nice"):
        os.nice(19)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    out = sys.stdout.buffer
    kind, base, roots, paths, patterns, most = job
    rules = [WorkspaceFiles(root, patterns=tuple(patterns)) for root in roots]
    if kind == "whole":
        for root, rule in zip(roots, rules, strict=True):
            _index_root(out, rule, cache_folder(Path(base), root) if base else None, most)
    elif kind == "files":
        found = [f for path in paths if (f := _allowed(rules, path)) is not None]
        _build_all(out, found, None)
    _send(out, ["done"])
    os._exit(0)  # at a common end the thread that reads stdin would be waited for


def _end_with_parent() -> None:
    while sys.stdin.buffer.read(1):
        pass
    os._exit(0)


def _allowed(rules: Sequence[WorkspaceFiles], path: str) -> FoundFile | None:
    for one in rules:
        found = one.may_index(path)
        if found is not None:
            return found
    return None


def _send(out: BinaryIO, message: wire.Message, raw: bytes = b"") -> None:
    out.write(wire.pack(message))
    if raw:
        out.write(raw)
    out.flush()


def _index_root(out: BinaryIO, rules: WorkspaceFiles, folder: Path | None, most: int) -> None:
    """Reports cached shards that still hold, then builds the rest."""
    current = {f.path: f for f in rules.walk(most)}
    folder = _usable(folder)
    covered: set[str] = set()
    if folder is not None:
        for path in sorted(folder.glob("*" + SUFFIX)):
            covered |= _reuse(out, path, current, covered)
    missing = [f for path, f in current.items() if path not in covered]
    _build_all(out, missing, folder)


def _reuse(out: BinaryIO, path: Path, current: dict[str, FoundFile], covered: set[str]) -> set[str]:
    """Reports one cached shard and returns the files it covers; removes it when it is of no more use."""
    try:
        files = Shard.open(path).files
    except (OSError, BadShardError, ValueError, KeyError):
        path.unlink(missing_ok=True)
        return set()
    live = [
        f.path not in covered
        and (now := current.get(f.path)) is not None
        and (now.mtime_ns, now.size) == (f.mtime_ns, f.size)
        for f in files
    ]
    if sum(live) < _WORTH_KEEPING * len(files) or not any(live):
        try:
            path.unlink(missing_ok=True)
        except OSError:
            pass
        return set()
    _send(out, ["use", str(path), [i for i, is_live in enumerate(live) if not is_live]])
    return {f.path for f, is_live in zip(files, live, strict=True) if is_live}


def _usable(folder: Path | None) -> Path | None:
    """The folder, made when it is not there; None where nothing can be written."""
    if folder is None:
        return None
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe = folder / f".probe-{os.getpid()}"
        probe.touch()
        probe.unlink()
        now = probe.parent.stat().st_mtime
        for part in folder.glob("*.part"):
            if now - part.stat().st_mtime > _OLD_PART_S:
                part.unlink(missing_ok=True)
    except OSError:
        return None
    return folder


def _build_all(out: BinaryIO, found: Iterable[FoundFile], folder: Path | None) -> None:
    """Builds and reports shards of some files, those of one language together."""
    files: list[SourceFile] = []
    encoded: list[Ids] = []
    encoder = FileEncoder()
    scanner = Scanner()
    room = _FIRST_TOKENS
    for file in sorted(found, key=lambda f: family(f.path)):
        text = read_source(file.path)
        if text is None:
            continue
        ids = encoder.encode(_without_secrets(text, scanner))
        files.append(SourceFile(file.path, file.mtime_ns, file.size))
        encoded.append(ids)
        room -= len(ids)
        if room <= 0:
            _finish(out, files, encoded, encoder, folder)
            files, encoded, encoder, room = [], [], FileEncoder(), SHARD_TOKENS
    if files:
        _finish(out, files, encoded, encoder, folder)


def _without_secrets(text: str, scanner: Scanner) -> str:
    """The text with a blank in place of each key or password found in it: an index outlives its source."""
    parts: list[str] = []
    at = 0
    for found in scanner.find(text):
        parts.append(text[at : found.start])
        at = found.end
    return " ".join([*parts, text[at:]]) if parts else text


def _finish(
    out: BinaryIO, files: Sequence[SourceFile], encoded: Sequence[Ids], encoder: FileEncoder, folder: Path | None
) -> None:
    data = build(files, encoded, encoder.words())
    if folder is not None:
        try:
            path = write(folder, hashlib.sha256(data).hexdigest()[:32], data)
        except OSError:
            pass  # a full disk: this shard lives in memory
        else:
            _send(out, ["use", str(path), []])
            return
    _send(out, ["inline", len(data)], data)


if __name__ == "__main__":
    main()
