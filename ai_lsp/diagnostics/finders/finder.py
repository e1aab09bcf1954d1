"""What a finder is: a code, a sentence on what it finds, and a function from a file to findings."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tree_sitter import Node

from ai_lsp.diagnostics.finding import Evidence, Finding, Related
from ai_lsp.diagnostics.source import Source, span
from ai_lsp.text.edit import Edit, Span


@dataclass(frozen=True, slots=True)
class Finder:
    """`languages` are rows' names of context/languages.py. `find` is pure and looks at one file."""

    code: str
    about: str
    languages: frozenset[str]
    find: Callable[[Source], Iterable[Finding]]


PYTHON = frozenset({"python"})
SCRIPT = frozenset({"javascript", "typescript", "tsx"})
GO = frozenset({"go"})
RUST = frozenset({"rust"})
EVERY = PYTHON | SCRIPT | GO | RUST


def found(
    code: str,
    message: str,
    node: Node,
    *,
    because: str,
    weight: float = 0.5,
    related: tuple[Related, ...] = (),
    fix: tuple[Edit, ...] = (),
    fix_title: str = "",
    at: Span | None = None,
) -> Finding:
    """A finding about a node, or about a place `at` in it, with the evidence of its own finder."""
    return Finding(
        code, message, at or span(node), (Evidence("static", code, because, weight),), related, fix, fix_title
    )
