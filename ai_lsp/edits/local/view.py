"""A file's lines, with what is asked of them often: where a word stands, what encloses a line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from ai_lsp.edits.local.tokens import KEYWORDS, NAME, WORD

LONGEST_LINE = 400
"""Characters; a longer line is data, and no place for an edit by example."""

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
    """The lines of one version of a file."""

    __slots__ = ("_headers", "_words", "lines")

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = lines
        self._words: dict[str, list[int]] | None = None
        self._headers: list[int] | None = None

    @property
    def words(self) -> dict[str, list[int]]:
        """The lines, in order, on which each word stands."""
        if self._words is None:
            found: dict[str, list[int]] = {}
            for number, line in enumerate(self.lines):
                if len(line) <= LONGEST_LINE:
                    for word in set(WORD.findall(line)):
                        known = found.get(word)
                        if known is None:
                            found[word] = [number]
                        else:
                            known.append(number)
            self._words = found
        return self._words

    def with_any(self, words: Sequence[str]) -> list[int]:
        """The lines that hold one of some words, in order."""
        if len(words) <= 1:
            return self.words.get(words[0], []) if words else []
        return sorted({n for word in words for n in self.words.get(word, ())})

    def rare(self, words: Sequence[str]) -> list[str]:
        """The three of some words that stand on the fewest lines here, of those that stand here at all."""
        return sorted((w for w in words if w in self.words), key=lambda w: len(self.words[w]))[:3]

    def header(self, line: int) -> int:
        """The nearest line above that is indented less, -1 for none: what encloses a line by its layout."""
        if self._headers is None:
            self._headers = _headers(self.lines)
        return self._headers[line] if 0 <= line < len(self._headers) else -1


def _headers(lines: Sequence[str]) -> list[int]:
    """For each line the one that encloses it; a blank line has that of the next, a closing bracket is none."""
    out: list[int] = []
    open_: list[tuple[int, int]] = []
    blank = 0
    for number, line in enumerate(lines):
        body = line.lstrip(" \t")
        if not body:
            blank += 1
            continue
        is_closing = body[0] in ")]}"
        depth = width(line)
        while open_ and not is_closing and open_[-1][0] >= depth:
            open_.pop()
        header = next((number for width_, number in reversed(open_) if width_ < depth), -1)
        out += [header] * (blank + 1)
        blank = 0
        if not is_closing:
            open_.append((depth, number))
    return out + [-1] * blank


@lru_cache(maxsize=1 << 15)
def width(line: str) -> int:
    """Columns of the blanks that a line starts with, a tab counting as four."""
    body = line.lstrip(" \t")
    blanks = line[: len(line) - len(body)]
    return len(blanks.expandtabs(4)) if "\t" in blanks else len(blanks)


@lru_cache(maxsize=1 << 14)
def defined(line: str) -> frozenset[str]:
    """The names that a line, by its looks, gives a meaning to: what it declares, assigns, takes as parameters."""
    found = {m[1] for m in _DEFINES.finditer(line)}
    if (assigned := _ASSIGNS.match(line)) is not None:
        found.add(assigned[1])
    if (signature := _SIGNATURE.search(line)) is not None:
        found.update(NAME.findall(re.sub(r"[:=]\s*[^,)]*", "", signature[1])))
    return frozenset(found - KEYWORDS)


@lru_cache(maxsize=1 << 14)
def is_import(line: str) -> bool:
    """Whether a line brings in names from elsewhere."""
    return _IMPORT.match(line) is not None
