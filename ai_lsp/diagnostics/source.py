"""A file as the finders see it: text and tree, with the places of the one being the places of the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tree_sitter import Node

from ai_lsp.context.languages import language_of, syntax_of
from ai_lsp.context.syntax_facts import tree_bytes
from ai_lsp.diagnostics.rewrites import Rewrites
from ai_lsp.text.edit import Span

DEEPEST = 400
"""Levels of a tree below which nothing is looked at: such trees are data or generated."""


@dataclass(frozen=True)
class Source:
    """One file. `path` is relative to its folder with `/`; `language` is a row's name of context/languages.py;
    `rewrites` tells how the text differs from what it was, None where that is not known."""

    path: str
    language: str
    text: str
    root: Node
    rewrites: Rewrites | None = None
    worked_out: dict[str, Any] = field(default_factory=dict, repr=False)
    """What finders share: the first one that needs it works it out."""
    _by_type: dict[str, list[Node]] = field(default_factory=dict, repr=False)

    def of(self, node: Node | None) -> str:
        """The text of a node; empty for none."""
        return "" if node is None else self.text[node.start_byte : node.end_byte]

    def nodes(self, *types: str) -> Iterator[Node]:
        """Every node of the types, in the order of the text for each type."""
        if not self._by_type:
            for node in walk(self.root):
                self._by_type.setdefault(node.type, []).append(node)
        for type_ in types:
            yield from self._by_type.get(type_, ())

    @property
    def is_test(self) -> bool:
        """Whether the file's name says that it tests."""
        name = self.path.rsplit("/", 1)[-1].lower()
        return (
            "test" in name
            or "spec" in name
            or any(
                part in ("test", "tests", "testing", "__tests__") or part.endswith(("_test", "_tests", "-tests"))
                for part in self.path.lower().split("/")[:-1]
            )
        )


def read(path: str, language_id: str, text: str, before: str | None = None) -> Source | None:
    """A file with its tree; None where its language has no grammar."""
    row = language_of(language_id, path)
    if row is None:
        return None
    rewrites = Rewrites(before, text) if before is not None else None
    return Source(path, row.name, text, syntax_of(row).parser().parse(tree_bytes(text)).root_node, rewrites)


def walk(node: Node, keep: Callable[[Node], bool] | None = None) -> Iterator[Node]:
    """A node and what is below it, in the order of the text; `keep` says of a node whether to go into it."""
    waiting = [(node, 0)]
    while waiting:
        at, depth = waiting.pop()
        yield at
        if depth < DEEPEST and (keep is None or keep(at)):
            waiting.extend((child, depth + 1) for child in reversed(at.children))


def span(node: Node) -> Span:
    """The offsets of a node."""
    return Span(node.start_byte, node.end_byte)
