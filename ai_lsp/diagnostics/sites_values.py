"""Places where code had a choice among many: which argument comes first, and how large a number is.

Here a feature names the choice itself, and learned is whether choice and place go together. For learning,
each site also knows its features as they would be after a typical mistake.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from tree_sitter import Node

from ai_lsp.diagnostics.grammar import FUNCTIONS, NUMBERS, bare, binary, callee, last_name, words
from ai_lsp.diagnostics.shapes import shape_of, value_of
from ai_lsp.diagnostics.sites import Site
from ai_lsp.diagnostics.source import Source

ARGUMENTS, NUMERAL = "arguments", "numeral"

_NOT_PLAIN = frozenset(
    ("keyword_argument", "list_splat", "dictionary_splat", "spread_element", "comment", "line_comment", "ERROR")
)


def pairs(source: Source) -> Iterator[Site]:
    """Neighbouring arguments of calls."""
    definitions = _parameters(source)
    calls = list(_calls(source))
    orders = Counter((name, i, shape_of(source, a), shape_of(source, b)) for name, i, a, b, _ in calls)
    for name, i, a, b, node in calls:
        if source.of(a) == source.of(b):
            continue
        parameters = definitions.get(name, ())
        features = tuple(_pair_features(source, name, i, a, b, parameters, orders, swapped=False))
        wrong = tuple(_pair_features(source, name, i, b, a, parameters, orders, swapped=True))
        yield Site(ARGUMENTS, "right", features, node, "", wrong, (a, b))


def _calls(source: Source) -> Iterator[tuple[str, int, Node, Node, Node]]:
    for node in source.nodes("call", "call_expression", "new_expression"):
        arguments = node.child_by_field_name("arguments")
        name = callee(source, node)
        if arguments is None or not name:
            continue
        plain = arguments.named_children
        for i, (a, b) in enumerate(pairwise(plain)):
            if i < 3 and a.type not in _NOT_PLAIN and b.type not in _NOT_PLAIN:
                yield name, i, bare(a), bare(b), arguments


def _pair_features(
    source: Source,
    name: str,
    i: int,
    a: Node,
    b: Node,
    parameters: tuple[str, ...],
    orders: Counter[tuple[str, int, str, str]],
    *,
    swapped: bool,
) -> Iterator[str]:
    name_a, name_b = last_name(source, a), last_name(source, b)
    shape_a, shape_b = shape_of(source, a), shape_of(source, b)
    value_a, value_b = value_of(source, a) or name_a.lower(), value_of(source, b) or name_b.lower()
    words_a, words_b = words(name_a)[-3:], words(name_b)[-3:]
    at = f"{name}{i}"
    yield f"shapes={shape_a},{shape_b}"
    yield f"at={at}|{shape_a},{shape_b}"
    yield f"a={at}|{value_a}"
    yield f"b={at}|{value_b}"
    yield f"ab={value_a},{value_b}"
    yield f"a={at}|{shape_a}"
    yield f"b={at}|{shape_b}"
    yield f"i={i}|{shape_a},{shape_b}"
    for word in words_a:
        yield f"a={at}|w={word}"
        yield f"a=w={word}|{shape_b}"
        yield f"first=w={word}"
        for other in words_b:
            yield f"ab=w={word},{other}"
    for word in words_b:
        yield f"b={at}|w={word}"
        yield f"b=w={word}|{shape_a}"
        yield f"second=w={word}"
    for part in words(name)[:3]:
        yield f"call={part}|{i}|{shape_a},{shape_b}"
        for word in words_a[-1:]:
            yield f"call={part}|a={word}"
        for word in words_b[-1:]:
            yield f"call={part}|b={word}"
    if len(parameters) > i + 1:
        own = _fits(name_a, parameters[i]) + _fits(name_b, parameters[i + 1])
        crossed = _fits(name_a, parameters[i + 1]) + _fits(name_b, parameters[i])
        yield f"parameters={own},{crossed}"
    same = orders[name, i, shape_a, shape_b] - (not swapped)
    other_way = orders[name, i, shape_b, shape_a] - swapped
    if shape_a != shape_b:
        yield f"calls={min(same, 3)},{min(other_way, 3)}"


def _fits(name: str, parameter: str) -> int:
    """How well an argument's name fits a parameter's: 2 the same, 1 shares its last word, 0 not."""
    mine, its = words(name), words(parameter)
    if not mine or not its:
        return 0
    return 2 if mine == its else int(mine[-1] == its[-1] or mine[0] == its[0])


def _parameters(source: Source) -> dict[str, tuple[str, ...]]:
    """The parameters of the functions that a file defines once, without `self`."""
    out: dict[str, tuple[str, ...]] = {}
    for node in source.nodes(*sorted(FUNCTIONS)):
        name, parameters = source.of(node.child_by_field_name("name")), node.child_by_field_name("parameters")
        if not name or parameters is None:
            continue
        names = [parameter_name(source, each) for each in parameters.named_children]
        names = [each for each in names if each not in ("", "self", "cls", "&self", "&mut self")]
        out[name] = () if name in out else tuple(names)
    return out


def parameter_name(source: Source, parameter: Node) -> str:
    """The name of one parameter; empty for what is none."""
    if parameter.type == "identifier":
        return source.of(parameter)
    for field in ("name", "pattern", "left"):
        if (named := parameter.child_by_field_name(field)) is not None:
            return source.of(named)
    first = parameter.named_children[0] if parameter.named_children else None
    return source.of(first) if first is not None and first.type == "identifier" else ""


def numerals(source: Source) -> Iterator[Site]:
    """Whole numbers from 4 on."""
    nodes = [
        node
        for node in source.nodes("integer", "number", "int_literal", "integer_literal")
        if source.of(node).isdigit() and 4 <= int(source.of(node)) < 10_000_000 and source.of(node)[0] != "0"
    ]
    if len(nodes) > 2_000:
        return  # a table
    counts = Counter(int(source.of(node)) for node in nodes)
    for node in nodes:
        value = int(source.of(node))
        wrong = value + (1 if zlib.crc32(f"{source.path}:{node.start_byte}".encode()) & 1 else -1)
        around = list(_around(source, node))
        before, after = Counter(counts), Counter(counts)
        before[value] -= 1
        after[value] -= 1
        features = tuple(_numeral_features(value, around, before))
        yield Site(NUMERAL, "right", features, node, "", tuple(_numeral_features(wrong, around, after)))


def _numeral_features(value: int, around: list[str], others: Counter[int]) -> Iterator[str]:
    form = _form(value)
    seen = f"seen={min(others[value], 3)},{min(others[value - 1] + others[value + 1], 3)}"
    yield f"v={value}"
    yield f"form={form}"
    yield seen
    yield f"{seen}|{form}"
    for what in around:
        yield f"v={value}|{what}"
        yield f"form={form}|{what}"
        yield f"{seen}|{what}"


def _form(value: int) -> str:
    """What kind of number it is."""
    text = str(value)
    zeros = len(text) - len(text.rstrip("0"))
    if zeros:
        return f"round{min(zeros, 3)}" + ("+" if zeros == len(text) - 1 else "")
    if value & (value - 1) == 0:
        return "power"
    if value & (value + 1) == 0:
        return "power-1"
    if (value - 1) & (value - 2) == 0 and value > 9:
        return "power+1"
    if set(text) == {"9"}:
        return "nines"
    if text[-1] == "1" and set(text[1:-1]) <= {"0"} and len(text) > 1:
        return "round+1"
    return ("five" if text[-1] == "5" else "even" if value % 2 == 0 else "odd") + str(min(len(text), 4))


def _around(source: Source, node: Node) -> Iterator[str]:
    """What stands around a number."""
    at, parent = node, node.parent
    while parent is not None and parent.type in (
        "unary_operator",
        "unary_expression",
        "parenthesized_expression",
    ):
        at, parent = parent, parent.parent
    if parent is None:
        return
    yield f"in={parent.type}"
    line = source.text[max(0, node.start_byte - 40) : node.start_byte].rsplit("\n", 1)[-1]
    tokens = re.findall(r"\w+|[^\w\s]", line)[-3:]
    follow = re.findall(r"\w+|[^\w\s]", source.text[node.end_byte : node.end_byte + 30].split("\n", 1)[0])[:2]
    yield f"b={' '.join(tokens[-2:])}"
    yield f"b={' '.join(tokens)}"
    yield f"ba={' '.join(tokens[-1:])}|{' '.join(follow[:1])}"
    yield f"a={' '.join(follow)}"
    both = binary(source, parent)
    if both is not None:
        other = bare(both.right if both.left == at else both.left)
        yield f"op={both.operator}|{shape_of(source, other)}"
        yield f"op={both.operator}|{last_name(source, other).lower()}"
        for word in words(last_name(source, other))[-2:]:
            yield f"w={word}"
    holder: Node | None = parent.parent if parent.type in ("argument_list", "arguments") else None
    if holder is not None and at in parent.named_children:
        name = callee(source, holder)
        yield f"call={name}|{parent.named_children.index(at)}"
        for word in words(name)[:3]:
            yield f"cw={word}"
    for field in ("name", "left", "key"):
        if (named := parent.child_by_field_name(field)) is not None and named != at:
            yield f"to={last_name(source, named).lower()}"
            for word in words(last_name(source, named))[:4]:
                yield f"w={word}"
    items = [child for child in parent.named_children if child.type in NUMBERS]
    if len(items) > 2:
        yield f"list|{min(len(items), 6)}"
