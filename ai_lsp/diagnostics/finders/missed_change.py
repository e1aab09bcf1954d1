"""Finds the one place that a change left as it was, where it did the same in every other place of that kind."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tree_sitter import Node

from ai_lsp.diagnostics.finders.finder import EVERY, Finder
from ai_lsp.diagnostics.finding import Evidence, Finding, Related
from ai_lsp.diagnostics.grammar import CALLS, FUNCTIONS, MEMBERS, STRINGS, callee
from ai_lsp.diagnostics.rewrites import Pair, Rewrites, Token, tokens
from ai_lsp.diagnostics.source import Source
from ai_lsp.text.document import split_lines
from ai_lsp.text.edit import Edit, Span

CODE = "missed-change"

LEAST = 2
"""Places that were changed in the same way before the one that was not stands out."""

MANY = 3
"""Places from which the one that is left need not stand in a line like theirs."""

MOST_WORDS = 8
"""Words of one rewrite; more were written anew."""

_NAME = re.compile(r"[^\W\d]\w{2,}\Z")


@dataclass(frozen=True, slots=True)
class _Left:
    """A place that was left: its words, what they would have become, and the places that became it."""

    span: Span
    instead: str
    changed: tuple[Span, ...]
    what: str
    trust: float = 0.35
    """What the kind of it is worth by itself; every place that was changed adds a tenth."""


def find(source: Source) -> Iterator[Finding]:
    """A name, an argument or a sign changed in two places at least, and one place of the same shape left."""
    rewrites = source.rewrites
    if rewrites is None or not rewrites.pairs:
        return
    seen: list[Span] = []
    for left in (*_phrases(source, rewrites), *_arguments(source, rewrites), *_shapes(source, rewrites)):
        if any(left.span.start < other.end and other.start < left.span.end for other in seen):
            continue
        seen.append(left.span)
        n = len(left.changed)
        weight = min(left.trust + 0.3, left.trust + 0.1 * n)
        yield Finding(
            CODE,
            f"{left.what} in {n} places by this change, and not here",
            left.span,
            (
                Evidence(
                    "static",
                    CODE,
                    f"{n} places of the same shape were changed, this is the only one left",
                    weight,
                ),
            ),
            tuple(Related(span, "changed here") for span in left.changed[:5]),
            (Edit(left.span, left.instead),),
            "Change it here too",
        )


# Words ----------------------------------------------------------------------------------------------------------


def _phrases(source: Source, rewrites: Rewrites) -> Iterator[_Left]:
    """Words that became other words everywhere but in one place, by themselves or between the same neighbours."""
    became: dict[_Phrase, dict[tuple[str, ...], list[tuple[Span, Pair]]]] = {}
    for pair in rewrites.pairs:
        for i1, i2, j1, j2 in pair.steps():
            if max(i2 - i1, j2 - j1) > MOST_WORDS or j1 == j2:
                continue
            for around in (0, 1):
                old, new = (
                    pair.old[max(0, i1 - around) : i2 + around],
                    pair.new[max(0, j1 - around) : j2 + around],
                )
                words = tuple(t[0] for t in old)
                if any(_NAME.match(word) for word in words) and (around == 0 or len(words) == i2 - i1 + 2):
                    phrase = _Phrase(words, around)
                    places = became.setdefault(phrase, {}).setdefault(tuple(t[0] for t in new), [])
                    places.append((Span(new[0].start(), new[-1].end()), pair))
    for phrase, ways in sorted(became.items(), key=lambda item: item[0].around):
        (new_words, places), *others = ways.items()
        if others or len(places) < phrase.least:
            continue  # it became this here and that there
        changed = [span for span, _ in places]
        still = list(re.finditer(phrase.pattern, source.text))
        still = [m for m in still if not any(c.start <= m.start() < c.end for c in changed)]
        if len(still) != 1 or _line(source, still[0].start()) in rewrites.lines:
            continue
        if len(places) < MANY and not _are_alike(source, still[0].start(), [pair for _, pair in places]):
            continue
        if _is_as(source, still[0].start(), [span.start for span in changed]):
            text = source.text[changed[0].start : changed[0].end]
            what = f"`{_joined(phrase.words)}` became `{_joined(new_words)}`"
            trust = 0.15 if phrase.around else 0.35
            yield _Left(Span(still[0].start(), still[0].end()), text, tuple(changed), what, trust)


@dataclass(frozen=True, slots=True)
class _Phrase:
    """Words that were replaced, with `around` neighbours on either side that stayed."""

    words: tuple[str, ...]
    around: int

    @property
    def least(self) -> int:
        """In how many places it must have become something else: words between neighbours say little."""
        return (
            LEAST if not self.around else MANY if sum(bool(_NAME.match(w)) for w in self.words) > 1 else 2 * MANY
        )

    @property
    def pattern(self) -> str:
        """Finds it in a text."""
        inner = r"[ \t]*".join(re.escape(word) for word in self.words)
        left, right = (r"\b" if self.words[at][-1].isalnum() else "" for at in (0, -1))
        return left + inner + right


def _joined(words: Sequence[str]) -> str:
    """Words as one would write them, nearly: for a message."""
    return re.sub(r" ?([.()\[\],:;]) ?", r"\1", " ".join(words)).replace(",", ", ").strip()


def _are_alike(source: Source, place: int, changed: Sequence[Pair]) -> bool:
    """Whether lines had one shape, that of the line around a place, and changed in one word or stretch only."""
    here = _shape(_row(source, place))
    return all(_shape(pair.old) == here and len(list(pair.steps())) == 1 for pair in changed)


def _is_as(source: Source, place: int, changed: Sequence[int]) -> bool:
    """Whether a place is of the kind of the changed ones, and in their function where they are all in one."""
    role = _role(source, place)
    least = LEAST + (role == "words")
    if role == "defines" or sum(_role(source, p) == role for p in changed) < least:
        return False
    functions = {_function(source, p) for p in changed}
    return len(functions) > 1 or None in functions or _function(source, place) in functions


def _role(source: Source, offset: int) -> str:
    """What a word is there: part of a comment or a text, a member, what is called or defined, or a value."""
    node = _at(source, offset)
    if "comment" in node.type or any(n.type in STRINGS for n in _up(node, 3)):
        return "words"
    parent = node.parent
    if parent is None:
        return "value"
    if any(parent.child_by_field_name(field) == node for field in ("name", "alias")) and parent.type in (
        *FUNCTIONS, "class_definition", "class_declaration", "type_spec", "aliased_import", "import_specifier",
    ):  # fmt: skip
        return "defines"
    if parent.type in ("assignment", "variable_declarator", "short_var_declaration", "let_declaration"):
        fields = ("left", "name", "pattern")
        if any(parent.child_by_field_name(field) == node for field in fields):
            return "defines"
    if parent.type in MEMBERS:
        return "member" if parent.named_children[-1] == node else "value"
    return "called" if parent.type in CALLS else "keyword" if parent.type == "keyword_argument" else "value"


# Arguments ------------------------------------------------------------------------------------------------------


def _arguments(source: Source, rewrites: Rewrites) -> Iterator[_Left]:
    """An argument that calls of one function got everywhere but in one place."""
    added: dict[tuple[str, str], list[tuple[Node, Node]]] = {}
    for pair in rewrites.pairs:
        for i1, i2, j1, j2 in pair.steps():
            if i1 == i2 and (found := _added(source, pair, j1, j2)) is not None:
                call, argument = found
                added.setdefault((callee(source, call), source.of(argument)), []).append((call, argument))
    for (name, text), places in added.items():
        if len(places) < LEAST or not name:
            continue
        arities = {_arity(call) - 1 for call, _ in places}
        still = [
            call
            for call in source.nodes(*sorted(CALLS))
            if callee(source, call) == name
            and text not in source.of(call)
            and _arity(call) in arities
            and _line(source, call.start_byte) not in rewrites.lines
        ]
        if len(still) != 1 or any(argument.next_named_sibling is not None for _, argument in places):
            continue
        arguments = still[0].child_by_field_name("arguments")
        if arguments is None or source.text[arguments.end_byte - 1] != ")":
            continue
        span = Span(still[0].start_byte, still[0].end_byte)
        comma = ", " if arguments.named_children else ""
        instead = source.text[span.start : arguments.end_byte - 1].rstrip(" ,") + comma + text + ")"
        changed = tuple(Span(call.start_byte, call.end_byte) for call, _ in places)
        yield _Left(span, instead, changed, f"`{text}` was added to calls of `{name}`")


def _added(source: Source, pair: Pair, j1: int, j2: int) -> tuple[Node, Node] | None:
    """The call and the one argument of it that words of a line are, where they are just that."""
    words = [t for t in pair.new[j1:j2] if t[0] != ","]
    if not words or len(words) == 0:
        return None
    start, end = words[0].start(), words[-1].end()
    node = source.root.descendant_for_byte_range(start, end)
    for each in _up(node, 4) if node is not None else ():
        parent = each.parent
        if parent is not None and parent.type in ("argument_list", "arguments"):
            is_whole = each.start_byte == start and each.end_byte == end
            call = parent.parent
            return (call, each) if is_whole and call is not None and call.type in CALLS else None
    return None


def _arity(call: Node) -> int:
    arguments = call.child_by_field_name("arguments")
    return len(arguments.named_children) if arguments is not None else -1


# Shapes ---------------------------------------------------------------------------------------------------------


def _shapes(source: Source, rewrites: Rewrites) -> Iterator[_Left]:
    """Lines of one shape that were changed at the same word, and one of that shape that was not."""
    groups: dict[tuple[tuple[str, ...], int, int, str, str], list[Pair]] = {}
    for pair in rewrites.pairs:
        steps = list(pair.steps())
        if len(steps) != 1 or len(pair.old) < 5:
            continue
        i1, i2, j1, j2 = steps[0]
        old, new = (" ".join(t[0] for t in side) for side in (pair.old[i1:i2], pair.new[j1:j2]))
        groups.setdefault((_shape(pair.old), i1, i2, old, new), []).append(pair)
    wanted = {key: pairs for key, pairs in groups.items() if len(pairs) > LEAST}
    if not wanted:
        return
    rows = list(_rows(source, {key[0] for key in wanted}, rewrites.lines))
    for (shape, i1, i2, old_text, _), pairs in wanted.items():
        anchors = set.intersection(*({t[0] for t in p.old if _NAME.match(t[0])} for p in pairs))
        still = [
            row
            for row, its in rows
            if its == shape and " ".join(t[0] for t in row[i1:i2]) == old_text and anchors & {t[0] for t in row}
        ]
        if len(still) != 1 or not anchors or i1 == i2:
            continue
        row, model = still[0], pairs[0].new
        j1, j2 = next(iter(pairs[0].steps()))[2:]
        span = Span(row[i1].start(), row[i2 - 1].end())
        instead = source.text[model[j1].start() : model[j2 - 1].end()] if j2 > j1 else ""
        changed = tuple(Span(p.new[0].start(), p.new[-1].end()) for p in pairs)
        yield _Left(
            span, instead, changed, f"`{old_text}` became `{instead}`" if instead else f"`{old_text}` went"
        )


def _shape(row: Sequence[Token]) -> tuple[str, ...]:
    return tuple("w" if t[0][0].isalnum() or t[0][0] == "_" else t[0] for t in row)


def _row(source: Source, offset: int) -> tuple[Token, ...]:
    """The words and signs of the line around a place."""
    end = source.text.find("\n", offset)
    return tokens(source.text, source.text.rfind("\n", 0, offset) + 1, end if end >= 0 else len(source.text))


def _rows(
    source: Source, shapes: set[tuple[str, ...]], new: frozenset[int]
) -> Iterator[tuple[tuple[Token, ...], tuple[str, ...]]]:
    """The unchanged lines that are of one of the shapes."""
    start = 0
    for number, line in enumerate(split_lines(source.text)):
        row = tokens(source.text, start, start + len(line)) if number not in new else ()
        start += len(line)
        if row and (shape := _shape(row)) in shapes:
            yield row, shape


# Places ---------------------------------------------------------------------------------------------------------


def _line(source: Source, offset: int) -> int:
    return source.text.count("\n", 0, offset)


def _at(source: Source, offset: int) -> Node:
    return source.root.descendant_for_byte_range(offset, offset + 1) or source.root


def _up(node: Node, levels: int) -> Iterator[Node]:
    at: Node | None = node
    for _ in range(levels):
        if at is None:
            return
        yield at
        at = at.parent


def _function(source: Source, offset: int) -> int | None:
    """Where the function around a place begins; None outside of all."""
    at: Node | None = _at(source, offset)
    while at is not None and at.type not in FUNCTIONS:
        at = at.parent
    return at.start_byte if at is not None else None


FINDER = Finder(CODE, "a place that a change left as it was, unlike all others of its kind", EVERY, find)
