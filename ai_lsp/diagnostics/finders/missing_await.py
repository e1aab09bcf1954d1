"""Finds a call of an asynchronous function of the same file that nothing waits for, where all others are waited
for."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from ai_lsp.diagnostics.finders.finder import PYTHON, SCRIPT, Finder, found
from ai_lsp.diagnostics.finding import Finding
from ai_lsp.diagnostics.grammar import FUNCTIONS, callee, enclosing_function
from ai_lsp.diagnostics.rewrites import Pair
from ai_lsp.diagnostics.source import Source
from ai_lsp.text.edit import Edit, Span

CODE = "missing-await"


def find(source: Source) -> Iterator[Finding]:
    """A bare `save()` or `x = load()` in an async function, where `save` and `load` are async functions of the
    file
    and every other call of them, twice at least, is awaited."""
    names: dict[str, bool] = {}
    for node in source.nodes(*sorted(FUNCTIONS)):
        if name := source.of(node.child_by_field_name("name")):
            names[name] = names.get(name, True) and _is_async(source, node)
    calls = [
        n for n in source.nodes("call", "call_expression") if names.get(callee(source, n)) and _is_own(source, n)
    ]
    awaited: dict[str, int] = {}
    bare: dict[str, list[Node]] = {}
    for node in calls:
        name, parent = callee(source, node), node.parent
        if parent is None:
            continue
        if parent.type in ("await", "await_expression"):
            awaited[name] = awaited.get(name, 0) + 1
        else:
            bare.setdefault(name, []).append(node)
    yield from _dropped(source)
    for name, nodes in bare.items():
        node = nodes[0]
        function = enclosing_function(node)
        kind = node.parent.type if node.parent is not None else ""
        plain = kind in ("expression_statement", "assignment", "variable_declarator")
        if (
            len(nodes) > 1
            or not awaited.get(name)
            or not plain
            or function is None
            or not _is_async(source, function)
        ):
            continue
        weight = min(0.8, 0.3 + 0.15 * awaited[name])
        yield found(
            CODE, f"`{name}` is asynchronous, and nothing waits for it here", node,
            because=f"the file waits for it in {awaited[name]} other places", weight=weight,
            fix=(Edit(Span(node.start_byte, node.start_byte), "await "),), fix_title="Wait for it",
        )  # fmt: skip


def _dropped(source: Source) -> Iterator[Finding]:
    """An `await` that a change took out of a line, doing nothing else to it, in a function that still waits."""
    taken = [p for p in (source.rewrites.pairs if source.rewrites is not None else ()) if _is_only_await(p)]
    for pair in taken if len(taken) == 1 else ():  # more of them: the thing called waits no more
        i1, _, j1, _ = next(iter(pair.steps()))
        place = pair.new[min(j1, len(pair.new) - 1)]
        node = source.root.descendant_for_byte_range(place.start(), place.start() + 1)
        function = enclosing_function(node) if node is not None else None
        if node is not None and function is not None and _is_async(source, function):
            yield found(
                CODE, "This change no longer waits for what it waited for", node,
                because=f"`{pair.old[i1][0]}` is all that it took out of the line", weight=0.5,
                fix=(Edit(Span(place.start(), place.start()), "await "),), fix_title="Wait for it",
            )  # fmt: skip


def _is_only_await(pair: Pair) -> bool:
    steps = list(pair.steps())
    return len(steps) == 1 and [t[0] for t in pair.old[steps[0][0] : steps[0][1]]] == ["await"] and (
        steps[0][2] == steps[0][3]
    )  # fmt: skip


def _is_own(source: Source, call: Node) -> bool:
    """Whether a call is of a function by its name, or of a method of the same object."""
    text = source.of(call.child_by_field_name("function"))
    return "." not in text.removeprefix("self.").removeprefix("this.")


def _is_async(source: Source, function: Node) -> bool:
    return source.text.startswith("async", function.start_byte) or any(
        c.type == "async" for c in function.children
    )


FINDER = Finder(CODE, "an asynchronous call that nothing waits for", PYTHON | SCRIPT, find)
