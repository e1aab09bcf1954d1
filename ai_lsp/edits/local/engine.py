"""The engine: open documents, the index, the recent edits, and one question at a time."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence

from ai_lsp.edits.local.evidence import Candidate, candidates
from ai_lsp.edits.local.examples import examples
from ai_lsp.edits.local.index import Index
from ai_lsp.edits.local.proposal import Change, Proposal
from ai_lsp.edits.local.texts import OpenText
from ai_lsp.text.edit import LineEdit

MOST_CHANGES = 12
"""Edits of the history that are learned from."""


class Engine:
    """All that is known. One thread; a question takes at most about `limit_s` seconds."""

    def __init__(self, index: Index | None = None, limit_s: float = 0.06) -> None:
        self.index = index or Index()
        self.changes: Sequence[Change] = ()
        self._limit_s = limit_s

    def opened(self, uri: str, path: str | None, language_id: str, text: str) -> None:
        """A document was opened with this text."""
        self.index.opened(OpenText(uri, path, language_id, text))

    def changed(self, uri: str, edits: Sequence[LineEdit]) -> None:
        """A document was changed; one that is not open is passed over."""
        text = self.index.open.get(uri)
        if text is not None:
            for edit in edits:
                text.apply(edit)

    def closed(self, uri: str) -> None:
        """A document was closed."""
        self.index.closed(uri)

    def edited(self, changes: Sequence[Change]) -> None:
        """The recent edits, oldest first, in place of those known before."""
        self.changes = changes[-MOST_CHANGES:]

    def rated(self, clock: Callable[[], float] = time.perf_counter) -> list[tuple[float, Candidate]]:
        """All candidates with their chance, the best first."""
        end = clock() + self._limit_s
        found = candidates(examples(self.changes, self.index), self.index, lambda: clock() > end)
        return sorted(((_chance(c), c) for c in found), key=lambda pair: -pair[0])

    def suggest(self, uri: str, line: int, col: int, most: int, least: float) -> list[Proposal]:
        """Up to `most` proposals of at least that confidence, the best first."""
        out: list[Proposal] = []
        taken: list[tuple[str, int, int]] = []
        for chance, one in self.rated():
            if chance < least or len(out) >= most:
                break
            place = one.name, one.start, one.start + max(1, len(one.old))
            if any(n == place[0] and a < place[2] and place[1] < b for n, a, b in taken):
                continue
            taken.append(place)
            out.append(self._proposal(one, chance))
        return out

    def _proposal(self, one: Candidate, chance: float) -> Proposal:
        """A candidate as an edit of characters, with the lines' own ends."""
        lines = self.index.lines(one.name)
        text = self.index.open.get(one.name)
        end = "\n" if text is None else text.line_end
        start, count = one.start, len(one.old)
        uri = self.index.uri(one.name)
        if count and one.new:
            last = start + count - 1
            new, old = end.join(one.new), end.join(one.old)
            return Proposal(uri, start, 0, last, len(lines[last]), new, old, chance, "edit", one.why)
        if start + count < len(lines):  # whole lines come or go, with the line end behind them
            new, old = "".join(x + end for x in one.new), "".join(x + end for x in one.old)
            return Proposal(uri, start, 0, start + count, 0, new, old, chance, "edit", one.why)
        above = max(0, start - 1)  # at the end of the file, with the one before them
        new, old = "".join(end + x for x in one.new), "".join(end + x for x in one.old)
        last = max(0, start + count - 1)
        return Proposal(uri, above, len(lines[above]), last, len(lines[last]), new, old, chance, "edit", one.why)


def _chance(one: Candidate) -> float:
    f = one.facts
    score = (
        -3.0 + 1.0 * f["is_below"] + 0.8 * f["is_here"] + 0.35 * min(f.get("left", 3.0), 3.0)
        + 0.35 * min(f.get("right", 3.0), 3.0) + 1.2 * min(f["support"] - 1, 2.0) + 0.8 * f["is_latest"]
        - 2.0 * f["is_partial"] + 0.7 * f["is_rename"] - 0.8 * f["passed"] - 0.25 * f["hits"]
        - (0.0 if f["is_balanced"] else 2.0) - 0.8 * f["is_comment"] - f.get("is_spelling", 0.0)
    )  # fmt: skip
    return 1.0 / (1.0 + math.exp(-score))
