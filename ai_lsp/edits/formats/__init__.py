"""Reply formats: a row each, from a model's reply to proposals. No format touches a file; `edits.apply` does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ai_lsp.edits.formats import code, search_replace, unified_diff, v4a
from ai_lsp.edits.proposal import Proposal

Read = Callable[[str], tuple[Proposal, ...]]


@dataclass(frozen=True, slots=True)
class Format:
    """`parse` reads a finished reply; `closed_hunks` gives, of a reply still growing, the parts that will not
    change any more, one proposal each, in order: a longer reply gives the same ones and perhaps more."""

    name: str
    parse: Read
    closed_hunks: Read


FORMATS: Mapping[str, Format] = {
    row.name: row
    for row in (
        Format("search_replace", search_replace.parse, search_replace.closed),
        Format("unified_diff", unified_diff.parse, unified_diff.closed),
        Format("v4a", v4a.parse, v4a.closed),
        Format("whole_file", code.whole_file, code.nothing_closed),
        Format("whole_symbol", code.whole_symbol, code.nothing_closed),
        Format("sketch", code.sketch, code.nothing_closed),
    )
}
"""Every format a model may be asked for, by name."""
