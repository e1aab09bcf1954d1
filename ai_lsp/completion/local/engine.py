"""The predictor without any process around it: open documents, mounted shards, and one question at a time."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence

import numpy as np

from ai_lsp.completion.local import evidence, priors, scorer, votes
from ai_lsp.completion.local.documents import Document
from ai_lsp.completion.local.edits import LocalPrediction
from ai_lsp.completion.local.lexing import ENDS, FIRST_TEXT, Vocabulary, columns, family
from ai_lsp.completion.local.question import Question
from ai_lsp.completion.local.shapes import Shapes
from ai_lsp.completion.local.shards import Shard
from ai_lsp.text.edit import LineEdit

_OTHERS = 12  # open documents beside the current one that are scanned
_OTHERS_TOKENS = 400_000
_MORE_AT_START = 0.1  # added to the least confidence on a line with nothing typed, where silence is the rule
_SURE_OF_END = 0.8  # chance that the typed line is whole, before the next ones are offered
_SURE_OF_LINE = 0.75  # chance that each further line must have
_SLICE = 4000  # words taken over at a time


class Engine:
    """All that the predictor knows. One thread; every call returns in milliseconds."""

    def __init__(self) -> None:
        self.vocabulary = Vocabulary()
        self.shapes = Shapes()
        self.documents: dict[str, Document] = {}  # by uri, the latest touched last
        self.mounted: list[votes.Mounted] = []
        self._by_path: dict[str, tuple[votes.Mounted, int]] = {}
        self.trees = scorer.shipped()
        self._book = priors.Book(self.vocabulary)

    # ---- the workspace ----------------------------------------------------------------------
    def mount(self, shard: Shard, stale: Sequence[int] = ()) -> None:
        """Takes a shard into use at once."""
        for _ in self.mounting(shard, stale):
            pass

    def mounting(self, shard: Shard, stale: Sequence[int] = ()) -> Iterator[None]:
        """Takes a shard into use in slices of about a millisecond.

        A file it holds replaces an older version of that file; files numbered in `stale` are not used.
        """
        words = shard.take_words() if shard.word_count > FIRST_TEXT else []
        to_global = np.zeros(shard.word_count, np.int32)
        to_global[:FIRST_TEXT] = range(FIRST_TEXT)
        for at in range(0, len(words), _SLICE):
            some = words[at : at + _SLICE]
            to_global[FIRST_TEXT + at : FIRST_TEXT + at + len(some)] = self.vocabulary.add_all(some)
            yield
        to_local = np.full(len(self.vocabulary), -1, np.int32)
        to_local[to_global] = np.arange(shard.word_count, dtype=np.int32)
        live = np.ones(len(shard.files), bool)
        live[list(stale)] = False
        paths = [f.path for f in shard.files]
        made = votes.Mounted(
            shard, to_global, to_local, [family(p) for p in paths], [os.path.dirname(p) for p in paths], live
        )
        yield
        for number, path in enumerate(paths):
            if live[number]:
                self.forget(path)
                self._by_path[path] = (made, number)
        self.mounted.append(made)
        for document in self.documents.values():
            self._hide(document.path, hidden=True)

    def unmount(self, shard: Shard) -> list[str]:
        """Stops using a shard; returns the files that it alone stood for."""
        paths = [p for p, (made, _) in self._by_path.items() if made.shard is shard]
        for path in paths:
            del self._by_path[path]
        self.mounted = [m for m in self.mounted if m.shard is not shard]
        return paths

    def unmount_all(self) -> None:
        """Forgets the whole workspace; open documents stay."""
        self._by_path.clear()
        self.mounted.clear()

    def forget(self, path: str) -> None:
        """The indexed version of a file no longer counts."""
        known = self._by_path.pop(path, None)
        if known is not None:
            made, number = known
            made.live[number] = False
            made.weights.clear()

    def _hide(self, path: str | None, *, hidden: bool) -> None:
        known = self._by_path.get(path or "")
        if known is not None:
            made, number = known
            if made.live[number] == hidden:
                made.live[number] = not hidden
                made.weights.clear()

    @property
    def indexed(self) -> tuple[int, int]:
        """How many files and tokens of the workspace are in use."""
        return len(self._by_path), sum(len(m.shard.tok) for m in self.mounted)

    # ---- open documents ---------------------------------------------------------------------
    def opened(self, uri: str, path: str | None, language_id: str, text: str) -> None:
        """A document was opened; its text stands for its file from now on."""
        self.documents.pop(uri, None)
        self.documents[uri] = Document(uri, path, language_id, text, self.vocabulary)
        self._hide(path, hidden=True)

    def reading(self, uri: str) -> Iterator[None]:
        """Makes the habits of a document's language known, in slices of a few milliseconds."""
        document = self.documents.get(uri)
        for _ in self._book.reading(document.family) if document is not None else ():
            self.shapes.learn(self.vocabulary.text)
            yield

    def changed(self, uri: str, edits: Sequence[LineEdit]) -> None:
        """Applies edits in order. An unknown document is ignored."""
        document = self.documents.pop(uri, None)
        if document is not None:
            self.documents[uri] = document
            for edit in edits:
                document.apply(edit)

    def closed(self, uri: str) -> None:
        """The file on disk counts again."""
        document = self.documents.pop(uri, None)
        if document is not None:
            self._hide(document.path, hidden=False)

    # ---- prediction -------------------------------------------------------------------------
    def question(self, uri: str, line: int, col: int, deadline: float = float("inf")) -> Question | None:
        """What can be asked at a cursor; None where the document or the line is not known."""
        document = self.documents.get(uri)
        if document is None or not 0 <= line < len(document.lines) or col < 0:
            return None
        others: list[Document] = []
        room = _OTHERS_TOKENS
        near = [d for d in reversed(self.documents.values()) if d is not document and d.family == document.family]
        for d in near[:_OTHERS]:
            if len(d.flat) <= room:
                others.append(d)
                room -= len(d.flat)
        here = votes.folder_of(document.path)
        mounts = [(m, w) for m in self.mounted if (w := m.weigh(document.family, here)).any()]
        habits = self._book.habits(document.family)
        return Question(document, line, col, others, mounts, self.vocabulary, self.shapes, habits, deadline)

    def predict(
        self,
        uri: str,
        line: int,
        col: int,
        min_confidence: float,
        max_lines: int = 1,
        deadline_s: float = 0.0,
        hide_words: bool = False,
    ) -> LocalPrediction | None:
        """The text of the largest expected gain whose chance of being right reaches `min_confidence`."""
        deadline = time.perf_counter() + deadline_s if deadline_s else float("inf")
        asked = self.question(uri, line, col, deadline)
        if asked is None:
            return None
        spot = asked.spot
        least = min_confidence if asked.typed else min(1.0, min_confidence + _MORE_AT_START)
        rated = scorer.rate(spot, asked.ways(), self.trees)
        chosen = scorer.pick(rated, least, hide_words)
        may_go_on = max_lines > 1 and not spot.after.strip()
        if chosen is None:
            return self._next_lines(asked, min_confidence, max_lines - 1) if may_go_on and asked.typed else None
        ending = scorer.whole(rated, max(_SURE_OF_END, least)) if may_go_on else None
        if ending is not None:
            taken = [t for t in ending.candidate.way.tokens if t not in ENDS]
            more, confidence = self._more_lines(asked, taken, ending.confidence, min_confidence, max_lines - 1)
            if more:
                return LocalPrediction(ending.candidate.text + more, confidence, 1 + more.count("\n"), ending.why)
        return LocalPrediction(chosen.candidate.text, chosen.confidence, 1, chosen.why)

    def _next_lines(self, asked: Question, min_confidence: float, most: int) -> LocalPrediction | None:
        """The lines after one that is almost surely whole."""
        chance, taken = asked.end_of_line()
        if chance < _SURE_OF_END:
            return None
        more, confidence = self._more_lines(asked, taken, chance, min_confidence, most)
        if not more:
            return None
        return LocalPrediction(more, confidence, 1 + more.count("\n"), "the same line goes on so elsewhere")

    def _more_lines(
        self, asked: Question, taken: list[int], confidence: float, min_confidence: float, most: int
    ) -> tuple[str, float]:
        """Whole lines that follow `taken` almost surely, and the chance that all is right."""
        document = asked.document
        indent, more = asked.indent, ""
        below = next((x.strip() for x in document.lines[asked.line + 1 :][:20] if x.strip()), "")
        unit = document.indent_unit
        for _ in range(most):
            found = asked.line_after(taken, indent, unit)
            if found is None:
                break
            indent, taken, ways = found
            spot = evidence.Spot("", "", "", document, asked.line, columns(indent), 0)
            line = scorer.whole(scorer.rate(spot, ways, self.trees), _SURE_OF_LINE)
            if line is None or line.candidate.text.strip() == below:
                break
            if confidence * line.confidence < min_confidence:
                break
            confidence *= line.confidence
            more += "\n" + indent + line.candidate.text
            taken = [*taken, *(t for t in line.candidate.way.tokens if t not in ENDS)]
        return more, confidence
