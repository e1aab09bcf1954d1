"""Finds conditions that can never hold, or always do: two comparisons of one thing that contradict each other."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from tree_sitter import Node

from ai_lsp.diagnostics.finders.finder import EVERY, Finder, found
from ai_lsp.diagnostics.finding import Finding
from ai_lsp.diagnostics.grammar import NUMBERS, STRINGS, bare, binary
from ai_lsp.diagnostics.source import Source

CODE = "impossible-condition"

_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


def find(source: Source) -> Iterator[Finding]:
    """`x < 0 and x > 10` never holds, `x != a or x != b` always does."""
    for node in source.nodes("boolean_operator", "binary_expression"):
        both = binary(source, node)
        if both is None or both.operator not in ("and", "or"):
            continue
        left, right = _bound(source, bare(both.left)), _bound(source, bare(both.right))
        if left is None or right is None or left[0] != right[0]:
            continue
        what = _clash(left, right, both.operator)
        if what and not (source.language == "go" and left[1] == "!="):  # go vet says that
            yield found(
                CODE,
                f"This condition {what}",
                node,
                because=f"both sides speak of `{left[0]}` and {what}",
                weight=0.8,
            )


Bound = tuple[str, str, str, Fraction | None]


def _bound(source: Source, node: Node) -> Bound | None:
    """The thing compared, the operator, and the literal it is compared with, on the right."""
    both = binary(source, node)
    if both is None or both.operator not in _TURNED:
        return None
    left, operator, right = bare(both.left), both.operator, bare(both.right)
    if left.type in NUMBERS or left.type in STRINGS:
        left, operator, right = right, _TURNED[operator], left
    text = source.of(right)
    if "(" in source.of(left) or right.type not in NUMBERS | STRINGS | {"unary_operator", "unary_expression"}:
        return None
    try:
        value = Fraction(text.replace("_", "")) if right.type not in STRINGS else None
    except (ValueError, ZeroDivisionError):
        return None
    return " ".join(source.of(left).split()), operator, text, value


def _clash(left: Bound, right: Bound, operator: str) -> str:
    (_, a, a_text, a_value), (_, b, b_text, b_value) = left, right
    if operator == "or" and a == b == "!=" and a_text != b_text:
        return "always holds"
    if operator == "and" and a == b == "==" and a_text != b_text:
        return "never holds"
    if a_value is None or b_value is None or a == b:
        return ""
    if a in (">", ">=") and b in ("<", "<="):
        a, b, a_value, b_value = b, a, b_value, a_value
    if not (a in ("<", "<=") and b in (">", ">=")):
        return ""
    # Something is below a_value, and above b_value.
    if operator == "and" and (a_value < b_value or (a_value == b_value and (a, b) != ("<=", ">="))):
        return "never holds"
    if operator == "or" and (a_value > b_value or (a_value == b_value and (a, b) != ("<", ">"))):
        return "always holds"
    return ""


FINDER = Finder(CODE, "a condition that contradicts itself", EVERY, find)
