"""Finds a name with two letters swapped: the right spelling stands beside it, or is a word of public code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from ai_lsp.diagnostics.finders.finder import EVERY, Finder, found
from ai_lsp.diagnostics.finding import Finding
from ai_lsp.diagnostics.grammar import words
from ai_lsp.diagnostics.source import Source, span
from ai_lsp.text.edit import Edit

CODE = "misspelled-name"

LEAST_LETTERS = 4
_NAMES = (
    "identifier",
    "property_identifier",
    "field_identifier",
    "shorthand_property_identifier",
    "type_identifier",
)


def find(source: Source) -> Iterator[Finding]:
    """`self.conenctions` where the file, or public code, knows `connections`; once in the file, for twice is a
    name."""
    nodes = [node for node in source.nodes(*_NAMES) if node.end_byte - node.start_byte >= LEAST_LETTERS]
    counts = Counter(source.of(node) for node in nodes)
    parts = Counter(word for name, n in counts.items() for word in words(name) * n)
    for node in nodes:
        name = source.of(node)
        if counts[name] != 1:
            continue
        for word in words(name):
            right = _right_spelling(word, parts)
            if right is None or word in source.text.lower().replace(name.lower(), "", 1):
                continue
            at = name.lower().index(word)
            cased = "".join(_cased(new, old) for new, old in zip(right, name[at : at + len(right)], strict=False))
            new = name[:at] + (cased + right[len(cased) :]) + name[at + len(word) :]
            known = counts[new] > 0
            yield found(
                CODE,
                f"`{name}` may be a slip for `{new}`",
                node,
                because=f"`{name}` stands here only, `{new}` elsewhere in the file" if known
                else f"“{word}” is no word of public code, “{right}” is",
                weight=0.85 if known else 0.55,
                fix=(Edit(span(node), new),),
                fix_title=f"Change to `{new}`",
            )  # fmt: skip
            break


def _right_spelling(word: str, parts: Counter[str]) -> str | None:
    """The word with two neighbouring letters swapped back, where that is a word and this is none."""
    if len(word) < LEAST_LETTERS or not word.isalpha() or word in vocabulary() or parts[word] > 1:
        return None
    for i in range(len(word) - 1):
        if word[i] != word[i + 1]:
            other = word[:i] + word[i + 1] + word[i] + word[i + 2 :]
            if other in vocabulary() or parts[other] > 1:
                return other
    return None


def _cased(new: str, old: str) -> str:
    return new.upper() if old.isupper() else new


@cache
def vocabulary() -> frozenset[str]:
    """Words that names in public code are made of, from several projects each."""
    path = Path(__file__).parents[1] / "words.txt"
    return frozenset(path.read_text("utf-8").split())


FINDER = Finder(CODE, "a name with a slip of the fingers", EVERY, find)
