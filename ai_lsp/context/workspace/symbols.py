"""The definitions of a workspace's files by name, and which of them matter where certain names are used."""

from __future__ import annotations

import math
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tree_sitter import Parser

from ai_lsp.context.languages import Row, language_of, syntax_of
from ai_lsp.context.syntax import Turns, parse_whole
from ai_lsp.context.syntax_facts import Parsed
from ai_lsp.context.syntax_outline import TooSlow
from ai_lsp.text.document import DocumentSnapshot

LANGUAGES = frozenset(
    "python javascript typescript tsx go rust java c cpp csharp ruby php bash lua".split()  # noqa: SIM905
)
"""Those whose files define what other files use."""

_ALIKE = {"tsx": "javascript", "typescript": "javascript", "cpp": "c"}
"""Languages whose files use each other's definitions."""

KINDS = frozenset(
    "function method class interface struct enum trait type macro module variable constant union".split()  # noqa: SIM905
)

PARSE_S = 0.5
MOST_OF_FILE = 2_000
MOST_SAME = 12
"""A name defined more often than this says nothing, unless the file is imported."""

_WORD = re.compile(r"[^\W\d]\w*")
_TEST = re.compile(
    r"(^|[/_.-])(tests?|specs?|__tests__)([/_.-]|$)|_test\.|\.test\.|\.spec\.|Test\.", re.IGNORECASE
)


class Symbol(NamedTuple):
    """A definition; lines are 0-based, `holder` is the name of what it stands in."""

    name: str
    kind: str
    path: str
    first_line: int
    last_line: int
    holder: str


@dataclass(frozen=True, slots=True)
class Use:
    """Where definitions are wanted: `names` used there, nearest first, and the text of the imports."""

    path: str
    language: str
    names: tuple[str, ...]
    imports: str = ""


class SymbolTable:
    """All definitions by name and by file."""

    def __init__(self, is_test: Callable[[str], bool]) -> None:
        """`is_test` says of a path whether it is that of a test."""
        self._is_test = is_test
        self._of_file: dict[str, tuple[Symbol, ...]] = {}
        self._family: dict[str, str] = {}
        self._by_name: dict[str, list[Symbol]] = defaultdict(list)

    def __len__(self) -> int:
        return sum(map(len, self._of_file.values()))

    def put(self, path: str, family: str, symbols: Sequence[Symbol]) -> None:
        """A file's definitions, in place of those it had."""
        self.drop(path)
        self._of_file[path] = tuple(symbols)
        self._family[path] = family
        for symbol in symbols:
            self._by_name[symbol.name].append(symbol)

    def drop(self, path: str) -> None:
        """A file is gone, or may not be read any more."""
        for symbol in self._of_file.pop(path, ()):
            kept = [one for one in self._by_name[symbol.name] if one.path != path]
            if kept:
                self._by_name[symbol.name] = kept
            else:
                self._by_name.pop(symbol.name, None)
        self._family.pop(path, None)

    def of_file(self, path: str) -> tuple[Symbol, ...]:
        return self._of_file.get(path, ())

    def find(self, use: Use, most: int) -> list[tuple[Symbol, float]]:
        """The definitions that matter most, with their scores; the file itself is left out."""
        imported = frozenset(_WORD.findall(use.imports))
        ranked = {name: 1 / (1 + 0.05 * rank) for rank, name in enumerate(use.names)}
        for name in imported:
            ranked.setdefault(name, 0.4)
        best: dict[tuple[str, int], tuple[Symbol, float]] = {}
        for name, nearness in ranked.items():
            if len(name) < 3:
                continue
            for symbol, score in self._scored(name, nearness, use, imported):
                place = (symbol.path, symbol.first_line)
                if place not in best or score > best[place][1]:
                    best[place] = symbol, score
        return sorted(best.values(), key=lambda one: (-one[1], one[0].path, one[0].first_line))[:most]

    def _scored(
        self, name: str, nearness: float, use: Use, imported: frozenset[str]
    ) -> Iterable[tuple[Symbol, float]]:
        here = [
            s for s in self._by_name.get(name, ()) if s.path != use.path and self._family[s.path] == use.language
        ]
        tops = [s for s in here if not s.holder]
        for symbol in here:
            affinity = _affinity(symbol, use, imported)
            if self._is_test(symbol.path) and not self._is_test(use.path):
                affinity = max(affinity - 0.8, -0.9)
            if len(here) > MOST_SAME and affinity < 2:
                continue
            rarity = 1 / (1 + math.log2(len(tops) if not symbol.holder and tops else len(here)))
            special = 1.5 if "_" in name.strip("_") or any(c.isupper() for c in name[1:]) else 1.0
            yield symbol, nearness * rarity * special * (1 + affinity)


def _affinity(symbol: Symbol, use: Use, imported: frozenset[str]) -> float:
    """How likely a file means this definition by the name: 0 for no sign, 3 and more where it is imported."""
    stem = _stem(symbol.path)
    folder, own = symbol.path.rpartition("/")[0], use.path.rpartition("/")[0]
    out = 0.0
    if stem in imported or folder.rpartition("/")[2] in imported:
        out += 2.0
    if symbol.name in imported or (symbol.holder and symbol.holder in imported):
        out += 1.0
    if folder == own:
        out += 0.5
    if symbol.holder and symbol.holder in use.names:
        out += 1.0
    if symbol.kind == "variable":
        out -= 0.3
    return out


def _stem(path: str) -> str:
    name = path.rpartition("/")[2]
    return name.partition(".")[0]


def is_test(path: str) -> bool:
    """Whether a path, relative to its workspace folder, is that of a test."""
    return _TEST.search(path) is not None


def family_of(row: Row) -> str:
    """The languages among which definitions are shared, by the name of one of them."""
    return _ALIKE.get(row.name, row.name)


class Reader:
    """Parses files, with a parser kept per language."""

    def __init__(self) -> None:
        self._parsers: dict[str, Parser] = {}

    def parsed(self, path: str, text: str) -> Parsed | None:
        """The tree of a file; None where there is no grammar, or parsing takes too long."""
        row = language_of("", path)
        if row is None or row.name not in LANGUAGES:
            return None
        try:
            syntax = syntax_of(row)
        except (ImportError, ValueError):
            return None
        parser = self._parsers.get(row.name)
        if parser is None:
            parser = self._parsers[row.name] = syntax.parser()
        snapshot = DocumentSnapshot(path, 1, row.ids[0], text)
        try:
            return parse_whole(parser, syntax, snapshot, Turns(time.monotonic, PARSE_S))
        except TooSlow:
            return None


def symbols_of(path: str, parsed: Parsed) -> list[Symbol]:
    """The definitions of a file that other files may use."""
    snapshot, outline = parsed.snapshot, parsed.outline
    out: list[Symbol] = []
    for definition, parent in zip(outline.definitions[:MOST_OF_FILE], outline.parents, strict=False):
        if definition.kind not in KINDS or not definition.name or len(definition.name) > 120:
            continue
        holder = outline.definitions[parent].name if parent >= 0 else ""
        if parent >= 0 and (
            definition.kind == "variable" or outline.definitions[parent].kind in ("function", "method")
        ):
            continue
        first = snapshot.line_at(definition.start)
        last = snapshot.line_at(max(definition.start, definition.end - 1))
        out.append(Symbol(definition.name, definition.kind, path, first, last, holder))
    return out


def outline_text(parsed: Parsed, first_line: int = 0, last_line: int = -1, most: int = 40) -> str:
    """The signatures within some lines of a file (of all, for -1), a line or more each, at most `most` lines."""
    snapshot = parsed.snapshot
    last = snapshot.line_count if last_line < 0 else last_line
    out: list[str] = []
    at = first_line
    for definition in parsed.outline.definitions:
        line = snapshot.line_at(definition.start)
        if (
            line < at
            or line > last
            or definition.kind not in KINDS
            or (definition.kind == "variable" and line > 200)
        ):
            continue
        end = min(snapshot.line_at(max(definition.start, definition.signature_end - 1)), line + 6)
        out += [snapshot.line(n) for n in range(line, end + 1)]
        at = end + 1
        if len(out) >= most:
            break
    return "".join(line[:200] + "\n" for line in out[:most])


def signature_text(parsed: Parsed, symbol: Symbol) -> str:
    """The signature of a definition as it stands in its lines; "" where it is not there any more."""
    snapshot = parsed.snapshot
    for definition in parsed.outline.definitions:
        if definition.name == symbol.name and snapshot.line_at(definition.start) == symbol.first_line:
            start = snapshot.line_span(symbol.first_line).start
            return snapshot.slice(start, definition.signature_end)[:1_000].rstrip() + "\n"
    return ""
