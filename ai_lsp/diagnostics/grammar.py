"""What the finders call by one name in every language: comparisons, conditions, bodies, calls, functions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tree_sitter import Node

from ai_lsp.diagnostics.source import Source

COMPARISONS = {"comparison_operator", "binary_expression"}
ORDER = frozenset({"<", "<=", ">", ">="})
SAME_OPERATOR = {"===": "==", "!==": "!=", "&&": "and", "||": "or", "!": "not"}
"""Spellings of one operator in several languages."""

COMPARES = frozenset({"==", "!=", "is", "is not", "in", "not in", *ORDER})

FUNCTIONS = frozenset(
    (
        *(
            "function_definition",
            "function_declaration",
            "method_definition",
            "arrow_function",
            "function_expression",
        ),
        *("generator_function_declaration", "method_declaration", "func_literal", "function_item"),
        "closure_expression",
    )
)
CALLS = frozenset({"call", "call_expression", "new_expression"})
IDENTIFIERS = frozenset(
    {"identifier", "shorthand_property_identifier", "field_identifier", "property_identifier"}
)
MEMBERS = frozenset({"attribute", "member_expression", "selector_expression", "field_expression"})
SUBSCRIPTS = frozenset({"subscript", "subscript_expression", "index_expression", "slice_expression"})
STRINGS = frozenset(
    {"string", "template_string", "interpreted_string_literal", "raw_string_literal", "string_literal"}
)
NUMBERS = frozenset({"integer", "number", "int_literal", "integer_literal", "float", "float_literal"})
NOTHING = frozenset({"none", "null", "nil", "undefined"})
_IFS = frozenset({"if_statement", "elif_clause", "if_expression", "conditional_expression", "ternary_expression"})
_LOOPS = frozenset({"while_statement", "while_expression", "for_statement", "for_clause", "do_statement"})
_THROUGH = frozenset({"parenthesized_expression", "boolean_operator", "not_operator", "unary_expression"})
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")


def words(name: str) -> list[str]:
    """The words that a name is made of, in lower case."""
    return [word.lower() for word in _WORDS.findall(name)]


@dataclass(frozen=True, slots=True)
class Binary:
    """An operator between two things; `operator` in the spelling that all languages share."""

    node: Node
    left: Node
    operator: str
    right: Node


def binary(source: Source, node: Node) -> Binary | None:
    """The operator and its sides; None where the node is none of that, or a chain of several."""
    named = node.named_children
    if node.type not in ("comparison_operator", "binary_expression", "boolean_operator", "binary_operator"):
        return None
    named = [child for child in named if "comment" not in child.type]
    if len(named) != 2 or node.has_error:
        return None
    text = " ".join(source.text[named[0].end_byte : named[1].start_byte].split())
    return Binary(node, named[0], SAME_OPERATOR.get(text, text), named[1])


def negated(source: Source, node: Node) -> Node | None:
    """What a `not` or `!` negates; None where the node is none."""
    if node.type == "not_operator":
        return node.named_children[-1] if node.named_children else None
    if node.type in ("unary_expression", "prefix_unary_expression") and source.text[node.start_byte] == "!":
        return node.named_children[-1] if node.named_children else None
    return None


def bare(node: Node) -> Node:
    """A node without the parentheses around it."""
    while node.type == "parenthesized_expression" and node.named_child_count == 1:
        node = node.named_children[0]
    return node


@dataclass(frozen=True, slots=True)
class Place:
    """What a condition is for: `role` such as "if", "elif", "while", "assert", "return"; what happens where it
    holds, and whether something else happens where it does not. `path` tells of the operators on the way up."""

    role: str
    body: Node | None
    has_else: bool
    statement: Node | None
    path: tuple[str, ...]


def place_of(source: Source, node: Node) -> Place:
    """The place of an expression that is, or is part of, a condition."""
    path: list[str] = []
    at = node
    while (parent := at.parent) is not None:
        if parent.type in _THROUGH:
            if parent.type != "parenthesized_expression":
                side = "l" if parent.named_children and parent.named_children[0] == at else "r"
                path.append(_operator_text(source, parent) + side)
        elif parent.type == "binary_expression" and _operator_text(source, parent) in ("and", "or"):
            path.append(_operator_text(source, parent) + ("l" if parent.named_children[0] == at else "r"))
        else:
            break
        at = parent
    if parent is None:
        return Place("", None, False, None, tuple(path))
    return _place_in(parent, at, tuple(path))


def _place_in(parent: Node, at: Node, path: tuple[str, ...]) -> Place:
    if parent.type == "conditional_expression":
        named = parent.named_children
        if len(named) == 3 and named[1] == at:
            return Place("ternary", named[0], True, parent, path)
        return Place("ternary-arm", None, False, parent, path)
    if parent.type in _IFS and parent.child_by_field_name("condition") == at:
        role = "ternary" if parent.type == "ternary_expression" else "if"
        grand = parent.parent
        if parent.type == "elif_clause" or (grand is not None and grand.type in ("else_clause", "if_statement")):
            role = "elif"
        body = parent.child_by_field_name("consequence")
        return Place(role, body, parent.child_by_field_name("alternative") is not None, parent, path)
    if parent.type in _LOOPS and parent.child_by_field_name("condition") == at:
        body = parent.child_by_field_name("body")
        if body is None and parent.parent is not None:
            body = parent.parent.child_by_field_name("body")
        return Place("while" if "while" in parent.type else "for", body, False, parent, path)
    role = {
        "assert_statement": "assert",
        "return_statement": "return",
        "return_expression": "return",
        "if_clause": "filter",
        "argument_list": "argument",
        "arguments": "argument",
        "expression_list": "list",
        "assignment": "assign",
        "variable_declarator": "assign",
        "keyword_argument": "keyword",
        "subscript": "index",
        "lambda": "lambda",
        "arrow_function": "lambda",
    }.get(parent.type, "other")
    return Place(role, None, False, parent, path)


def _operator_text(source: Source, node: Node) -> str:
    operator = node.child_by_field_name("operator")
    if operator is None:
        operator = node.children[0] if node.type in ("not_operator", "unary_expression") else None
    text = source.of(operator) if operator is not None else ""
    return SAME_OPERATOR.get(text, text)


def statements(body: Node | None) -> list[Node]:
    """The statements of a block, without comments; the thing itself where it is no block."""
    if body is None:
        return []
    if body.type in ("block", "statement_block", "statement_list"):
        inner = [c for c in body.named_children if "comment" not in c.type]
        if len(inner) == 1 and inner[0].type == "statement_list":
            return statements(inner[0])
        return inner
    return [body]


_KINDS = (
    ("return", "return"),
    ("raise", "raise"),
    ("throw", "raise"),
    ("continue", "continue"),
    ("break", "break"),
    ("assignment", "assign"),
    ("assign", "assign"),
    ("declaration", "declare"),
    ("call", "call"),
    ("if", "if"),
    ("for", "loop"),
    ("while", "loop"),
    ("try", "try"),
    ("with", "with"),
    ("pass", "pass"),
    ("yield", "yield"),
    ("await", "await"),
    ("assert", "assert"),
)


def kind_of(statement: Node) -> str:
    """What a statement does, in a word."""
    node = unwrapped(statement)
    return next((kind for part, kind in _KINDS if part in node.type), node.type)


def unwrapped(statement: Node) -> Node:
    """A statement without the shell that only makes an expression a statement."""
    while statement.type in ("expression_statement", "await", "await_expression") and statement.named_children:
        statement = statement.named_children[0]
    return statement


def callee(source: Source, node: Node) -> str:
    """The last name of what a call calls; empty where it has none."""
    function = node.child_by_field_name("function") or node.child_by_field_name("constructor")
    return "" if function is None else last_name(source, function)


def last_name(source: Source, node: Node) -> str:
    """The name that says most about an expression: the last one of a path, the callee of a call."""
    node = bare(node)
    if node.type in CALLS:
        return callee(source, node)
    if node.type in MEMBERS:
        for field in ("attribute", "property", "field"):
            if (child := node.child_by_field_name(field)) is not None:
                return source.of(child)
    if node.type in SUBSCRIPTS:
        value = node.child_by_field_name("value") or node.child_by_field_name("object")
        value = value or node.child_by_field_name("operand")
        return last_name(source, value) if value is not None else ""
    if node.type in IDENTIFIERS or node.type == "self":
        return source.of(node)
    if node.type in ("await", "await_expression", "unary_operator", "unary_expression", "reference_expression"):
        return last_name(source, node.named_children[-1]) if node.named_children else ""
    return ""


def names_in(source: Source, node: Node) -> Iterator[str]:
    """The plain names in an expression, not those behind a dot."""
    waiting = [node]
    while waiting:
        at = waiting.pop()
        if at.type == "identifier":
            yield source.of(at)
        elif at.type in MEMBERS:
            value = at.child_by_field_name("object") or at.child_by_field_name("operand")
            value = value or at.child_by_field_name("value")
            waiting.extend([value] if value is not None else [])
        else:
            waiting.extend(at.named_children)


def enclosing_function(node: Node) -> Node | None:
    """The innermost function around a node."""
    at = node.parent
    while at is not None and at.type not in FUNCTIONS:
        at = at.parent
    return at


def function_name(source: Source, function: Node | None) -> str:
    """The name of a function; empty where it has none."""
    return "" if function is None else source.of(function.child_by_field_name("name"))
