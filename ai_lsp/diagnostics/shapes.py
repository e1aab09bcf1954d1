"""What kind of thing an expression is, and the choices that code has among operators."""

from __future__ import annotations

from tree_sitter import Node

from ai_lsp.diagnostics.grammar import (
    CALLS,
    IDENTIFIERS,
    MEMBERS,
    NOTHING,
    NUMBERS,
    STRINGS,
    SUBSCRIPTS,
    bare,
    binary,
)
from ai_lsp.diagnostics.source import Source

GROUPS: dict[str, tuple[str, ...]] = {
    "equal": ("==", "!="),
    "is": ("is", "is not"),
    "in": ("in", "not in"),
    "order": ("<", "<=", ">", ">="),
    "bool": ("and", "or"),
    "sign": ("+", "-"),
    "not": ("plain", "not"),
    "number": ("0", "1", "2", "3"),
    "arguments": ("right", "swapped"),
    "numeral": ("right", "off by one"),
}
"""The choices of each kind."""

GROUP_OF = {
    choice: group
    for group, choices in GROUPS.items()
    for choice in choices
    if group in ("equal", "is", "in", "order", "bool", "sign")
}


def shape_of(source: Source, node: Node) -> str:
    """What kind of thing an expression is."""
    if node.type in NOTHING:
        return "nothing"
    if node.type in NUMBERS:
        return "number"
    if node.type in STRINGS:
        return "text"
    if node.type in CALLS:
        return "call"
    if node.type in MEMBERS:
        return "member"
    if node.type in SUBSCRIPTS:
        return "item"
    if node.type in IDENTIFIERS:
        name = source.of(node)
        return "constant" if name.isupper() and len(name) > 1 else "name"
    both = binary(source, node)
    if both is not None:
        right = value_of(source, bare(both.right))
        sign = both.operator if both.operator not in GROUP_OF or GROUP_OF[both.operator] == "sign" else "op"
        return f"{sign} {right}" if sign in "+-" else sign
    return node.type


def value_of(source: Source, node: Node) -> str:
    """A literal as it stands, where it is short; empty for all else."""
    if node.type in NOTHING:
        return "nothing"
    if node.type in ("true", "false") or node.type in NUMBERS:
        return source.of(node).lower()[:12]
    if node.type in STRINGS:
        text = source.of(node)
        return "''" if len(text) <= 2 else f"text:{text[1:-1][:12]}"
    if node.type in ("unary_operator", "unary_expression") and source.of(node) in ("-1", "-2"):
        return source.of(node)
    if node.type in ("list", "array", "tuple", "dictionary", "object") and not node.named_children:
        return "empty"
    return ""
