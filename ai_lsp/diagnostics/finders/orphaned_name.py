"""Finds a name that a change put in another's place, where nothing uses that other one any more."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from ai_lsp.diagnostics.finders.finder import EVERY, Finder, found
from ai_lsp.diagnostics.finding import Finding, Related
from ai_lsp.diagnostics.grammar import enclosing_function
from ai_lsp.diagnostics.rewrites import Pair, Token
from ai_lsp.diagnostics.sites_values import parameter_name
from ai_lsp.diagnostics.source import Source, span, walk
from ai_lsp.text.edit import Edit

CODE = "orphaned-name"

_NAME = re.compile(r"[^\W\d]\w*\Z")


def find(source: Source) -> Iterator[Finding]:
    """`copy(target, target)` where `copy(source, target)` stood, and the parameter `source` is used no more."""
    for pair in source.rewrites.pairs if source.rewrites is not None else ():
        for was, now in _replaced(pair):
            node = source.root.descendant_for_byte_range(now.start(), now.end())
            function = enclosing_function(node) if node is not None else None
            if node is None or function is None or node.type not in ("identifier", "shorthand_field_identifier"):
                continue
            defined = _parameter(source, function, was[0])
            other = _parameter(source, function, now[0])
            if defined is None or _uses(source, function, was[0]) > 1 or _uses(source, function, now[0]) < 3:
                continue
            if other is None and not _is_set_before(source, function, now):
                continue
            yield found(
                CODE,
                f"`{now[0]}` took the place of `{was[0]}`, which nothing uses any more",
                node,
                because=f"`{was[0]}` is still a parameter, and `{now[0]}` was used here before",
                weight=0.5,
                related=(Related(span(defined), "no longer used"),),
                fix=(Edit(span(node), was[0]),),
                fix_title=f"Change back to `{was[0]}`",
            )


def _replaced(pair: Pair) -> Iterator[tuple[Token, Token]]:
    """One name for another, where a change did no more to a line."""
    steps = list(pair.steps())
    if len(steps) == 1:
        i1, i2, j1, j2 = steps[0]
        if i2 - i1 == 1 == j2 - j1 and _NAME.match(pair.old[i1][0]) and _NAME.match(pair.new[j1][0]):
            yield pair.old[i1], pair.new[j1]


def _parameter(source: Source, function: Node, name: str) -> Node | None:
    """The parameter of that name."""
    parameters = function.child_by_field_name("parameters")
    for each in parameters.named_children if parameters is not None else ():
        if parameter_name(source, each) == name:
            return each
    return None


def _uses(source: Source, function: Node, name: str) -> int:
    """How often a function names it, its definition included."""
    return sum(n.type in _NAMING and source.of(n) == name for n in walk(function))


_NAMING = frozenset({"identifier", "shorthand_property_identifier", "shorthand_field_identifier"})


def _is_set_before(source: Source, function: Node, name: Token) -> bool:
    """Whether a function sets a name of its own in front of a place."""
    before = source.text[function.start_byte : name.start()]
    return re.search(rf"\b{re.escape(name[0])}\s*(?::=|=(?!=))", before) is not None


FINDER = Finder(CODE, "a name put in another's place, which nothing uses any more", EVERY, find)
