"""Finds an operator with the same thing on both sides: one of the two was meant to be another."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from ai_lsp.diagnostics.finders.finder import EVERY, Finder, found
from ai_lsp.diagnostics.finding import Finding
from ai_lsp.diagnostics.source import Source

CODE = "same-operands"

_OPERATORS = frozenset({"==", "!=", "===", "!==", "<", "<=", ">", ">=", "and", "or", "&&", "||", "-", "is", "in"})
_TYPES = ("binary_expression", "comparison_operator", "boolean_operator", "binary_operator")
_BLANKS = re.compile(r"\s+")
_NAN = frozenset({"!=", "!=="})


def find(source: Source) -> Iterator[Finding]:
    """`a.x == a.x`, `ready and ready`, `end - end`; not where calls may give different values."""
    if source.is_test:
        return  # tests compare things with themselves on purpose
    for node in source.nodes(*_TYPES):
        if node.child_count != 3 or node.has_error:
            continue
        left, operator, right = node.children
        if operator.type not in _OPERATORS or source.of(left) == "" or _is_number(left):
            continue
        text = _BLANKS.sub("", source.of(left))
        if text != _BLANKS.sub("", source.of(right)) or _may_vary(left):
            continue
        if operator.type in _NAN or (operator.type in ("==", "===") and left.type == "identifier"):
            continue  # the test for NaN
        yield found(
            CODE,
            f"Both sides of `{operator.type}` are `{text}`; one of them was probably meant to be another",
            node,
            because=f"`{text}` stands on both sides",
            weight=0.7,
        )


def _is_number(node: Node) -> bool:
    return node.type in (
        "integer",
        "float",
        "number",
        "int_literal",
        "float_literal",
        "integer_literal",
        "string",
    )


def _may_vary(node: Node) -> bool:
    return any("call" in each.type or each.type in ("await", "yield") for each in _all(node))


def _all(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from _all(child)


FINDER = Finder(CODE, "an operator with the same thing on both sides", EVERY, find)
