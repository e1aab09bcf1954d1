"""The engine: open documents, the index, the recent edits, and one question at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from ai_lsp.edits.local import evidence, scorer
from ai_lsp.edits.local.candidates import candidates, followers
from ai_lsp.edits.local.evidence import Candidate
from ai_lsp.edits.local.examples import examples
from ai_lsp.edits.local.index import Index
from ai_lsp.edits.local.places import Place, places
from ai_lsp.edits.local.proposal import Change, Proposal
from ai_lsp.edits.local.rename import name_pattern
from ai_lsp.edits.local.signatures import call_sites
from ai_lsp.edits.local.texts import OpenText
from ai_lsp.edits.local.tree import FIRST_S
from ai_lsp.edits.local.uses import Followed, followed
from ai_lsp.text.edit import LineEdit

MOST_CHANGES = 12
"""Edits of the history that are learned from."""

LIMIT_S = 0.08
"""Seconds after which a question is answered with what was found by then."""

ENOUGH = 0.85
"""Confidence in a use of what was just renamed from which nothing else is looked for."""

LEAST_JUMP = 0.7
"""Confidence from which a place is worth going to although the text there is not known."""


class Engine:
    """All that is known. One thread; a question takes at most about `limit_s` seconds."""

    def __init__(self, index: Index | None = None, limit_s: float = LIMIT_S) -> None:
        self.index = index or Index()
        self.changes: Sequence[Change] = ()
        self._limit_s = limit_s
        self._trees = scorer.shipped()
        self._followed: Sequence[Followed] = ()

    def opened(self, uri: str, path: str | None, language_id: str, text: str) -> None:
        """A document was opened with this text."""
        self.index.opened(OpenText(uri, path, language_id, text))

    def warm(self, uri: str) -> None:
        """Read an open document's syntax and words, so that the first question need not."""
        text = self.index.open.get(uri)
        if text is not None:
            text.tree.root(text.lines, FIRST_S)
            self.index.view(uri).has("")

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

    def late(self) -> Callable[[], bool]:
        """Says, from now on, whether the time for one question is up."""
        end = time.perf_counter() + self._limit_s
        return lambda: time.perf_counter() > end

    def stage(self) -> evidence.Scene | None:
        """What the recent edits show; None when they show nothing."""
        shown = examples(self.changes, self.index)
        if not shown:
            return None
        self._followed = followed(shown, self._followed, self.index)
        calls = list(call_sites(shown, self.index, self.late()))
        return evidence.scene(shown, self.index, self._followed, calls)

    def rated(self, stage: evidence.Scene, is_late: Callable[[], bool]) -> list[tuple[float, Candidate]]:
        """All edits that are proposed with their chance, the best first."""
        return self._in_order(candidates(stage, is_late), stage)

    def _found(self, stage: evidence.Scene, is_late: Callable[[], bool]) -> list[Candidate]:
        """The uses of what the latest edit has renamed: nothing else is looked for while there are any."""
        used = None
        if any(one.example.age == 0 or self._goes_on(one, stage) for one in stage.renames):
            used = followers(stage, is_late)
            if any(scorer.SURE.get(one.tie, 0.0) >= ENOUGH for one in used):
                return used
        return candidates(stage, is_late, used)

    def _goes_on(self, one: Followed, stage: evidence.Scene) -> bool:
        """Whether the latest edit carries a rename on."""
        name, new = name_pattern(one.renamed.old), one.renamed.new
        return any(name.sub(new, a) == b for a, b in stage.last.pairs)

    def _in_order(self, found: Sequence[Candidate], stage: evidence.Scene) -> list[tuple[float, Candidate]]:
        tied = {one.rule.identity[1:] for one in found if one.tie}
        self._followed = [one for one in self._followed if (one.renamed.old, one.renamed.new) in tied]
        chances = scorer.chances([c.row for c in found], self._trees.edit)
        chances = [scorer.with_scope(chance, one) for chance, one in zip(chances, found, strict=True)]
        last = stage.last

        def order(pair: tuple[float, Candidate]) -> tuple[float, bool, int]:
            one = pair[1]
            return -round(pair[0], 2), one.name != last.uri, abs(one.start - last.at)

        return sorted(zip(chances, found, strict=True), key=order)

    def rated_places(
        self, stage: evidence.Scene, edits: Sequence[tuple[float, Candidate]], is_late: Callable[[], bool]
    ) -> list[tuple[float, Place]]:
        """All places where an edit may be due with their chance, the best first."""
        found = places(stage, edits, is_late)
        chances = scorer.chances([p.row for p in found], self._trees.place)
        chances = [max(chance, place.sure) for chance, place in zip(chances, found, strict=True)]
        last = stage.last

        def order(pair: tuple[float, Place]) -> tuple[float, bool, int]:
            return -round(pair[0], 2), pair[1].name != last.uri, abs(pair[1].line - last.at)

        return sorted(zip(chances, found, strict=True), key=order)

    def suggest(
        self, uri: str, line: int, col: int, most: int, least: float, least_jump: float = LEAST_JUMP
    ) -> list[Proposal]:
        """Up to `most` proposals: edits of at least that confidence, best first, then jumps of `least_jump`."""
        is_late = self.late()
        stage = self.stage()
        if stage is None:
            return []
        rated = self._in_order(self._found(stage, is_late), stage)
        out: list[Proposal] = []
        taken: list[tuple[str, int, int]] = []

        def is_free(name: str, start: int, stop: int) -> bool:
            return not any(n == name and a < stop and start < b for n, a, b in taken)

        for chance, one in rated:
            if chance < least or len(out) >= most:
                break
            stop = one.start + max(1, len(one.old))
            if is_free(one.name, one.start, stop):
                taken.append((one.name, one.start, stop))
                out.append(self.proposal(one, chance))
        if len(out) < most and not (rated and rated[0][1].rule.kind == "use" and rated[0][1].tie):
            for chance, place in self.rated_places(stage, rated, is_late):
                if chance < least_jump or len(out) >= most:
                    break
                if is_free(place.name, place.line - 1, place.line + 2):
                    taken.append((place.name, place.line, place.line + 1))
                    out.append(self.jump(place, chance))
        return out

    def jump(self, place: Place, chance: float) -> Proposal:
        """A place as a jump to its line."""
        lines = self.index.lines(place.name)
        text = lines[place.line] if place.line < len(lines) else ""
        uri, line = self.index.uri(place.name), place.line
        return Proposal(uri, line, 0, line, len(text), text, text, chance, "jump", place.why)

    def proposal(self, one: Candidate, chance: float) -> Proposal:
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
