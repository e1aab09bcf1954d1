"""A file's lines, with what is asked of them often: where a word stands, what encloses a line."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from functools import lru_cache

from ai_lsp.edits.local.chunks import LONGEST_LINE, Chunk, chunked
from ai_lsp.edits.local.tokens import KEYWORDS, NAME

__all__ = ["LONGEST_LINE", "View", "declared", "defined", "is_import", "width"]

_DEFINES = re.compile(
    r"\b(?:def|class|func|function|fn|fun|type|struct|interface|enum|trait|union|const|let|var|val|static|mod|module|"
    r"namespace|package|object|record|macro_rules!|define|typedef)\s+(?:mut\s+)?(?:\([^)]*\)\s*)?\*?([^\W\d][\w$]*)"
)
_ASSIGNS = re.compile(r"^\s*(?:[\w.]*\b(?:this|self)\.)?([^\W\d][\w$]*)\s*(?::[^=]+?)?(?::=|=(?![=>]))")
_SIGNATURE = re.compile(r"\b(?:def|func|function|fn|fun)\b[^(]*\(([^)]*)")
_IMPORT = re.compile(
    r"\s*(?:import\b|from\s+\S+\s+import\b|#\s*include\b|use\s|using\s|require\b|(?:const|let|var)\s.*\brequire\(|"
    r"export\s.*\bfrom\b|pub\s+use\s)"
)


class View:
    """The lines of one version of a file; what is asked of it is kept."""

    __slots__ = ("_chunks", "_headers", "_on", "lines")

    def __init__(self, lines: Sequence[str], chunks: Sequence[Chunk] | None = None) -> None:
        """`chunks` hold the same lines."""
        self.lines = lines
        self._chunks = tuple(chunked(lines) if chunks is None else chunks)
        self._on: dict[str, list[int]] = {}
        self._headers: dict[int, int] = {}

    def on(self, word: str) -> list[int]:
        """The lines, in order, on which a word stands."""
        known = self._on.get(word)
        if known is None:
            known, start = [], 0
            for chunk in self._chunks:
                numbers = chunk.words.get(word)
                if numbers is not None:
                    known += [start + number for number in numbers]
                start += len(chunk.lines)
            self._on[word] = known
        return known

    def has(self, word: str) -> bool:
        """Whether a word stands anywhere."""
        return any(word in chunk.words for chunk in self._chunks)

    def words_with(self, part: str) -> set[str]:
        """The words that hold a part."""
        return {word for chunk in self._chunks for word in chunk.words if part in word}

    def with_any(self, words: Collection[str]) -> list[int]:
        """The lines that hold one of some words, in order."""
        if len(words) == 1:
            return self.on(next(iter(words)))
        return sorted({number for word in words for number in self.on(word)})

    def rare(self, words: Sequence[str]) -> list[str]:
        """The three of some words that stand on the fewest lines here, of those that stand here at all."""
        return sorted((w for w in words if self.on(w)), key=lambda w: len(self.on(w)))[:3]

    def header(self, line: int) -> int:
        """The nearest line above that is indented less, -1 for none: what encloses a line by its layout.

        A blank line has that of the next one; a closing bracket encloses nothing."""
        known = self._headers.get(line)
        if known is None:
            known = self._headers[line] = self._header(line)
        return known

    def _header(self, line: int) -> int:
        lines = self.lines
        at = line
        while 0 <= at < len(lines) and not lines[at].strip(" \t"):
            at += 1
        if not 0 <= at < len(lines) or (depth := width(lines[at])) == 0:
            return -1
        for number in range(at - 1, -1, -1):
            body = lines[number].lstrip(" \t")
            if body and body[0] not in ")]}" and width(lines[number]) < depth:
                return number
        return -1


@lru_cache(maxsize=1 << 15)
def width(line: str) -> int:
    """Columns of the blanks that a line starts with, a tab counting as four."""
    body = line.lstrip(" \t")
    blanks = line[: len(line) - len(body)]
    return len(blanks.expandtabs(4)) if "\t" in blanks else len(blanks)


@lru_cache(maxsize=1 << 14)
def defined(line: str) -> frozenset[str]:
    """The names that a line, by its looks, gives a meaning to: what it declares, assigns, takes as parameters."""
    found = set(declared(line))
    if (signature := _SIGNATURE.search(line)) is not None:
        found.update(NAME.findall(re.sub(r"[:=]\s*[^,)]*", "", signature[1])))
    return frozenset(found - KEYWORDS)


@lru_cache(maxsize=1 << 14)
def declared(line: str) -> frozenset[str]:
    """Of `defined`, those that are no parameters."""
    found = {m[1] for m in _DEFINES.finditer(line)}
    if (assigned := _ASSIGNS.match(line)) is not None:
        found.add(assigned[1])
    return frozenset(found - KEYWORDS)


@lru_cache(maxsize=1 << 14)
def is_import(line: str) -> bool:
    """Whether a line brings in names from elsewhere."""
    return _IMPORT.match(line) is not None
