"""The predictor without any process around it: open documents, mounted shards, and one question at a time."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from pathlib import PurePath

import numpy as np
import numpy.typing as npt

from ai_lsp.completion.local import beam, evidence, scorer, twins, votes
from ai_lsp.completion.local.documents import Document
from ai_lsp.completion.local.edits import LineEdit, LocalPrediction
from ai_lsp.completion.local.lexing import (
    END_OUT,
    FIRST_TEXT,
    Ids,
    Vocabulary,
    columns,
    family,
    indentation,
    step,
    tokens,
)
from ai_lsp.completion.local.shapes import Shapes
from ai_lsp.completion.local.shards import MAX_ORDER, Shard

_OTHERS = 12  # open documents beside the current one that are scanned
_OTHERS_TOKENS = 400_000
_SLICE = 4000  # words taken over at a time
_WORDS = 12  # words of one shard that may finish a half-typed one
_NEAR = 4000  # tokens above and below the cursor whose words may finish a half-typed one


class Engine:
    """All that the predictor knows. One thread; every call returns in milliseconds."""

    def __init__(self) -> None:
        self.vocabulary = Vocabulary()
        self.shapes = Shapes()
        self.documents: dict[str, Document] = {}  # by uri, the latest touched last
        self.mounted: list[votes.Mounted] = []
        self._by_path: dict[str, tuple[votes.Mounted, int]] = {}
        self.use_shapes = True
        self.use_twins = True
        self.trees = scorer.shipped()

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
    def ways(
        self, uri: str, line: int, col: int, deadline: float = float("inf")
    ) -> tuple[evidence.Spot, list[beam.Way]]:
        """The ways to go on at a cursor and what the scorer must know of the spot."""
        document = self.documents[uri]
        current = document.lines[line] if line < len(document.lines) else ""
        indent, typed = indentation(current[:col])
        here = votes.folder_of(document.path)
        near = [d for d in reversed(self.documents.values()) if d is not document and d.family == document.family]
        others: list[Document] = []
        room = _OTHERS_TOKENS
        for d in near[:_OTHERS]:
            if len(d.flat) <= room:
                others.append(d)
                room -= len(d.flat)
        typed_tokens = tokens(typed)
        partial = typed_tokens.pop() if typed_tokens else ""
        typed_ids = self.vocabulary.add_all(typed_tokens)
        self.shapes.learn(self.vocabulary.text)
        open_text = votes.stream(document, line, others, self.shapes)
        mounted = [(m, w) for m in self.mounted if (w := m.weigh(document.family, here)).any()]
        start = document.tokens_before(line)
        left = document.flat[max(0, start - MAX_ORDER) : start].tolist()
        left.append(step(columns(indent), document.depth_above(line)))
        left += typed_ids
        alike: list[twins.Twin] = []
        if document.gone and self.use_twins:
            half_id = self.vocabulary.add(partial) if partial else 0
            self.shapes.learn(self.vocabulary.text)
            alike = twins.twins(document, typed_ids, partial, self.vocabulary.text, self.shapes, half_id)
        allowed: dict[int, bool] = {}
        cache: dict[tuple[tuple[int, ...], str], votes.Distribution] = {}

        def ask(left: list[int], taken: list[int], half: str) -> votes.Distribution:
            context = (left + taken)[-MAX_ORDER:]
            key = (tuple(context), half)
            hit = cache.get(key)
            if hit is None:
                hit = votes.distribution(context, open_text, mounted, self.vocabulary, half, allowed)
                if self.use_shapes:
                    votes.add_shapes(hit, context, open_text, self.vocabulary, self.shapes, half)
                if half and hit.rest > 0.05:
                    self._finish_word(hit, document, start, half, mounted)
                cache[key] = hit
            going = [t for t in alike if len(t.tokens) > len(taken) and t.tokens[: len(taken)] == taken]
            return votes.with_twins(hit, [(t.tokens[len(taken)], t.alike) for t in going]) if going else hit

        found = beam.search(left, partial, ask, self.vocabulary, deadline)
        spot = evidence.Spot(typed, partial, current[col:], document, line, columns(indent), len(typed_tokens))
        return spot, found

    def _finish_word(
        self,
        spread: votes.Distribution,
        document: Document,
        start: int,
        half: str,
        mounted: Sequence[tuple[votes.Mounted, npt.NDArray[np.float32]]],
    ) -> None:
        """Words of the open file that begin with the half-typed one, by how often they stand near."""
        if len(half.strip()) < 2:
            return
        near: Ids = document.flat[max(0, start - _NEAR) : start + _NEAR]
        text = self.vocabulary.text
        kinds, counts = np.unique(near, return_counts=True)
        words = {
            t: n * votes.WEIGHT[votes.ABOVE]
            for t, n in zip(kinds.tolist(), counts.tolist(), strict=True)
            if t > END_OUT and text[t].startswith(half) and text[t] != half
        }
        for m, w in mounted:
            share = float(w.max())
            for t, n in m.words(half, text, _WORDS):
                words[t] = words.get(t, 0.0) + 0.3 * share * n
        total = sum(words.values())
        for t, x in words.items():
            spread.tokens[t] = spread.tokens.get(t, 0.0) + spread.rest * 0.5 * x / (total + 1)

    def predict(
        self, uri: str, line: int, col: int, min_confidence: float, max_lines: int = 1, deadline_s: float = 0.0
    ) -> LocalPrediction | None:
        """The longest text whose chance of being right reaches `min_confidence`; None where there is none."""
        if uri not in self.documents:
            return None
        deadline = time.perf_counter() + deadline_s if deadline_s else float("inf")
        spot, found = self.ways(uri, line, col, deadline)
        chosen = scorer.pick(scorer.rate(spot, found, self.trees), min_confidence)
        if chosen is None:
            return None
        return LocalPrediction(chosen.candidate.text, chosen.confidence, 1, chosen.why)


def name_of(path: str) -> str:
    """The file's name, for sentences."""
    return PurePath(path).name
