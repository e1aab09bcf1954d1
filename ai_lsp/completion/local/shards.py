"""Suffix-sorted stretches of the workspace: every occurrence of the last k tokens, for all k at once.

A shard is written once and never changed. On disk it is one self-contained file (its own words, its own list
of source files), so that any number of servers may read, add and drop shards without agreeing on anything.
"""

from __future__ import annotations

import json
import mmap
import os
import struct
import tempfile
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ai_lsp.completion.local.lexing import END_OUT, FIRST_TEXT, PAD, Ids

MAX_ORDER = 12
MAGIC = b"ailspsh4"  # the format's version is its last character
SUFFIX = ".shard"
_HEAD = struct.Struct("<8sIIQ")  # magic, length of the description, its checksum, length of the whole file


class BadShardError(ValueError):
    """The bytes are not a whole shard of this version."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file a shard was made of: absolute path, and what told its version."""

    path: str
    mtime_ns: int
    size: int


def sort_suffixes(flat: Ids) -> Ids:
    """Positions of `flat` ordered by the tokens that end there, read backwards, as far as MAX_ORDER."""
    n = len(flat)
    reverse = flat[::-1]
    counts = np.bincount(reverse)
    rank = (np.cumsum(counts > 0) - 1)[reverse].astype(np.int64)
    width = 1
    order = np.argsort(rank, kind="stable")
    while width < MAX_ORDER:
        following = np.zeros(n, np.int64)
        following[:-width] = rank[width:] + 1
        key = rank * (n + 1) + following
        order = np.argsort(key, kind="stable")
        ordered = key[order]
        rank = np.zeros(n, np.int64)
        rank[order[1:]] = np.cumsum(ordered[1:] != ordered[:-1])
        if rank[order[-1]] == n - 1:
            break
        width *= 2
    positions = (n - 1 - order).astype(np.int32)
    return positions[positions >= MAX_ORDER]  # the padding in front has no full past


def build(files: Sequence[SourceFile], encoded: Sequence[Ids], words: Sequence[str]) -> bytes:
    """A shard's bytes. `encoded` are ids into `words`."""
    pad = np.zeros(MAX_ORDER + 1, np.int32)
    end = np.array([END_OUT, PAD], np.int32)
    parts: list[Ids] = [pad]
    starts = []
    at = len(pad)
    for ids in encoded:
        starts.append(at)
        parts += (ids, end)
        at += len(ids) + 2
    flat = np.concatenate(parts)
    used = np.zeros(len(words), bool)
    used[flat] = True
    used[: END_OUT + 1] = True
    dense = (np.cumsum(used) - 1).astype(np.int32)
    flat = dense[flat]
    kept = [w for w, is_used in zip(words, used.tolist(), strict=True) if is_used]
    positions = sort_suffixes(flat)
    first = np.searchsorted(flat[positions], np.arange(len(kept) + 1)).astype(np.int32)
    alphabet = np.array(sorted(range(END_OUT + 1, len(kept)), key=kept.__getitem__), np.int32)
    blob = "\n".join(kept[END_OUT + 1 :]).encode("utf-8", "surrogatepass")
    about = json.dumps(
        {
            "files": [[f.path, f.mtime_ns, f.size] for f in files],
            "starts": starts,
            "tokens": len(flat),
            "positions": len(positions),
            "words": len(kept),
            "text": len(blob),
        }
    ).encode()
    about += b" " * (-(_HEAD.size + len(about)) % 8)
    blob += b"\n" * (-len(blob) % 4)
    arrays = flat.tobytes() + positions.tobytes() + first.tobytes() + alphabet.tobytes()
    total = _HEAD.size + len(about) + len(blob) + len(arrays)
    return _HEAD.pack(MAGIC, len(about), zlib.crc32(about), total) + about + blob + arrays


def write(folder: Path, name: str, data: bytes) -> Path:
    """Puts a shard under its final name only when it is whole on the disk. Raises OSError."""
    handle, temporary = tempfile.mkstemp(prefix="new-", suffix=".part", dir=folder)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        final = folder / (name + SUFFIX)
        os.replace(temporary, final)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return final


class Shard:
    """A shard opened for reading; its arrays stay in the file until they are touched."""

    def __init__(self, data: bytes | mmap.mmap) -> None:
        if len(data) < _HEAD.size:
            raise BadShardError("too short")
        magic, about_size, checksum, total = _HEAD.unpack_from(data)
        if magic != MAGIC or total != len(data):
            raise BadShardError("another version, or cut short")
        about_bytes = data[_HEAD.size : _HEAD.size + about_size]
        if zlib.crc32(about_bytes) != checksum:
            raise BadShardError("damaged description")
        about = json.loads(about_bytes)
        self.files = [SourceFile(*row) for row in about["files"]]
        text_at = _HEAD.size + about_size
        tokens, positions, words, text = (about[k] for k in ("tokens", "positions", "words", "text"))
        arrays_at = text_at + text + (-text % 4)
        letters = words - FIRST_TEXT
        if arrays_at + 4 * (tokens + positions + words + 1 + letters) != total:
            raise BadShardError("sizes do not add up")
        self._words = (data[text_at : text_at + text]).decode("utf-8", "surrogatepass").split("\n")
        self.tok: Ids = np.frombuffer(data, np.int32, tokens, arrays_at)
        self.pos: Ids = np.frombuffer(data, np.int32, positions, arrays_at + 4 * tokens)
        first = np.frombuffer(data, np.int32, words + 1, arrays_at + 4 * (tokens + positions))
        self.first: Ids = first
        self.alphabet: Ids = np.frombuffer(
            data, np.int32, letters, arrays_at + 4 * (tokens + positions + words + 1)
        )
        view = memoryview(data)
        self._t = view[arrays_at : arrays_at + 4 * tokens].cast("i")
        self._p = view[arrays_at + 4 * tokens : arrays_at + 4 * (tokens + positions)].cast("i")
        self._first: Sequence[int] = memoryview(first)  # type: ignore[arg-type]
        self.word_count = words
        self.starts: Ids = np.array(about["starts"], np.int32)

    @classmethod
    def open(cls, path: Path) -> Shard:
        """Maps a shard file. Raises OSError or BadShardError."""
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size < _HEAD.size:
                raise BadShardError("too short")
            return cls(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))

    def take_words(self) -> list[str]:
        """The text of local ids from FIRST_TEXT on; they are handed over once and not kept."""
        words, self._words = self._words, []
        return words

    def ranges(self, context: Sequence[int]) -> list[tuple[int, int]]:
        """For k = 1, 2, …: the range of `pos` whose last k tokens are those of `context` (local ids)."""
        out: list[tuple[int, int]] = []
        t, p = self._t, self._p
        for back in range(min(MAX_ORDER, len(context))):
            word = context[-1 - back]
            if word < 0:
                break
            if back == 0:
                lo, hi = self._first[word], self._first[word + 1]
            else:
                lo = bisect_left(p, word, lo, hi, key=lambda q: t[q - back])
                hi = bisect_right(p, word, lo, hi, key=lambda q: t[q - back])
            if lo >= hi:
                break
            out.append((lo, hi))
        return out
