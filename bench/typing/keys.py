"""From finished files to what a person does with the keyboard: a fixed list of changes with pauses between them.

Blocks of lines are left out of each file, and written again key by key; one in four stands there at first and is
deleted before. The same files and seed give the same keys.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

BLOCK_LINES = (4, 14)
BLOCK_CHARS = (90, 560)
DELETED = 4  # one block in so many is deleted and typed again; the others are new

KEY_MS = (60.0, 95.0, 200.0)  # least, median, most
SYMBOL_MS = (100.0, 600.0)  # a pause at half of all symbols
LINE_MS = (200.0, 1_200.0)  # before a new line
NOTICE_MS = (150.0, 260.0)  # until a typo is seen
JUMP_MS = (500.0, 900.0)
TYPO = 0.02
SYMBOLS = "([{:=,.\"'+-*/<>"

SUFFIXES = {
    ".py": "python", ".js": "javascript", ".ts": "typescript", ".go": "go", ".rs": "rust", ".c": "c",
    ".h": "c", ".java": "java", ".rb": "ruby",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Key:
    """One change of a document, `pause_ms` after the one before: `text` in place of `start..end`.

    `place` is the cursor's offset in the finished text, or None where the text left of the cursor is not (yet)
    that of the finished text. A key of kind "jump" starts a block: time in front of it is not typing.
    """

    kind: str  # "jump", "delete", "type", "typo", "back"
    path: str
    pause_ms: float
    start: int
    end: int
    text: str
    cursor: int
    place: int | None


@dataclass(frozen=True, slots=True)
class Script:
    """Files as they are at first, as they shall be, and the keys between."""

    before: Mapping[str, str]
    finished: Mapping[str, str]
    keys: Sequence[Key]


@dataclass(frozen=True, slots=True)
class Block:
    """Lines of a finished text, without the last line's end."""

    path: str
    start: int
    end: int
    is_deleted: bool


def read_files(places: Sequence[Path], most: int) -> tuple[dict[str, str], dict[str, str]]:
    """The files to type in, and the other files of the repositories given, by path."""
    typed: dict[str, str] = {}
    others: dict[str, str] = {}
    for place in places:
        if place.is_file():
            typed[place.name] = place.read_text("utf-8")
            continue
        found: dict[str, str] = {}
        for path in sorted(place.rglob("*")):
            name = path.relative_to(place).as_posix()
            if path.suffix in SUFFIXES and path.is_file() and not name.startswith(".") and "/." not in name:
                text = path.read_text("utf-8", errors="replace")
                if len(text) < 200_000 and "\r" not in text:
                    found[name] = text
        able = sorted((n for n in found if len(_blocks(found[n])) >= 3), key=lambda n: zlib.crc32(n.encode()))
        typed.update({name: found[name] for name in able[:most]})
        others.update({name: text for name, text in found.items() if name not in able[:most]})
    return typed, dict(list(others.items())[:300])


def script(files: Mapping[str, str], most_keys: int, seed: int = 1) -> Script:
    """Up to `most_keys` keys in these files, in turns."""
    dice = random.Random(seed)
    chosen: list[list[Block]] = []
    for path, text in files.items():
        blocks = _blocks(text)
        dice.shuffle(blocks)
        picked = sorted(blocks[: max(2, len(blocks) // 3)])
        chosen.append([Block(path, a, b, False) for a, b in picked])
    order = [block for turn in _turns(chosen) for block in turn]
    order = [Block(b.path, b.start, b.end, number % DELETED == DELETED - 1) for number, b in enumerate(order)]
    kept, count = [], 0
    for block in order:
        if count >= most_keys:
            break
        kept.append(block)
        count += block.end - block.start
    before = {
        path: _without(text, [b for b in kept if b.path == path and not b.is_deleted])
        for path, text in files.items()
    }
    return Script(before, dict(files), list(_keys(kept, files, dice)))


def _turns(lists: list[list[Block]]) -> Iterator[list[Block]]:
    for turn in range(max(map(len, lists), default=0)):
        yield [each[turn] for each in lists if turn < len(each)]


def _blocks(text: str) -> list[tuple[int, int]]:
    """Runs of lines between blank lines, of a size that a person writes in one go."""
    out, at, first, lines = [], 0, 0, 0
    for line in [*text.splitlines(keepends=True), "\n"]:
        if line.strip():
            if lines == 0:
                first = at
            lines += 1
        else:
            size = at - 1 - first
            if BLOCK_LINES[0] <= lines <= BLOCK_LINES[1] and BLOCK_CHARS[0] <= size <= BLOCK_CHARS[1]:
                out.append((first, at - 1))
            lines = 0
        at += len(line)
    return out


def _without(text: str, blocks: Sequence[Block]) -> str:
    for block in sorted(blocks, key=lambda b: -b.start):
        text = text[: block.start] + text[block.end :]
    return text


def _keys(blocks: Sequence[Block], finished: Mapping[str, str], dice: random.Random) -> Iterator[Key]:
    missing = {(b.path, b.start): b for b in blocks if not b.is_deleted}

    def now(path: str, place: int) -> int:
        """The offset in the document as it is now of a place of the finished text."""
        return place - sum(b.end - b.start for b in missing.values() if b.path == path and b.start < place)

    for block in blocks:
        text = finished[block.path][block.start : block.end]
        start = now(block.path, block.start)
        yield Key("jump", block.path, dice.uniform(*JUMP_MS), start, start, "", start, block.start)
        if block.is_deleted:
            yield Key("delete", block.path, 400.0, start, start + len(text), "", start, block.start)
        yield from _typed(block, text, start, dice)
        missing.pop((block.path, block.start), None)


def _typed(block: Block, text: str, start: int, dice: random.Random) -> Iterator[Key]:
    """The keys of one block whose first character goes to offset `start`."""

    def key(kind: str, a: int, b: int, new: str, place: int | None) -> Key:
        return Key(kind, block.path, pause, a, b, new, a + len(new), place)

    cursor, indent = start, ""
    lines = text.split("\n")
    place = block.start
    for number, line in enumerate(lines):
        wanted = line[: len(line) - len(line.lstrip())]
        if number:
            pause = dice.uniform(*LINE_MS)
            place += 1
            right = place + len(indent) if wanted.startswith(indent) else None
            yield key("type", cursor, cursor, "\n" + indent, right)
            cursor += 1 + len(indent)
        if wanted != indent and wanted.startswith(indent):
            pause = _gap(dice)
            yield key("type", cursor, cursor, wanted[len(indent) :], place + len(wanted))
            cursor += len(wanted) - len(indent)
        elif wanted != indent:
            pause = _gap(dice)
            yield key("back", cursor - len(indent) + len(wanted), cursor, "", place + len(wanted))
            cursor -= len(indent) - len(wanted)
        place += len(wanted)
        indent = wanted
        for char in line[len(wanted) :]:
            pause = _gap(dice)
            if char in SYMBOLS and dice.random() < 0.5:
                pause += dice.uniform(*SYMBOL_MS)
            if char.isalpha() and dice.random() < TYPO:
                wrong = chr(ord("a") + (ord(char.lower()) - ord("a") + 7) % 26) if char.isascii() else "x"
                yield key("typo", cursor, cursor, wrong, None)
                pause = dice.uniform(*NOTICE_MS)
                yield key("back", cursor, cursor + 1, "", place)
                pause = _gap(dice)
            yield key("type", cursor, cursor, char, place + 1)
            cursor += 1
            place += 1


def _gap(dice: random.Random) -> float:
    low, middle, high = KEY_MS
    return min(high, max(low, middle * dice.lognormvariate(0.0, 0.35)))
