"""Finds loops that run one past the end, and the item behind the last."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ai_lsp.diagnostics.finders.finder import EVERY, Finder, found
from ai_lsp.diagnostics.finding import Finding
from ai_lsp.diagnostics.grammar import SUBSCRIPTS, Binary, binary, place_of
from ai_lsp.diagnostics.source import Source
from ai_lsp.text.edit import Edit, Span

CODE = "past-the-end"

_LENGTH = {
    "python": re.compile(r"len\(([\w.]+)\)\Z"),
    "go": re.compile(r"len\(([\w.]+)\)\Z"),
    "rust": re.compile(r"([\w.]+)\.len\(\)\Z"),
    "script": re.compile(r"([\w.]+)\.length\Z"),
}
_RANGE = re.compile(r"range\((?:0, *|1, *)?len\(([\w.]+)\) *\+ *1\)\Z")


def find(source: Source) -> Iterator[Finding]:
    """`i <= len(items)` in a loop that takes `items[i]`, `items[len(items)]`, `range(len(items) + 1)`."""
    length = _LENGTH.get(source.language, _LENGTH["script"])
    for node in source.nodes("comparison_operator", "binary_expression"):
        both = binary(source, node)
        if both is None or both.operator != "<=":
            continue
        holder = length.match(source.of(both.right))
        place = place_of(source, node)
        if holder is None or place.role not in ("for", "while") or place.body is None:
            continue
        taken = f"{holder[1]}[{source.of(both.left)}]"
        if taken in source.of(place.body):
            yield found(
                CODE, f"The loop ends with `{taken}` one past the end", node,
                because=f"`{source.of(both.left)}` may be the length, and `{taken}` is taken", weight=0.8,
                fix=_strictly(source, both), fix_title="Change `<=` to `<`",
            )  # fmt: skip
    for node in source.nodes(*sorted(SUBSCRIPTS)):
        text = source.of(node)
        index = text[text.find("[") + 1 : -1]
        if (holder := length.match(index)) and text.startswith(f"{holder[1]}["):
            parent = node.parent
            written = (
                parent is not None and "assign" in parent.type and parent.child_by_field_name("left") == node
            )
            if not (written and source.language not in ("python", "go", "rust")):
                last = "-1" if source.language == "python" else f"{index} - 1"
                inner = Span(node.start_byte + text.find("[") + 1, node.end_byte - 1)
                yield found(
                    CODE, f"`{text}` is one past the end", node, because="items count from 0", weight=0.8,
                    fix=(Edit(inner, last),), fix_title=f"Take the last: `{holder[1]}[{last}]`",
                )  # fmt: skip
    if source.language == "python":
        for node in source.nodes("for_statement"):
            ranged, body = node.child_by_field_name("right"), node.child_by_field_name("body")
            holder = _RANGE.match(source.of(ranged)) if ranged is not None else None
            name = source.of(node.child_by_field_name("left"))
            if holder and ranged is not None and f"{holder[1]}[{name}]" in source.of(body):
                yield found(
                    CODE, f"The last `{holder[1]}[{name}]` is one past the end", ranged,
                    because="the range takes the length in", weight=0.8,
                )  # fmt: skip


def _strictly(source: Source, both: Binary) -> tuple[Edit, ...]:
    """The edit from `<=` to `<`."""
    at = source.text.find("<=", both.left.end_byte, both.right.start_byte)
    return (Edit(Span(at, at + 2), "<"),) if at >= 0 else ()


FINDER = Finder(CODE, "an item behind the last one", EVERY, find)
