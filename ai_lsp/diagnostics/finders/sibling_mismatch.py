"""Finds the one line of several parallel ones that was copied and not changed everywhere."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from tree_sitter import Node

from ai_lsp.diagnostics.finders.finder import EVERY, Finder
from ai_lsp.diagnostics.finding import Evidence, Finding, Related
from ai_lsp.diagnostics.source import Source, span
from ai_lsp.text.edit import Edit, Span

CODE = "sibling-mismatch"

LEAST_SIBLINGS = 4
_BLOCKS = (
    "block",
    "module",
    "statement_block",
    "statement_list",
    "program",
    "class_body",
    "source_file",
    "object",
)
_PIECE = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+|_+|\s+|[^\w\s]|\w")


def find(source: Source) -> Iterator[Finding]:
    """Runs of statements of one shape where the same words change together, but for one line."""
    for block in source.nodes(*_BLOCKS):
        run: list[tuple[Node, list[re.Match[str]]]] = []
        shape: tuple[str, ...] = ()
        for child in [*block.named_children, None]:
            pieces = [] if child is None or _is_long(child) else _pieces(source, child)
            its = tuple(_kind(piece) for piece in pieces)
            if not its or its != shape:
                if len(run) >= LEAST_SIBLINGS:
                    yield from _odd_ones(source, run)
                run, shape = [], its
            if child is not None and its:
                run.append((child, pieces))


def _is_long(node: Node) -> bool:
    """Whether a statement is more than a line; what is inside of it is looked at by itself."""
    return node.start_point[0] != node.end_point[0] or node.end_byte - node.start_byte > 300


def _pieces(source: Source, node: Node) -> list[re.Match[str]]:
    return [m for m in _PIECE.finditer(source.text, node.start_byte, node.end_byte) if not m[0].isspace()]


def _kind(piece: re.Match[str]) -> str:
    text = piece[0]
    return "w" if text[0].isalnum() else text


def _odd_ones(source: Source, run: Sequence[tuple[Node, list[re.Match[str]]]]) -> Iterator[Finding]:
    columns = list(zip(*([piece[0].lower() for piece in pieces] for _, pieces in run), strict=True))
    varying = [i for i, column in enumerate(columns) if len(set(column)) > 1]
    flagged: set[int] = set()
    for at, i in enumerate(varying):
        for j in varying[at + 1 :]:
            odd = [k for k in range(len(run)) if columns[i][k] != columns[j][k]]
            if len(odd) != 1 or odd[0] in flagged:
                continue
            k = odd[0]
            values = Counter(columns[i][n] for n in range(len(run)) if n != k)
            if len(values) < len(run) - 1 or len(values) < 2:
                continue  # the others must each have a word of their own
            wrong = next((c for c in (i, j) if columns[c][k] in values), None)
            if wrong is None or columns[i + j - wrong][k] in values:
                continue
            flagged.add(k)
            yield _finding(source, run, k, wrong, i + j - wrong)


def _finding(
    source: Source, run: Sequence[tuple[Node, list[re.Match[str]]]], k: int, wrong: int, right: int
) -> Finding:
    pieces = run[k][1]
    is_, meant = pieces[wrong], pieces[right][0]
    meant = meant.capitalize() if is_[0][0].isupper() else meant.lower() if is_[0].islower() else meant
    other = run[k - 1 if k else 1][0]
    return Finding(
        CODE,
        f"`{is_[0]}` was probably meant to be `{meant}`, as in the lines beside it",
        Span(is_.start(), is_.end()),
        (Evidence("static", CODE, f"in the {len(run) - 1} parallel lines the two words agree", 0.7),),
        (Related(span(other), "a parallel line"),),
        (Edit(Span(is_.start(), is_.end()), meant),),
        f"Change `{is_[0]}` to `{meant}`",
    )


FINDER = Finder(CODE, "a copied line that was not changed everywhere", EVERY, find)
