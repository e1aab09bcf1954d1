"""Places where code had a choice (an operator, a negation, a small number), and what stands around each.

Features are words such as `right=0|body=raise`; which of them speak for what was learned from public code
(eval/review/fit.py) and is kept in habits.json. They name nothing that the choice itself would change.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tree_sitter import Node

from ai_lsp.diagnostics.grammar import (
    CALLS,
    COMPARES,
    NUMBERS,
    STRINGS,
    SUBSCRIPTS,
    Binary,
    Place,
    bare,
    binary,
    callee,
    enclosing_function,
    function_name,
    last_name,
    names_in,
    negated,
    place_of,
    words,
)
from ai_lsp.diagnostics.shapes import GROUP_OF, GROUPS, shape_of, value_of
from ai_lsp.diagnostics.sites_around import place_features
from ai_lsp.diagnostics.source import Source


@dataclass(frozen=True, slots=True)
class Site:
    """One choice: its kind, what was chosen, what speaks for the one or the other, and where it stands.

    `key` names what is compared, for telling whether the same file chooses otherwise elsewhere. `wrong` are the
    features after a typical mistake, where features name the choice (sites_values.py),
    and `pair` the two arguments whose order is the choice.
    """

    group: str
    choice: str
    features: tuple[str, ...]
    node: Node
    key: str
    wrong: tuple[str, ...] = ()
    pair: tuple[Node, ...] = ()


def sites(source: Source) -> Iterator[Site]:
    """Every choice of a file."""
    for node in source.nodes("comparison_operator", "binary_expression", "boolean_operator", "binary_operator"):
        both = binary(source, node)
        group = GROUP_OF.get(both.operator) if both is not None else None
        if both is None or group is None:
            continue
        if group == "sign" and (_is_text(both.left) or _is_text(both.right)):
            continue
        yield Site(group, both.operator, tuple(_binary_features(source, both, group)), node, _key(source, both))
    for condition in _conditions(source):
        inner = negated(source, condition)
        plain = bare(inner if inner is not None else condition)
        if plain.type in ("comparison_operator", "binary_expression", "boolean_operator", *NUMBERS, *STRINGS):
            continue
        if plain.type in ("true", "false", "let_condition", "let_chain", "not_operator") or negated(
            source, plain
        ):
            continue
        choice = "plain" if inner is None else "not"
        key = "not " + " ".join(source.of(plain).split())
        yield Site("not", choice, tuple(_condition_features(source, condition, plain)), condition, key)
    for node in source.nodes("integer", "number", "int_literal", "integer_literal"):
        if (text := source.of(node)) in GROUPS["number"]:
            yield Site("number", text, tuple(_number_features(source, node)), node, "")


def _is_text(node: Node) -> bool:
    node = bare(node)
    return node.type in STRINGS or "list" in node.type or "array" in node.type or node.type == "tuple"


def _key(source: Source, both: Binary) -> str:
    left, right = (" ".join(source.of(side).split()) for side in (both.left, both.right))
    return f"{left} ? {right}" if len(left) + len(right) < 80 else ""


# Conditions -----------------------------------------------------------------------------------------------------


def _conditions(source: Source) -> Iterator[Node]:
    """Expressions that decide something, each without the operators `and` and `or` above it."""
    holders = ("if_statement", "elif_clause", "if_expression", "while_statement", "while_expression")
    for node in source.nodes(
        *holders, "ternary_expression", "conditional_expression", "assert_statement", "if_clause"
    ):
        condition = node.child_by_field_name("condition")
        if node.type == "conditional_expression" and node.named_child_count == 3:
            condition = node.named_children[1]
        elif node.type in ("assert_statement", "if_clause") and node.named_children:
            condition = node.named_children[0]
        if condition is not None:
            yield from _parts(source, bare(condition))


def _parts(source: Source, condition: Node) -> Iterator[Node]:
    both = binary(source, condition)
    if both is not None and both.operator in ("and", "or"):
        yield from _parts(source, bare(both.left))
        yield from _parts(source, bare(both.right))
    else:
        yield condition


def _condition_features(source: Source, condition: Node, plain: Node) -> Iterator[str]:
    place = place_of(source, condition)
    name, shape = last_name(source, plain), shape_of(source, plain)
    around = list(place_features(source, place, plain, None, condition))
    yield f"x={name.lower()}"
    yield f"shape={shape}"
    yield f"role={place.role}|path={'.'.join(place.path)}"
    for word in words(name)[:4]:
        yield f"word={word}"
        for what in around[:3]:
            yield f"word={word}|{what}"
    for what in around:
        yield what
        yield f"shape={shape}|{what}"
        yield f"x={name.lower()}|{what}"


# Operators ------------------------------------------------------------------------------------------------------


def _binary_features(source: Source, both: Binary, group: str) -> Iterator[str]:
    left, right = bare(both.left), bare(both.right)
    l_name, r_name = last_name(source, left).lower(), last_name(source, right).lower()
    l_shape, r_shape = shape_of(source, left), shape_of(source, right)
    r_value, l_value = value_of(source, right) or r_name, value_of(source, left) or l_name
    yield f"shapes={l_shape},{r_shape}"
    yield f"l={l_value}"
    yield f"r={r_value}"
    yield f"lr={l_value},{r_value}"
    yield f"lr={l_value},{r_shape}"
    yield f"lr={l_shape},{r_value}"
    if l_name == r_name:
        yield "same-name"
    if group == "bool":
        yield from _both_sides(source, left, right)
    if group == "sign":
        yield from _sum_features(source, both)
        return
    place = place_of(source, both.node)
    around = list(place_features(source, place, left, right, both.node))
    yield f"role={place.role}|path={'.'.join(place.path)}"
    for what in around:
        yield what
        yield f"r={r_value}|{what}"
        yield f"l={l_value}|{what}"
        yield f"shapes={l_shape},{r_shape}|{what}"
    for side, name in (("l", l_name), ("r", r_name)):
        for word in words(name)[:4]:
            yield f"{side}w={word}"
            yield f"{side}w={word}|{r_shape if side == 'l' else l_shape}"
            for what in around[:3]:
                yield f"{side}w={word}|{what}"
    if group == "order":
        yield from _order_features(source, left, right, place)


def _both_sides(source: Source, left: Node, right: Node) -> Iterator[str]:
    """How the two sides of `and` and `or` speak of the same things."""
    a, b = _clause(source, left), _clause(source, right)
    shared = set(names_in(source, left)) & set(names_in(source, right))
    yield f"clauses={a},{b}"
    yield f"clauses={a},{b}|shared={bool(shared)}"
    yield f"clause-l={a}|shared={bool(shared)}"
    one, other = binary(source, left), binary(source, right)
    if one is not None and other is not None:
        same = " ".join(source.of(one.left).split()) == " ".join(source.of(other.left).split())
        same_right = " ".join(source.of(one.right).split()) == " ".join(source.of(other.right).split())
        yield f"ops={one.operator},{other.operator}|same={same},{same_right}"
        values = f"{value_of(source, one.right)},{value_of(source, other.right)}"
        yield f"ops={one.operator},{other.operator}|{values}|{same}"
    subject = one.left if one is not None else left
    inner = negated(source, subject)
    text = source.of(bare(inner if inner is not None else subject))
    if text and re.search(r"(?<![\w.])" + re.escape(text) + r"\s*(?:\.|\[|->|\()", source.of(right)):
        yield f"goes-on={a}"
        yield f"goes-on={a}|{b}"
    if inner is not None or a.startswith("not"):
        yield "left-not"


def _clause(source: Source, node: Node) -> str:
    """One side of `and` and `or`, as a shape with its operator."""
    inner = negated(source, node)
    if inner is not None:
        return "not " + shape_of(source, bare(inner))
    both = binary(source, node)
    if both is None:
        return shape_of(source, node)
    return f"{both.operator} {value_of(source, bare(both.right)) or shape_of(source, bare(both.right))}"


def _sum_features(source: Source, both: Binary) -> Iterator[str]:
    """Where a sum or a difference is used."""
    at, parent = both.node, both.node.parent
    while parent is not None and parent.type == "parenthesized_expression":
        at, parent = parent, parent.parent
    if parent is None:
        return
    l_words, r_words = words(last_name(source, both.left))[:4], words(last_name(source, both.right))[:4]
    role = parent.type
    target = ""
    for field in ("left", "name"):
        if (named := parent.child_by_field_name(field)) is not None and named != at:
            target = last_name(source, named).lower()
    if parent.type in CALLS or parent.type in ("argument_list", "arguments"):
        call = parent if parent.type in CALLS else parent.parent
        target = callee(source, call).lower() if call is not None else ""
        role += str(parent.named_children.index(at)) if at in parent.named_children else ""
    right = value_of(source, bare(both.right)) or "x"
    left = last_name(source, both.left).lower()
    yield f"in={role}"
    yield f"in={role}|r={right}"
    yield f"in={role}|l={left}|r={right}"
    yield f"to={target}"
    yield f"to={target}|r={right}"
    for word in words(target)[:4]:
        yield f"tw={word}"
        yield f"tw={word}|r={right}"
        for other in (*l_words, *r_words):
            yield f"tw={word}|w={other}"
    for word in l_words:
        yield f"lw={word}"
        yield f"lw={word}|r={right}"
        yield f"lw={word}|in={role}"
        for other in r_words:
            yield f"lw={word}|rw={other}"
    for word in r_words:
        yield f"rw={word}"
        yield f"rw={word}|in={role}"
    yield f"function={function_name(source, enclosing_function(both.node)).lower()}"


def _order_features(source: Source, left: Node, right: Node, place: Place) -> Iterator[str]:
    """What loops and lengths say of boundaries."""
    for side, node in (("l", left), ("r", right)):
        if node.type in CALLS or last_name(source, node) in ("length", "size", "len"):
            yield f"len-{side}={last_name(source, node)}|{place.role}"
    if place.role == "for" and place.statement is not None:
        update = place.statement.child_by_field_name("update") or place.statement.child_by_field_name("increment")
        start = place.statement.child_by_field_name("initializer")
        step = source.of(update)[-2:] if update is not None else ""
        start_text = source.of(start).rstrip(";").rsplit("=", 1)[-1].strip() if start is not None else ""
        yield f"loop={step}|{start_text[:12]}"
        yield f"loop={step}|{start_text[:12]}|r={value_of(source, right) or last_name(source, right)}"
        yield f"loop={step}|r={shape_of(source, right)}"
    if place.body is not None:
        body = source.text[place.body.start_byte : min(place.body.end_byte, place.body.start_byte + 400)]
        text = re.escape(source.of(left))
        for operator in ("+=", "-=", "++", "--"):
            if re.search(text + r"\s*" + re.escape(operator), body):
                yield f"body{operator}|{place.role}"
        if re.search(r"\[\s*" + text + r"\s*\]", body):
            yield f"body-index|{place.role}|{shape_of(source, right)}"


# Numbers --------------------------------------------------------------------------------------------------------


def _number_features(source: Source, node: Node) -> Iterator[str]:
    """Where a small number is used."""
    at, parent, path = node, node.parent, []
    while parent is not None and parent.type in (
        "unary_operator",
        "unary_expression",
        "parenthesized_expression",
    ):
        path.append(source.text[parent.start_byte])
        at, parent = parent, parent.parent
    if parent is None:
        return
    sign = "".join(path)
    role = f"{sign}{parent.type}"
    index = parent.named_children.index(at) if at in parent.named_children else -1
    yield f"in={role}"
    yield f"in={role}{min(index, 4)}/{min(parent.named_child_count, 5)}"
    before = source.text[max(0, node.start_byte - 40) : node.start_byte].rsplit("\n", 1)[-1].strip()
    after = source.text[node.end_byte : node.end_byte + 40].split("\n", 1)[0].strip()
    tokens = re.findall(r"\w+|[^\w\s]", before)[-4:]
    follow = re.findall(r"\w+|[^\w\s]", after)[:3]
    for n in range(1, len(tokens) + 1):
        yield f"b={' '.join(tokens[-n:])}"
    for n in range(1, len(follow) + 1):
        yield f"a={' '.join(follow[:n])}"
        yield f"ba={' '.join(tokens[-2:])}|{' '.join(follow[:n])}"
        yield f"ba={' '.join(tokens[-3:])}|{' '.join(follow[:n])}"
    both = binary(source, parent)
    if both is not None:
        other = both.right if both.left == at else both.left
        yield f"op={both.operator}|{last_name(source, other).lower()}"
        yield f"op={both.operator}|{shape_of(source, bare(other))}|{sign}"
        grand = parent.parent
        yield f"op={both.operator}|in={grand.type if grand is not None else ''}"
        if both.operator in COMPARES:
            for what in place_features(source, place_of(source, parent), other, None, parent):
                yield f"op={both.operator}|{what}"
                yield f"op={both.operator}|{last_name(source, other).lower()}|{what}"
    call = parent.parent if parent.type in ("argument_list", "arguments") else None
    if call is not None:
        name = callee(source, call).lower()
        yield f"call={name}|{index}/{parent.named_child_count}"
        first = source.of(parent.named_children[0])[:20] if index > 0 else ""
        yield f"call={name}|{index}|{first}"
    if parent.type in SUBSCRIPTS or parent.type == "slice":
        grand = parent.parent if parent.type == "slice" else parent
        name = last_name(source, grand).lower() if grand is not None else ""
        yield f"of={name}|{role}"
        for word in words(name)[:3]:
            yield f"ofw={word}|{role}"
