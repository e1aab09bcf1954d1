"""What a condition is for: what happens where it holds, what is said there and above, as features."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from ai_lsp.diagnostics.grammar import (
    CALLS,
    STRINGS,
    Place,
    bare,
    callee,
    enclosing_function,
    function_name,
    kind_of,
    last_name,
    statements,
    unwrapped,
    words,
)
from ai_lsp.diagnostics.shapes import shape_of, value_of
from ai_lsp.diagnostics.source import Source, walk

_TEXTS = re.compile(r"[a-z]{2,}")
MOST_WORDS = 12


def place_features(source: Source, place: Place, left: Node, right: Node | None, node: Node) -> Iterator[str]:
    """What happens where a condition holds: the most telling first."""
    path = ".".join(place.path)
    inside = statements(place.body)
    role = f"{place.role}|{path}"
    if inside:
        first, last = kind_of(inside[0]), kind_of(inside[-1])
        yield f"{role}|body={first},{last}|{min(len(inside), 3)}"
        yield f"{role}|{_outcome(source, inside[-1])}"
        yield f"{role}|use={_use(source, place.body, left)}"
        if right is not None:
            yield f"{role}|use-r={_use(source, place.body, right)}"
        yield f"{role}|else={place.has_else}|{first}"
        for word in _said(source, inside):
            yield f"says={word}"
    else:
        yield f"{role}|value"
        yield f"{role}|function={'.'.join(words(function_name(source, enclosing_function(node)))[:1])}"
    if place.role == "ternary" and place.body is not None and place.statement is not None:
        other = place.statement.named_children[-1]
        yield f"arms={shape_of(source, bare(place.body))},{shape_of(source, bare(other))}"
        yield f"arm={source.of(place.body) == source.of(left)},{source.of(other) == source.of(left)}"
        yield f"use-else={_use(source, other, left)}|use={_use(source, place.body, left)}"
    for word in words(function_name(source, enclosing_function(node)))[:4]:
        yield f"{place.role}|fw={word}"
    for word in _comment_words(source, place.statement):
        yield f"c={word}"
    if place.statement is not None:
        yield f"after={_next_kind(place.statement)}|{role}"
    if (name := source.of(left)) and left.type == "identifier":
        yield f"default={_default_of(source, name, node)}|{role}"


def _outcome(source: Source, statement: Node) -> str:
    """How a body ends, with what it gives back."""
    node = unwrapped(statement)
    kind = kind_of(statement)
    if kind == "return" and node.named_children:
        value = bare(node.named_children[0])
        return f"return {value_of(source, value) or shape_of(source, value)}"
    if kind == "raise" and node.named_children:
        return f"raise {last_name(source, node.named_children[0])}"
    if node.type in CALLS:
        return f"call {callee(source, node)}"
    return kind


def _use(source: Source, body: Node | None, subject: Node) -> str:
    """What a body does first with what the condition speaks of: sets it, looks into it, calls it, names it."""
    text = source.of(subject)
    if body is None or not text or len(text) > 60 or not (text[0].isalpha() or text[0] in "_@$"):
        return "-"
    inside = source.text[body.start_byte : min(body.end_byte, body.start_byte + 600)]
    match = re.search(r"(?<![\w.])" + re.escape(text) + r"(?![\w])\s*(:?=(?!=)|\+=|\.|\[|\(|\?\.)?", inside)
    if match is None:
        return "none"
    sign = match[1] or "name"
    return {"=": "set", ":=": "set", "+=": "grow"}.get(sign, sign)


def _said(source: Source, inside: list[Node]) -> list[str]:
    """Words of the messages in the first two statements of a body."""
    out: dict[str, None] = {}
    for statement in inside[:2]:
        if kind_of(statement) not in ("raise", "call", "return"):
            continue
        for node in walk(statement):
            if node.type in STRINGS:
                for word in _TEXTS.findall(source.of(node)[:200].lower()):
                    out.setdefault(word)
    return list(out)[:MOST_WORDS]


def _comment_words(source: Source, statement: Node | None) -> list[str]:
    """Words of the comment right above a statement, and of the one that opens its body."""
    if statement is None:
        return []
    found = []
    above = statement.prev_named_sibling
    if above is not None and "comment" in above.type and statement.start_point[0] - above.end_point[0] <= 1:
        found.append(above)
    body = statement.child_by_field_name("consequence")
    if body is not None and body.named_children and "comment" in body.named_children[0].type:
        found.append(body.named_children[0])
    out: dict[str, None] = {}
    for comment in found:
        for word in _TEXTS.findall(source.of(comment)[:200].lower()):
            out.setdefault(word)
    return list(out)[:MOST_WORDS]


def _next_kind(statement: Node) -> str:
    following = statement.next_named_sibling
    while following is not None and "comment" in following.type:
        following = following.next_named_sibling
    return "end" if following is None else kind_of(following)


def _default_of(source: Source, name: str, node: Node) -> str:
    """A parameter's default: its literal, "given" where there is none, "-" for other names."""
    function = enclosing_function(node)
    parameters = function.child_by_field_name("parameters") if function is not None else None
    if parameters is None:
        return "-"
    for parameter in parameters.named_children:
        named = parameter.child_by_field_name("name") or parameter.child_by_field_name("left")
        named = named or (parameter.named_children[0] if parameter.named_children else parameter)
        if source.of(named) == name or source.of(parameter) == name:
            value = parameter.child_by_field_name("value") or parameter.child_by_field_name("right")
            return "given" if value is None else value_of(source, value) or shape_of(source, value)
    return "-"
