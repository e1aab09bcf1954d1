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
MOST_SIGNATURE_LINES, MOST_DEFINITION_LINES, MOST_EXCERPT_LINES = 8, 40, 30
MOST_SAME = 12
"""A name defined more often than this says nothing, unless the file is imported."""

_WORD = re.compile(r"[^\W\d]\w*")
_TEST = re.compile(
    r"(^|[/_.-])(tests?|specs?|__tests__)([/_.-]|$)|_test\.|\.test\.|\.spec\.|Test\.", re.IGNORECASE
)


class Symbol(NamedTuple):
    """A definition; lines are 0-based, the signature's last one is `signature_line`, `holder` is the name of what
    it stands in."""

    name: str
    kind: str
    path: str
    first_line: int
    last_line: int
    signature_line: int
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
        self._texts: dict[str, int] = {}
        self._by_name: dict[str, list[Symbol]] = defaultdict(list)

    def __len__(self) -> int:
        return sum(map(len, self._of_file.values()))

    def put(self, path: str, family: str, text: int, symbols: Sequence[Symbol]) -> None:
        """A file's definitions, in place of those it had; `text` is a hash of the text they were found in."""
        self.drop(path)
        self._texts[path] = text
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
        self._texts.pop(path, None)

    def is_of(self, path: str, text: int) -> bool:
        """Whether a file's definitions are those of a text with this hash."""
        return self._texts.get(path) == text

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
            if symbol.holder and name not in use.names:
                continue  # an import's path names modules, not members
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
        signature = snapshot.line_at(max(definition.start, definition.signature_end - 1))
        signature = min(signature, first + MOST_SIGNATURE_LINES)
        out.append(Symbol(definition.name, definition.kind, path, first, last, signature, holder))
    return out


def signature_text(snapshot: DocumentSnapshot, symbol: Symbol) -> str:
    """The lines of a definition's signature."""
    return "".join(snapshot.line(n)[:200] + "\n" for n in range(symbol.first_line, symbol.signature_line + 1))


def outline_text(
    snapshot: DocumentSnapshot, symbols: Iterable[Symbol], first_line: int, last_line: int, most: int
) -> str:
    """The signatures of those of a file's symbols that start within some lines, at most `most` lines."""
    out: list[str] = []
    at = first_line
    for symbol in symbols:
        if not at <= symbol.first_line <= last_line or (symbol.kind == "variable" and symbol.first_line > 200):
            continue
        out += [snapshot.line(n)[:200] + "\n" for n in range(symbol.first_line, symbol.signature_line + 1)]
        at = symbol.signature_line + 1
        if len(out) >= most:
            break
    return "".join(out[:most])


def definition_text(snapshot: DocumentSnapshot, symbols: Iterable[Symbol], symbol: Symbol) -> str:
    """All lines of a definition; of a long one the signatures in it."""
    if symbol.last_line - symbol.first_line < MOST_DEFINITION_LINES:
        start, end = snapshot.line_span(symbol.first_line).start, snapshot.line_span(symbol.last_line).end
        if end - start <= 200 * MOST_DEFINITION_LINES:
            return snapshot.slice(start, end) + "\n"
    return outline_text(snapshot, symbols, symbol.first_line, symbol.last_line, MOST_DEFINITION_LINES)


def excerpt(snapshot: DocumentSnapshot, symbols: Iterable[Symbol], name: str) -> tuple[str, int, int]:
    """The first small definition of a file that names something, and its lines; "" where there is none."""
    for symbol in symbols:
        if symbol.signature_line < symbol.last_line <= symbol.first_line + MOST_EXCERPT_LINES:
            start, end = snapshot.line_span(symbol.first_line).start, snapshot.line_span(symbol.last_line).end
            if name in (text := snapshot.slice(start, end)):
                return text + "\n", symbol.first_line, symbol.last_line
    return "", 0, -1
