"""Finds something used right where it was just found to be nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from ai_lsp.diagnostics.finders.finder import GO, PYTHON, SCRIPT, Finder, found
from ai_lsp.diagnostics.finding import Finding
from ai_lsp.diagnostics.grammar import NOTHING, ORDER, bare, binary, place_of
from ai_lsp.diagnostics.source import Source, walk
from ai_lsp.text.edit import Edit, Span

CODE = "nothing-used"

_ACCESS = {
    "attribute": "object",
    "member_expression": "object",
    "selector_expression": "operand",
    "subscript": "value",
    "subscript_expression": "object",
    "index_expression": "operand",
}
_PLAIN = re.compile(r"[\w.]+\Z")


def find(source: Source) -> Iterator[Finding]:
    """`if box is None: box.open()`, `box == null && box.open()`, `size is None and size > 3`."""
    for node in source.nodes("comparison_operator", "binary_expression"):
        subject, is_nothing = _asked(source, node)
        if subject is None or not _PLAIN.match(text := source.of(subject)):
            continue
        place = place_of(source, node)
        where: Node | None = None
        if not place.path:
            if is_nothing and place.role in ("if", "elif"):
                where = place.body
        elif place.path[0] in ("andl", "orl"):
            holds = is_nothing if place.path[0] == "andl" else not is_nothing
            operator = node.parent
            while operator is not None and operator.type == "parenthesized_expression":
                operator = operator.parent
            where = operator.named_children[-1] if holds and operator is not None else None
        used = _first_use(source, where, text) if where is not None else None
        if used is not None:
            yield found(
                CODE,
                f"`{text}` is nothing here, and `{source.of(used)}` needs it",
                node,
                because=f"`{source.of(used)}` is reached only where `{text}` is nothing",
                weight=0.7,
                fix=_turned(source, node) if where is place.body else (),
                fix_title="Turn the condition round",
            )


def _turned(source: Source, node: Node) -> tuple[Edit, ...]:
    """The edit that asks whether it is something instead."""
    both = binary(source, node)
    operator = source.text[both.left.end_byte : both.right.start_byte].strip() if both is not None else ""
    turned = {"is": "is not", "==": "!=", "===": "!=="}.get(operator)
    if both is None or turned is None:
        return ()
    at = source.text.index(operator, both.left.end_byte)
    return (Edit(Span(at, at + len(operator)), turned),)


def _asked(source: Source, node: Node) -> tuple[Node | None, bool]:
    """What is asked to be nothing, and whether it is where the condition holds."""
    both = binary(source, node)
    if both is not None and bare(both.right).type in NOTHING:
        if both.operator in ("is", "=="):
            return bare(both.left), True
        if both.operator in ("is not", "!="):
            return bare(both.left), False
    return None, False


def _first_use(source: Source, where: Node, text: str) -> Node | None:
    """The first place that looks into the thing, or asks how large it is, unless it is set before, or a function
    is made that may run later."""
    for node in walk(where, lambda n: "function" not in n.type and n.type != "lambda"):
        if node.type in ("assignment", "assignment_expression", "assignment_statement", "short_var_declaration"):
            target = node.child_by_field_name("left")
            if target is not None and text in source.of(target).split(", "):
                return None
        both = binary(source, node) if source.language in PYTHON else None
        if both is not None and both.operator in ORDER and text in (source.of(both.left), source.of(both.right)):
            return node
        field = _ACCESS.get(node.type)
        if field is None or (holder := node.child_by_field_name(field)) is None:
            continue
        if source.of(holder) == text and "?." not in source.of(node):
            return node
        if any(c.type == "optional_chain" for c in node.children):
            return None
    return None


FINDER = Finder(CODE, "something used where it is known to be nothing", PYTHON | SCRIPT | GO, find)
