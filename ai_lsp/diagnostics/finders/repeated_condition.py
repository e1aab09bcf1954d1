"""Finds a branch that is never taken, for an earlier one asks the same, and branches that do the same."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from ai_lsp.diagnostics.finders.finder import EVERY, Finder, found
from ai_lsp.diagnostics.finding import Finding, Related
from ai_lsp.diagnostics.source import Source, span

CODE = "repeated-condition"

_CALL = re.compile(r"\w\(")  # asked twice, it may answer otherwise


def find(source: Source) -> Iterator[Finding]:
    """`if a: … elif a: …`, and `x if c else x`."""
    for node in source.nodes("if_statement", "if_expression"):
        if node.parent is not None and node.parent.type == "else_clause":
            continue  # seen from its first branch
        if source.language == "go" and node.parent is not None and node.parent.type == "if_statement":
            continue
        yield from _chain(source, node)
    for node in source.nodes("conditional_expression", "ternary_expression"):
        named = node.named_children
        if len(named) != 3:
            continue
        arms = (named[0], named[2]) if node.type == "conditional_expression" else (named[1], named[2])
        if source.of(arms[0]) == source.of(arms[1]):
            yield found(CODE, "Both arms are the same", node, because="the condition decides nothing", weight=0.7)


def _chain(source: Source, node: Node) -> Iterator[Finding]:
    seen: dict[str, Node] = {}
    for condition in _conditions(node):
        text = " ".join(source.of(condition).split())
        if (first := seen.get(text)) is not None and not _CALL.search(text):
            yield found(
                CODE,
                f"An earlier branch asks for `{text}` already, so this one is never taken",
                condition,
                because="two branches of one chain ask the same",
                weight=0.8,
                related=(Related(span(first), "the same condition"),),
            )
        seen.setdefault(text, condition)


def _conditions(node: Node) -> Iterator[Node]:
    at: Node | None = node
    while at is not None:
        if (condition := at.child_by_field_name("condition")) is not None and at.child_by_field_name(
            "initializer"
        ) is None:
            yield condition
        if at.type == "if_statement" and at.children_by_field_name("alternative"):
            following = at.children_by_field_name("alternative")
            if following[0].type == "elif_clause":
                yield from (c for e in following if (c := e.child_by_field_name("condition")) is not None)
                return
            at = following[0]
            if at.type == "else_clause":
                at = next((c for c in at.named_children if c.type == "if_statement"), None)
        elif at.type == "if_expression":
            other = at.child_by_field_name("alternative")
            at = next((c for c in other.named_children if c.type == "if_expression"), None) if other else None
        else:
            at = None


FINDER = Finder(CODE, "a branch that an earlier one makes pointless", EVERY, find)
