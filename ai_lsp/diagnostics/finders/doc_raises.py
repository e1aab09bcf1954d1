"""Finds a docstring that names another exception than the one that is raised."""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterator

from tree_sitter import Node

from ai_lsp.diagnostics.finders.doc_mismatch import docstring_of
from ai_lsp.diagnostics.finders.finder import PYTHON, SCRIPT, Finder, found
from ai_lsp.diagnostics.finding import Finding, Related
from ai_lsp.diagnostics.grammar import FUNCTIONS, last_name
from ai_lsp.diagnostics.source import Source, span, walk
from ai_lsp.text.edit import Edit, Span

CODE = "doc-raises"

_SPHINX = re.compile(r":(?:raises?|except|exception)\s+~?(?:[\w.]+\.)?(?P<name>\w+)\s*:")
_JSDOC = re.compile(r"@(?:throws|exception)\s+\{~?(?:[\w.]+\.)?(?P<name>\w+)\}")
_SECTION = re.compile(
    r"^[ \t]*Raises:?[ \t]*\n(?:[ \t]*-{3,}[ \t]*\n)?(?P<body>(?:[ \t]+\S.*\n?|[ \t]*\n)+)", re.MULTILINE
)
_NAMED = re.compile(r"^[ \t]*(?:[\w.]+\.)?(?P<name>[A-Z]\w+)[ \t]*(?::.*)?$", re.MULTILINE)
_KIND = re.compile(r"[A-Z]\w*(?:Error|Exception|Warning|Exit|Interrupt|Iteration)\Z|[A-Z]\w+\Z")


def find(source: Source) -> Iterator[Finding]:
    """`:raises ValueError:` over a body that raises `TypeError` and nothing else."""
    for function in source.nodes(*sorted(FUNCTIONS)):
        doc = docstring_of(source, function)
        if doc is None:
            continue
        told = {m["name"]: m for m in _told(source, doc)}
        if not told:
            continue
        raised = dict(_raised(source, function))
        related = _bases(source)
        untold = [n for n in raised if not any(_is_kin(n, other, related) for other in told)]
        never = [n for n in told if not any(_is_kin(n, other, related) for other in raised)]
        if len(untold) != 1:
            continue
        name, node = untold[0], raised[untold[0]]
        if len(never) == 1 and len(raised) == 1 and len(told) == 1:
            place = Span(told[never[0]].start("name"), told[never[0]].end("name"))
            yield found(
                CODE,
                f"The words say `{never[0]}`, the code raises `{name}`",
                doc,
                because=f"`{name}` is all that this function raises by itself, and the words do not name it",
                weight=0.45,
                related=(Related(span(node), "raised here"),),
                fix=(Edit(place, name),),
                fix_title=f"Name `{name}`",
                at=place,
            )
        elif any(n in raised for n in told):
            yield found(
                CODE,
                f"`{name}` is raised, and the words that list what is raised leave it out",
                node,
                because=f"the words name {', '.join(sorted(told))} only",
                weight=0.2,
                related=(Related(span(doc), "what is raised"),),
            )


def _told(source: Source, doc: Node) -> Iterator[re.Match[str]]:
    """The exceptions that words name, in the usual forms."""
    start, end = doc.start_byte, doc.end_byte
    if source.language in SCRIPT:
        yield from _JSDOC.finditer(source.text, start, end)
        return
    yield from _SPHINX.finditer(source.text, start, end)
    for section in _SECTION.finditer(source.text, start, end):
        body = section["body"]
        first = next((row for row in body.split("\n") if row.strip()), "")
        depth = len(first) - len(first.lstrip())
        for named in _NAMED.finditer(source.text, section.start("body"), section.end("body")):
            row = named[0]
            if len(row) - len(row.lstrip()) == depth and _KIND.match(named["name"]):
                yield named


def _raised(source: Source, function: Node) -> Iterator[tuple[str, Node]]:
    """What a function raises by itself and does not catch, by name."""
    body = function.child_by_field_name("body")
    if body is None:
        return
    for node in walk(body, lambda n: n.type not in FUNCTIONS and "class" not in n.type):
        if node.type not in ("raise_statement", "throw_statement") or not node.named_children:
            continue
        what = node.named_children[0]
        if what.type == "new_expression":
            what = what.child_by_field_name("constructor") or what
        name = last_name(source, what)
        if _KIND.match(name) and not name.isupper() and not _is_caught(node, body):
            yield name, node


def _is_caught(node: Node, body: Node) -> bool:
    """Whether a statement stands in the guarded part of a `try`, whatever that catches."""
    at = node
    while at != body and at.parent is not None:
        if at.parent.type == "try_statement" and at.parent.child_by_field_name("body") == at:
            return True
        at = at.parent
    return False


def _bases(source: Source) -> dict[str, set[str]]:
    """The bases of the classes of a file, by name."""
    out: dict[str, set[str]] = {}
    for node in source.nodes("class_definition"):
        bases = node.child_by_field_name("superclasses")
        names = {last_name(source, each) for each in bases.named_children} if bases is not None else set()
        out[source.of(node.child_by_field_name("name"))] = names
    return out


def _is_kin(a: str, b: str, bases: dict[str, set[str]]) -> bool:
    """Whether one exception is the other, or may be one of its kind; unknown ones go by their names' end."""
    if a == b or b in bases.get(a, ()) or a in bases.get(b, ()):
        return True
    one, other = (getattr(builtins, name, None) for name in (a, b))
    if isinstance(one, type) and isinstance(other, type):
        return issubclass(one, other) or issubclass(other, one)
    return a.endswith(b) or b.endswith(a)


FINDER = Finder(CODE, "an exception that words name otherwise than the code", PYTHON | SCRIPT, find)
