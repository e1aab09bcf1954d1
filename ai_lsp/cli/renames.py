"""Which variable the demo renames: one of a real function, used at a few places and nowhere else there."""

from __future__ import annotations

import re
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from ai_lsp.cli.scenes import LANGUAGES, Scene, bodies, source_files

BETTER_NAMES = {
    "answer": "reply",
    "chunk": "block",
    "count": "total",
    "data": "payload",
    "entry": "record",
    "error": "problem",
    "files": "sources",
    "found": "matches",
    "index": "position",
    "item": "element",
    "items": "entries",
    "length": "size",
    "lines": "rows",
    "match": "hit",
    "message": "notice",
    "name": "label",
    "names": "labels",
    "output": "written",
    "parts": "pieces",
    "path": "location",
    "result": "outcome",
    "results": "outcomes",
    "score": "rating",
    "text": "source",
    "token": "word",
    "tokens": "words",
    "value": "amount",
    "values": "amounts",
}
"""What somebody might call these instead; any other name gets a word in front."""

PLACES = range(2, 5)  # uses besides the definition: enough to see it, few enough to watch
LINES = range(5, 60)  # of the function, from the definition on
MAX_FILES = 250
SAMPLE_NAME = "sample.py"
SAMPLE = '''"""What the demo renames something in where it finds nothing better."""


def report(orders, limit):
    """The orders above a limit, the dearest first, with their sum."""
    found = [order for order in orders if order.price > limit]
    found.sort(key=lambda order: -order.price)
    rows = []
    for order in found:
        rows.append(f"{order.name:<20}{order.price:>10.2f}")
    amount = sum(order.price for order in found)
    rows.append(f"{'sum':<20}{amount:>10.2f}")
    return rows
'''

_DEFINITION = re.compile(r"^\s*(?:(?:let|const|var|val)\s+(?:mut\s+)?)?([A-Za-z_]\w{3,})\s*(?::=|=(?![=>]))\s*\S")


@dataclass(frozen=True, slots=True)
class Rename:
    """A variable of one function: its old and its new name, and the part of the text that is its scope.

    `scene.cursor` is the offset of the definition, where the scope begins; it ends at `end`.
    """

    scene: Scene
    name: str
    new_name: str
    end: int

    @property
    def places(self) -> int:
        """How many uses there are, the definition not counted."""
        return len(uses(self.name, self.scene.text[self.scene.cursor : self.end])) - 1


def uses(name: str, text: str) -> list[int]:
    """The offsets of a name where it stands as a word of its own."""
    return [match.start() for match in re.finditer(rf"\b{re.escape(name)}\b", text)]


def find_renames(root: Path, count: int, *, but: Collection[str] = ()) -> list[Rename]:
    """The `count` best renames under `root`, one a file, in an order that is always the same; none in `but`."""
    names = {path.relative_to(root).as_posix(): path for path in source_files(root)}
    order = sorted(names.keys() - set(but), key=lambda name: zlib.crc32(name.encode()))
    found = []
    for number, name in enumerate(order[:MAX_FILES]):
        best = max(
            _renames(name, names[name].read_bytes().decode("utf-8")), key=lambda pair: pair[0], default=None
        )
        if best is not None:
            found.append((-best[0], number, best[1]))
    return [rename for _, _, rename in sorted(found, key=lambda each: each[:2])[:count]]


def sample() -> Rename:
    """A rename in SAMPLE."""
    return max(_renames(SAMPLE_NAME, SAMPLE), key=lambda pair: pair[0])[1]


def _renames(path: str, text: str) -> Iterator[tuple[float, Rename]]:
    """Every rename that a file offers, with how good it is to look at."""
    lines = text.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    for header, last in bodies(lines):
        known = set(re.findall(r"\w+", lines[header]))
        for number in range(header + 1, last):
            if not (match := _DEFINITION.match(lines[number])) or last - number not in LINES:
                continue
            name, at, end = match[1], starts[number] + match.start(1), min(starts[last], len(text))
            new_name = _better(name)
            inside, everywhere = uses(name, text[at:end]), uses(name, text)
            if (
                name in known
                or len(inside) - 1 not in PLACES
                or len(inside) != len(everywhere)
                or uses(new_name, text)
                or not _is_plain(name, text[at:end])
            ):
                continue
            used = {text.count("\n", at, at + offset) for offset in inside}
            score = 2.0 * (name in BETTER_NAMES) + 1.0 * (len(used) == len(inside)) + 0.5 * (len(inside) == 4)
            score += 0.3 * (max(used) >= 8)
            language = LANGUAGES.get(Path(path).suffix, "plaintext")
            yield score, Rename(Scene(path, language, text, at, new_name), name, new_name, end)


def _is_plain(name: str, scope: str) -> bool:
    """Whether every use is plainly the variable: no field or argument of that name, none in prose."""
    word = re.escape(name)
    return not re.search(
        rf"\.{word}\b|\b{word}=[^=]|[\"'#`/]\s*{word}\b|\b{word}['\"]|\bfor\s+{word}\b|^\s*{word}\s*:?=[^=]",
        scope[len(name) :],
        re.MULTILINE,
    ) and all("#" not in line and "//" not in line for line in scope.split("\n") if uses(name, line))


def _better(name: str) -> str:
    if name in BETTER_NAMES:
        return BETTER_NAMES[name]
    is_camel = any(char.isupper() for char in name) and "_" not in name
    return f"current{name[0].upper()}{name[1:]}" if is_camel else f"current_{name}"
