"""Finds a default, a quantity or a bound that words tell otherwise than the code has it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from tree_sitter import Node

from ai_lsp.diagnostics.finders.doc_mismatch import docstring_of
from ai_lsp.diagnostics.finders.finder import EVERY, Finder, found
from ai_lsp.diagnostics.finding import Finding, Related
from ai_lsp.diagnostics.grammar import FUNCTIONS, NUMBERS, ORDER, bare, binary
from ai_lsp.diagnostics.sites_values import parameter_name
from ai_lsp.diagnostics.source import Source, span
from ai_lsp.text.edit import Edit, Span

CODE = "doc-value"


def find(source: Source) -> Iterator[Finding]:
    """`retries=5` with "defaults to 3"; `30 * 60  # one hour`; `if n > 10:  # more than 5`."""
    for function in source.nodes(*sorted(FUNCTIONS)):
        yield from _defaults(source, function)
    for comment in source.nodes("comment", "line_comment"):
        if (line := _line_of(source, comment)) is not None:
            yield from _quantities(source, comment, line)
            yield from _bounds(source, comment, line)


# Defaults -------------------------------------------------------------------------------------------------------

_DEFAULT = re.compile(
    r"\b(?:defaults?(?:\s+(?:value\s+)?(?:is|to|=))|default:|by\s+default,?)\s*:?\s*[`'\"*]{0,3}"
    r"(?P<value>-?\d+(?:\.\d+)?|True|False|None)\b(?!\.?\w|\s*(?:[-+*/x%]|to\b|or\b|if\b|when\b|where\b|unless\b|for\b|in\b))",
    re.IGNORECASE,
)
_ENTRY = re.compile(
    r"^[ \t]*(?::param\s+(?:[\w.\[\], |]+\s)?\*{0,2}(?P<sphinx>\w+)\s*:"
    r"|(?P<google>\w+)\s*(?:\([^)\n]*\))?\s*:(?!:)"
    r"|(?P<numpy>\w+)\s*:\s*[\w.\[\], |{}'\"]+$|(?:\*\s*)?@param\s+(?:\{[^}]*\}\s*)?\[?(?P<js>\w+))",
    re.MULTILINE,
)
"""Where the description of one parameter begins, in the four usual forms."""


def _defaults(source: Source, function: Node) -> Iterator[Finding]:
    doc = docstring_of(source, function)
    parameters = function.child_by_field_name("parameters")
    if doc is None or parameters is None:
        return
    nodes = {name: p for p in parameters.named_children if (name := parameter_name(source, p))}
    entries = list(_ENTRY.finditer(source.text, doc.start_byte, doc.end_byte))
    ends = [m.start() for m in entries[1:]] + [doc.end_byte] if entries else []
    for entry, end in zip(entries, ends, strict=True):
        name = next((g for g in entry.groups() if g), "")
        parameter = nodes.get(name)
        value = parameter.child_by_field_name("value") if parameter is not None else None
        if value is None and parameter is not None:
            value = parameter.child_by_field_name("right")
        if value is None:
            continue
        told = list(_DEFAULT.finditer(source.text, entry.end(), end))
        has = source.of(value)
        if len(told) != 1 or not _differ(told[0]["value"], has):
            continue
        place = Span(told[0].start("value"), told[0].end("value"))
        yield found(
            CODE,
            f"The default of `{name}` is {has}, not {told[0]['value']}",
            doc,
            because=f"the words say {told[0]['value']}, the code has `{name}={has}`",
            weight=0.75,
            related=(Related(span(nodes[name]), "the default"),),
            fix=(Edit(place, has),),
            fix_title=f"Write {has}",
            at=place,
        )


def _differ(told: str, has: str) -> bool:
    """Whether two literals are surely not the same value; what is no plain literal may be anything."""
    words = {"true": "true", "false": "false", "none": "nothing", "null": "nothing", "undefined": "nothing"}
    a, b = (words.get(each.lower(), each) for each in (told, has))
    if a in words.values() or b in words.values():
        plain = re.fullmatch(r"-?[\d_.]+|'[^']*'|\"[^\"]*\"", b) or b in words.values()
        # "None" is often said of a sentinel, and a number of what None comes to mean.
        return bool(plain) and a != b and "nothing" not in (a, b)
    x, y = _number(a), _number(b)
    return x is not None and y is not None and x != y


def _number(text: str) -> Fraction | None:
    try:
        return Fraction(text.replace("_", ""))
    except (ValueError, ZeroDivisionError):
        return None


# Comments -------------------------------------------------------------------------------------------------------

_UNITS = {
    "ms": Fraction(1, 1000), "millisecond": Fraction(1, 1000), "sec": Fraction(1), "second": Fraction(1),
    "min": Fraction(60), "minute": Fraction(60), "hour": Fraction(3600), "day": Fraction(86400),
    "week": Fraction(7 * 86400), "kb": Fraction(1024), "kib": Fraction(1024), "mb": Fraction(1024**2),
    "mib": Fraction(1024**2), "gb": Fraction(1024**3), "gib": Fraction(1024**3),
}  # fmt: skip
_TIME = frozenset({"ms", "millisecond", "sec", "second", "min", "minute", "hour", "day", "week"})
_WORDS = {"one": "1", "two": "2", "three": "3", "five": "5", "ten": "10", "half an": "0.5", "an": "1", "a": "1"}
_QUANTITY = re.compile(
    r"^\W*(?:=|is|about|i\.e\.)?\s*(?P<n>\d+(?:\.\d+)?|one|two|three|five|ten|half an|an?)[ -]?(?P<unit>"
    + "|".join(sorted(_UNITS, key=len, reverse=True))
    + r")s?\b\W*$",
    re.IGNORECASE,
)
_PRODUCT = re.compile(r"[=:(]\s*(?P<product>\d[\d_]*(?:\s*\*\s*\d[\d_]*)+)\s*[,);]*\s*$")


def _line_of(source: Source, comment: Node) -> str | None:
    """The code in front of a comment, in its line; None where the comment has its line for itself."""
    start = source.text.rfind("\n", 0, comment.start_byte) + 1
    code = source.text[start : comment.start_byte].rstrip()
    return code if code.strip() else None


def _quantities(source: Source, comment: Node, code: str) -> Iterator[Finding]:
    """A product of whole numbers, and a comment that says what it comes to in another unit."""
    told, product = _QUANTITY.match(source.of(comment).strip("/#* \t\r\n")), _PRODUCT.search(code)
    if told is None or product is None:
        return
    value = 1
    for factor in product["product"].split("*"):
        value *= int(factor.replace("_", "").strip())
    n = Fraction(_WORDS.get(told["n"].lower(), told["n"]))
    unit = told["unit"].lower()
    smaller = list(_UNITS.values()) if unit in _TIME else [Fraction(1), *_UNITS.values(), Fraction(1000)]
    meant = n * _UNITS[unit]
    means = {meant / each for each in smaller} | {n * 1000**k for k in (1, 2, 3) if unit not in _TIME}
    if value not in means:
        yield found(
            CODE,
            f"{product['product']} is {value}, which is not {told['n']} {told['unit']}",
            comment,
            because=f"no unit makes {value} the same as {told['n']} {told['unit']}",
            weight=0.7,
        )


_BOUND = re.compile(
    r"^(?P<how>at most|no more than|up to|at least|no less than|more than|greater than|less than|fewer than)\s+"
    r"(?P<n>\d+(?:\.\d+)?)\b(?!\s*%)",
    re.IGNORECASE,
)
_OPERATOR_OF = {
    "at most": "<=", "no more than": "<=", "up to": "<=", "at least": ">=", "no less than": ">=",
    "more than": ">", "greater than": ">", "less than": "<", "fewer than": "<",
}  # fmt: skip
_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}


def _bounds(source: Source, comment: Node, code: str) -> Iterator[Finding]:
    """A comparison with a number, and a comment behind it that names another one, or the bound on its other
    side. A comment that says the very opposite may speak of what is left out."""
    told = _BOUND.match(source.of(comment).strip("/#* \t\r\n"))
    if told is None:
        return
    start = source.text.rfind("\n", 0, comment.start_byte) + 1
    inside = [
        node
        for node in source.nodes("comparison_operator", "binary_expression")
        if start <= node.start_byte and node.end_byte <= comment.start_byte
    ]
    compared = [both for node in inside if (both := binary(source, node)) and both.operator in ORDER]
    if len(compared) != 1 or bare(compared[0].right).type not in NUMBERS:
        return
    operator, has = compared[0].operator, source.of(bare(compared[0].right))
    says = _OPERATOR_OF[told["how"].lower()]
    n, m = _number(told["n"]), _number(has)
    if n is None or m is None:
        return
    same_number = n == m and operator in (says, _OPPOSITE[says])
    off_by_one = abs(n - m) == 1 and operator not in (says, _OPPOSITE[says])  # `> 4  # at least 5`
    if not same_number and not off_by_one:
        yield found(
            CODE,
            f"The code asks for `{operator} {has}`, the comment says “{told[0]}”",
            compared[0].node,
            because=f"“{told[0]}” is `{says} {told['n']}`",
            weight=0.6,
        )


FINDER = Finder(CODE, "a default, a quantity or a bound that words tell otherwise", EVERY, find)
