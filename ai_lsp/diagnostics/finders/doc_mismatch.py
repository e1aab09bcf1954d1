"""Finds a docstring or a comment that contradicts the code: parameters and units."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from ai_lsp.diagnostics.finders.finder import PYTHON, SCRIPT, Finder
from ai_lsp.diagnostics.finding import Evidence, Finding, Related
from ai_lsp.diagnostics.grammar import FUNCTIONS
from ai_lsp.diagnostics.sites_values import parameter_name
from ai_lsp.diagnostics.source import Source, span
from ai_lsp.text.edit import Edit, Span

CODE = "doc-mismatch"

_SPHINX = re.compile(r":param\s+(?:[\w.\[\], |]+\s)?\*{0,2}(\w+)\s*:")
_JSDOC = re.compile(r"@param\s+(?:\{[^}]*\}\s*)?\[?(\w+)")
_UNITS = {
    "ms": r"\b(?:ms|milliseconds?|millis)\b",
    "s": r"\b(?:seconds?|secs?)\b",
    "us": r"\b(?:us|microseconds?)\b",
    "min": r"\bminutes?\b",
    "kb": r"\b(?:kb|kilobytes?|kib)\b",
    "mb": r"\b(?:mb|megabytes?|mib)\b",
    "bytes": r"\bbytes?\b",
}
_SUFFIX = {
    "ms": "ms", "millis": "ms", "milliseconds": "ms", "s": "s", "sec": "s", "secs": "s", "seconds": "s",
    "us": "us",
    "minutes": "min", "mins": "min", "kb": "kb", "mb": "mb", "bytes": "bytes",
}  # fmt: skip
_FAMILY = {"ms": "time", "s": "time", "us": "time", "min": "time", "kb": "size", "mb": "size", "bytes": "size"}
_NAMED_UNIT = re.compile(
    r"(\w+)_(\w+)\s*(?::[^=]*)?=\s*[\d_.]+,?\s*(?:#|//)\s*(.*)$", re.MULTILINE | re.IGNORECASE
)


def find(source: Source) -> Iterator[Finding]:
    """A described parameter that is not there while one that is there is not described; `delay_ms = 5  #
    seconds`."""
    for function in source.nodes(*sorted(FUNCTIONS)):
        yield from _parameters(source, function)
    for match in _NAMED_UNIT.finditer(source.text):
        unit, note = _SUFFIX.get(match[2].lower()), match[3].lower()
        said = [u for u, pattern in _UNITS.items() if re.search(pattern, note)]
        if unit and said and unit not in said and any(_FAMILY[u] == _FAMILY[unit] for u in said):
            place = Span(match.start(3), match.end(3))
            because = f"the name ends in `_{match[2]}`, the comment says “{match[3].strip()}”"
            yield Finding(
                CODE,
                "The comment and the name disagree on the unit",
                place,
                (Evidence("static", CODE, because, 0.6),),
            )


def _parameters(source: Source, function: Node) -> Iterator[Finding]:
    doc, pattern = docstring_of(source, function), _JSDOC if source.language in SCRIPT else _SPHINX
    parameters = function.child_by_field_name("parameters")
    if doc is None or parameters is None:
        return
    if any("splat" in p.type or "rest" in p.type or "pattern" in p.type for p in parameters.named_children):
        return  # takes anything: what it takes is told in words only
    nodes = {name: p for p in parameters.named_children if (name := parameter_name(source, p))}
    said = {m[1]: m for m in pattern.finditer(source.text, doc.start_byte, doc.end_byte)}
    gone = [name for name in said if name not in nodes]
    untold = [name for name in nodes if name not in said and name not in ("self", "cls")]
    if len(gone) != 1 or len(untold) != 1 or len(said) < 2:
        return
    match = said[gone[0]]
    place = Span(match.start(1), match.end(1))
    because = f"`{gone[0]}` is described and is no parameter, `{untold[0]}` is one and is not described"
    yield Finding(
        CODE,
        f"There is no parameter `{gone[0]}`; `{untold[0]}` is not described",
        place,
        (Evidence("static", CODE, because, 0.6),),
        (Related(span(nodes[untold[0]]), "the parameter"),),
        (Edit(place, untold[0]),),
        f"Describe `{untold[0]}`",
    )


def docstring_of(source: Source, function: Node) -> Node | None:
    """A function's docstring, or the comment in front of it."""
    if source.language in PYTHON:
        body = function.child_by_field_name("body")
        first = body.named_children[0] if body is not None and body.named_children else None
        inner = first.named_children[0] if first is not None and first.named_children else None
        return inner if inner is not None and inner.type == "string" else None
    at = function
    for _ in range(3):
        before = at.prev_named_sibling
        if before is not None and before.type == "comment" and source.of(before).startswith("/**"):
            return before if at.start_point[0] - before.end_point[0] <= 1 else None
        if at.parent is None or at.parent.start_byte != at.start_byte:
            return None
        at = at.parent
    return None


FINDER = Finder(CODE, "words that contradict the code", PYTHON | SCRIPT, find)
