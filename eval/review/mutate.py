"""Single bugs put into code that works: the operators of the field's literature, drawn with a seed.

Written apart from the finders: what is a place for a bug here is not decided by what they look at.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from tree_sitter import Node

from ai_lsp.diagnostics.source import Source
from ai_lsp.text.edit import Edit, Span, apply


@dataclass(frozen=True, slots=True)
class Mutant:
    """One injected bug: `operator` names its kind; `line` is its 0-based line in `text`, the whole file."""

    operator: str
    text: str
    edit: Edit
    line: int


Spots = Callable[[Source, random.Random], Iterator[Edit]]

_COMPARE = {
    "==": ["!="], "!=": ["=="], "===": ["!=="], "!==": ["==="],
    "<": ["<=", ">", ">="], "<=": ["<", ">"], ">": [">=", "<", "<="], ">=": [">", "<"],
    "is": ["is not"], "is not": ["is"], "in": ["not in"], "not in": ["in"],
}  # fmt: skip
_NEGATED = {
    "==": "!=", "!=": "==", "===": "!==", "!==": "===", "<": ">=", ">=": "<", ">": "<=", "<=": ">",
    "is": "is not", "is not": "is", "in": "not in", "not in": "in",
}  # fmt: skip
_LOGIC = {"and": "or", "or": "and", "&&": "||", "||": "&&"}


def _gap(source: Source, node: Node) -> tuple[Span, str] | None:
    """The text between the two sides of an operator, and the operator in it."""
    named = [child for child in node.named_children if "comment" not in child.type]
    if len(named) != 2:
        return None
    span = Span(named[0].end_byte, named[1].start_byte)
    return span, " ".join(source.text[span.start : span.end].split())


def _swap(source: Source, span: Span, old: str, new: str) -> Edit | None:
    text = source.text[span.start : span.end]
    if "\n" in text.strip() or old not in text:
        return None
    start = span.start + text.index(old)
    return Edit(Span(start, start + len(old)), new)


def compare(source: Source, rng: random.Random) -> Iterator[Edit]:
    """Another comparison."""
    for node in source.nodes("comparison_operator", "binary_expression"):
        gap = _gap(source, node)
        edit = _swap(source, *gap, rng.choice(_COMPARE[gap[1]])) if gap and gap[1] in _COMPARE else None
        if edit:
            yield edit


def logic(source: Source, rng: random.Random) -> Iterator[Edit]:
    """`and` for `or`, and the other way round."""
    for node in source.nodes("boolean_operator", "binary_expression"):
        if (gap := _gap(source, node)) and gap[1] in _LOGIC and (edit := _swap(source, *gap, _LOGIC[gap[1]])):
            yield edit


def plus(source: Source, rng: random.Random) -> Iterator[Edit]:
    """`+` for `-`, and the other way round, among numbers as far as one can see."""
    for node in source.nodes("binary_operator", "binary_expression"):
        gap = _gap(source, node)
        if gap is None or gap[1] not in "+-" or re.search("[\"'`]", source.of(node)):
            continue
        if edit := _swap(source, *gap, "-" if gap[1] == "+" else "+"):
            yield edit


def negate(source: Source, rng: random.Random) -> Iterator[Edit]:
    """A condition turned round, as a person would write it."""
    for node in source.nodes("if_statement", "elif_clause", "if_expression", "while_statement"):
        condition = node.child_by_field_name("condition")
        if condition is None or condition.type in ("let_condition", "let_chain"):
            continue
        if condition.type == "parenthesized_expression":
            condition = condition.named_children[0]
        gap = _gap(source, condition)
        is_python = source.language == "python"
        if condition.type in ("not_operator",) or source.text[condition.start_byte] == "!":
            yield Edit(Span(condition.start_byte, condition.named_children[-1].start_byte), "")
        elif condition.type in ("comparison_operator", "binary_expression") and gap and gap[1] in _NEGATED:
            if edit := _swap(source, *gap, _NEGATED[gap[1]]):
                yield edit
        elif condition.type in ("identifier", "call", "call_expression", "attribute", "member_expression"):
            yield Edit(Span(condition.start_byte, condition.start_byte), "not " if is_python else "!")
        elif condition.type in ("boolean_operator", "binary_expression"):
            text = source.of(condition)
            yield Edit(
                Span(condition.start_byte, condition.end_byte), f"not ({text})" if is_python else f"!({text})"
            )


def off_by_one(source: Source, rng: random.Random) -> Iterator[Edit]:
    """A whole number one larger or smaller, or a boundary that takes its end in or not."""
    for node in source.nodes("integer", "number", "int_literal", "integer_literal"):
        text = source.of(node)
        if text.isdigit() and len(text) < 8:
            value = int(text) + rng.choice([1, -1] if int(text) > 0 else [1])
            yield Edit(Span(node.start_byte, node.end_byte), str(value))
    for node in source.nodes("comparison_operator", "binary_expression"):
        gap = _gap(source, node)
        if gap and gap[1] in ("<", "<=", ">", ">="):
            other = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}[gap[1]]
            if edit := _swap(source, *gap, other):
                yield edit


_FUNCTIONS = (
    "function_definition",
    "function_declaration",
    "method_definition",
    "method_declaration",
    "function_item",
)
_NAME_HOLDERS = frozenset({"call", "call_expression", "keyword_argument", "attribute", "selector_expression"})


def variable(source: Source, rng: random.Random) -> Iterator[Edit]:
    """A name for another one that the same function knows."""
    for function in source.nodes(*_FUNCTIONS):
        body = function.child_by_field_name("body")
        if body is None:
            continue
        names: dict[str, list[Node]] = {}
        for node in _identifiers(function):
            names.setdefault(source.of(node), []).append(node)
        bound = {name for name, nodes in names.items() if any(_is_bound(node) for node in nodes)}
        uses = [
            node for name, nodes in names.items() if name in bound and name not in ("self", "cls", "_")
            for node in nodes if node.start_byte >= body.start_byte and not _is_bound(node) and _is_value(node)
        ]  # fmt: skip
        for node in uses:
            others = sorted(bound - {source.of(node), "self", "cls", "_"})
            if others:
                yield Edit(Span(node.start_byte, node.end_byte), rng.choice(others))


def _identifiers(node: Node) -> Iterator[Node]:
    waiting = [node]
    while waiting:
        at = waiting.pop()
        if at.type == "identifier":
            yield at
        waiting.extend(at.children)


def _is_bound(node: Node) -> bool:
    parent = node.parent
    if parent is None:
        return False
    if parent.type in ("parameters", "formal_parameters", "typed_parameter", "default_parameter"):
        return parent.named_children[0] == node or parent.type in ("parameters", "formal_parameters")
    if parent.type in ("typed_default_parameter", "parameter", "parameter_declaration", "required_parameter"):
        return parent.named_children[0] == node
    if parent.type in (
        "assignment",
        "for_statement",
        "let_declaration",
        "variable_declarator",
        "named_expression",
    ):
        first = parent.child_by_field_name("left") or parent.child_by_field_name("pattern")
        return (first or parent.child_by_field_name("name")) == node
    if parent.type == "expression_list" and parent.parent is not None:
        return parent.parent.type == "short_var_declaration" and parent.parent.named_children[0] == parent
    return False


def _is_value(node: Node) -> bool:
    parent = node.parent
    if parent is None or parent.type in ("keyword_argument", "function_definition", "function_declaration"):
        return parent is not None and parent.type == "keyword_argument" and parent.named_children[-1] == node
    if parent.type in ("call", "call_expression"):
        return parent.child_by_field_name("function") != node
    return True


def arguments(source: Source, rng: random.Random) -> Iterator[Edit]:
    """Two neighbouring arguments swapped."""
    for node in source.nodes("argument_list", "arguments"):
        named = [child for child in node.named_children if "comment" not in child.type]
        plain = [
            c
            for c in named
            if c.type not in ("keyword_argument", "list_splat", "dictionary_splat", "spread_element")
        ]
        for a, b in pairwise(plain):
            texts = source.of(a), source.of(b)
            if texts[0] != texts[1] and max(map(len, texts)) < 80 and "\n" not in texts[0] + texts[1]:
                middle = source.text[a.end_byte : b.start_byte]
                yield Edit(Span(a.start_byte, b.end_byte), texts[1] + middle + texts[0])


def attribute(source: Source, rng: random.Random) -> Iterator[Edit]:
    """Two letters of an attribute's name swapped."""
    for node in source.nodes("attribute", "member_expression", "selector_expression", "field_expression"):
        name = node.named_children[-1]
        text = source.of(name)
        spots = [i for i in range(1, len(text) - 1) if text[i] != text[i + 1]]
        if len(text) > 3 and spots and text.isidentifier():
            i = rng.choice(spots)
            yield Edit(Span(name.start_byte, name.end_byte), text[:i] + text[i + 1] + text[i] + text[i + 2 :])


def waiting(source: Source, rng: random.Random) -> Iterator[Edit]:
    """An `await` left out."""
    for node in source.nodes("await", "await_expression"):
        if source.text.startswith("await", node.start_byte) and node.named_children:
            yield Edit(Span(node.start_byte, node.named_children[0].start_byte), "")


OPERATORS: dict[str, Spots] = {
    "compare": compare,
    "negate if": negate,
    "and/or": logic,
    "+/-": plus,
    "off by one": off_by_one,
    "variable misuse": variable,
    "argument swap": arguments,
    "attribute typo": attribute,
    "drop await": waiting,
}


def mutants(source: Source, per_operator: int, rng: random.Random) -> Iterator[Mutant]:
    """At most `per_operator` bugs of each kind in one file."""
    for name, spots in OPERATORS.items():
        found = list(spots(source, rng))
        rng.shuffle(found)
        for edit in found[:per_operator]:
            yield Mutant(name, apply(edit, source.text), edit, source.text.count("\n", 0, edit.span.start))
