"""Finds a call that only gives something back, whose result is dropped."""

from __future__ import annotations

from collections.abc import Iterator

from ai_lsp.diagnostics.finders.finder import GO, PYTHON, SCRIPT, Finder, found
from ai_lsp.diagnostics.finding import Finding
from ai_lsp.diagnostics.grammar import CALLS, MEMBERS, STRINGS, callee
from ai_lsp.diagnostics.source import Source
from ai_lsp.text.edit import Edit, Span

CODE = "unused-result"

_METHODS = {
    "python": frozenset(
        (
            *("strip", "lstrip", "rstrip", "upper", "lower", "title", "casefold", "removeprefix", "removesuffix"),
            *("startswith", "endswith", "splitlines", "zfill", "isdigit", "isalpha", "union", "intersection"),
            *("with_suffix", "with_name", "as_posix", "total_seconds", "isoformat"),
        )
    ),
    "javascript": frozenset(
        (
            *("trim", "trimEnd", "trimStart", "toUpperCase", "toLowerCase", "padStart", "padEnd", "concat"),
            *("startsWith", "endsWith", "toFixed", "substring", "toISOString", "flatMap", "toSorted"),
        )
    ),
    "go": frozenset(),
}
_FUNCTIONS = {
    "python": frozenset({"sorted", "reversed", "len", "str", "isinstance", "abs", "sum", "zip", "enumerate"}),
    "javascript": frozenset(),
    "go": frozenset(),
}
_GO_STRINGS = frozenset({"TrimSpace", "TrimSuffix", "TrimPrefix", "ToLower", "ToUpper", "ReplaceAll", "Replace"})


def find(source: Source) -> Iterator[Finding]:
    """`name.strip()` as a statement. Not in tests, which call things to see them fail."""
    language = "javascript" if source.language in SCRIPT else source.language
    if source.is_test:
        return
    for node in source.nodes("expression_statement"):
        call = node.named_children[0] if node.named_child_count == 1 else None
        if call is None or call.type not in CALLS or _may_be_meant(node.parent):
            continue
        function, name = call.child_by_field_name("function"), callee(source, call)
        if function is None:
            continue
        is_method = function.type in MEMBERS
        pure = name in (_METHODS if is_method else _FUNCTIONS)[language]
        if language == "go" and is_method:
            pure = source.of(function).startswith("strings.") and name in _GO_STRINGS
        if pure and not any(c.type in STRINGS for c in function.named_children):
            holder = source.of(function.named_children[0]) if is_method and language == "python" else ""
            keeps = (
                (Edit(Span(call.start_byte, call.start_byte), f"{holder} = "),) if holder.isidentifier() else ()
            )
            yield found(
                CODE,
                f"The result of `{name}` is dropped, and `{name}` does nothing else",
                call,
                because=f"`{name}` gives its result back and changes nothing",
                weight=0.7,
                fix=keeps,
                fix_title=f"Keep it in `{holder}`" if keeps else "",
            )


def _may_be_meant(parent: object) -> bool:
    """Whether a statement stands where a call may only be tried: in `try` or in `with` a tester of errors."""
    at = parent
    for _ in range(2):
        kind = getattr(at, "type", "")
        if kind in ("try_statement", "with_statement", "arrow_function"):
            return True
        at = getattr(at, "parent", None)
    return False


FINDER = Finder(CODE, "a result that nobody takes", PYTHON | SCRIPT | GO, find)
