"""Finds operators, negations, numbers and orders of arguments that public code hardly ever has there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tree_sitter import Node

from ai_lsp.diagnostics.finders.finder import EVERY, Finder
from ai_lsp.diagnostics.finding import Evidence, Finding
from ai_lsp.diagnostics.flips import flipped
from ai_lsp.diagnostics.grammar import CALLS, binary, callee, negated
from ai_lsp.diagnostics.habits import Doubt, doubt, elsewhere
from ai_lsp.diagnostics.sites import Site, sites
from ai_lsp.diagnostics.sites_values import numerals, pairs
from ai_lsp.diagnostics.source import Source, span
from ai_lsp.text.edit import Edit, Span

OPERATOR, NEGATION, NUMBER = "unusual-operator", "unusual-negation", "unusual-number"
ARGUMENTS = "swapped-arguments"

SOURCE = "habits"
"""All four speak from the same experience: together they are one signal, not several."""

LEAST = 0.02
"""The chance below which nothing is said at all; what is shown is decided where it is known what changed."""

_ASSERTING = ("assert", "expect", "require", "is", "ok")
"""How the names of functions begin that tests state a fact with."""

_CODES = {"not": NEGATION, "number": NUMBER, "numeral": NUMBER, "arguments": ARGUMENTS}


def find(source: Source, code: str) -> Iterator[Finding]:
    """What is unusual of one kind."""
    for site, seen in _doubts(source):
        if _CODES.get(site.group, OPERATOR) == code:
            yield _finding(source, site, seen, code)


def _doubts(source: Source) -> list[tuple[Site, Doubt]]:
    """The doubtful sites of a file, worked out once for the four finders."""
    known: list[tuple[Site, Doubt]] | None = source.worked_out.get("doubts")
    if known is None:
        every = [*sites(source), *pairs(source), *numerals(source)]
        was = flipped(source, every)
        judged = (
            (site, doubt(site, extra, was.get(n)))
            for n, (site, extra) in enumerate(zip(every, elsewhere(every), strict=True))
        )
        known = [(site, seen) for site, seen in judged if seen is not None and seen.chance >= LEAST]
        if source.is_test:
            known = [(site, seen) for site, seen in known if seen.is_flip or not _is_asserted(source, site.node)]
        source.worked_out["doubts"] = known
    return known


def _is_asserted(source: Source, node: Node) -> bool:
    """Whether a choice stands in an assertion: a wrong one fails when it is run, so what stands was meant."""
    at: Node | None = node
    for _ in range(8):
        if at is None:
            return False
        if at.type == "assert_statement":
            return True
        if at.type in CALLS and callee(source, at).lower().startswith(
            ("assert", "expect", "require", "is", "ok")
        ):
            return True
        at = at.parent
    return False


def _finding(source: Source, site: Site, seen: Doubt, code: str) -> Finding:
    found = _as_it_stands(source, site, seen, code)
    if not seen.is_flip:
        return found
    return replace(found, message=f"{found.message}, and it was so before this change")


def _as_it_stands(source: Source, site: Site, seen: Doubt, code: str) -> Finding:
    share = f"{min(seen.share, 0.99):.0%}"
    instead = seen.instead
    if code == NEGATION:
        message, fix, title = _turned(source, site, share)
    elif code == ARGUMENTS:
        a, b = site.pair
        texts = source.of(a), source.of(b)
        message = f"`{_cut(texts[0])}` and `{_cut(texts[1])}` may be the wrong way round ({share})"
        fix = (Edit(span(a), texts[1]), Edit(span(b), texts[0]))
        title = "Swap the two arguments"
        whole = Span(a.start_byte, b.end_byte)
        because = f"calls in public code mostly have such arguments in the other order ({share})"
        return Finding(code, message, whole, (Evidence("static", SOURCE, because, seen.chance),), (), fix, title)
    elif site.group == "numeral":
        message = f"{source.of(site.node)} is unusual here; a number beside it fits better ({share})"
        fix, title, instead = (), "", "a neighbour"
    else:
        is_, instead = (_spelled(source, site, choice) for choice in (site.choice, instead))
        message = f"`{is_}` is unusual here; such code mostly has `{instead}` ({share})"
        fix, title = _replaced(source, site, instead), f"Change `{is_}` to `{instead}`"
    because = f"learned from public code: {instead} in {share} of such places"
    evidence = (Evidence("static", SOURCE, because, seen.chance),)
    return Finding(code, message, span(site.node), evidence, (), fix, title)


def _turned(source: Source, site: Site, share: str) -> tuple[str, tuple[Edit, ...], str]:
    """What is said of a condition that is mostly the other way round, and the edit that turns it."""
    inner, text = negated(source, site.node), _cut(source.of(site.node))
    if inner is None:
        fix = Edit(
            Span(site.node.start_byte, site.node.start_byte), "not " if source.language == "python" else "!"
        )
        message = f"`{text}` is not negated here; such conditions mostly are ({share})"
    else:
        fix = Edit(Span(site.node.start_byte, inner.start_byte), "")
        message = f"`{text}` is negated here; such conditions mostly are not ({share})"
    return message, (fix,), "Turn the condition round"


def _cut(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 60 else text[:59] + "…"


def _spelled(source: Source, site: Site, choice: str) -> str:
    """A choice as the language, and the line, writes it."""
    if source.language == "python" or site.group == "number":
        return choice
    both = binary(source, site.node)
    stands = source.text[both.left.end_byte : both.right.start_byte].strip() if both is not None else ""
    return {"and": "&&", "or": "||"}.get(choice, choice) + ("=" if stands in ("===", "!==") else "")


def _replaced(source: Source, site: Site, instead: str) -> tuple[Edit, ...]:
    if site.group == "number":
        return (Edit(span(site.node), instead),)
    both = binary(source, site.node)
    if both is None:
        return ()
    between = Span(both.left.end_byte, both.right.start_byte)
    text = source.text[between.start : between.end]
    stands = text.strip()
    return (Edit(between, text.replace(stands, instead)),) if "\n" not in stands else ()


def _finder(code: str, about: str) -> Finder:
    return Finder(code, about, EVERY, lambda source: find(source, code))


FINDERS = (
    _finder(OPERATOR, "an operator that such code hardly ever has"),
    _finder(NEGATION, "a condition that such code mostly has the other way round"),
    _finder(NUMBER, "a number that such code hardly ever has"),
    _finder(ARGUMENTS, "arguments in an order that such calls hardly ever have"),
)
