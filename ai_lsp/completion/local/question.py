"""One question at one cursor: what is scanned for it, and the ways to go on, also past the end of the line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ai_lsp.completion.local import analogies, beam, evidence, priors, twins, votes
from ai_lsp.completion.local.documents import Document
from ai_lsp.completion.local.lexing import (
    END_IN,
    END_OUT,
    END_SAME,
    Vocabulary,
    columns,
    indentation,
    step,
    tokens,
)
from ai_lsp.completion.local.shapes import Shapes
from ai_lsp.completion.local.shards import MAX_ORDER

Mounts = Sequence[tuple[votes.Mounted, npt.NDArray[np.float32]]]

_NEAR = 4000  # tokens above and below the cursor whose words may finish a half-typed one
_WORDS = 12  # words of one shard that may finish a half-typed one
_SURE_OF_STEP = 0.8  # share of the votes that one kind of indentation needs


@dataclass(slots=True)
class Question:
    """A cursor in a document and all that may answer; lives as long as one request."""

    document: Document
    line: int
    col: int
    others: Sequence[Document]
    mounts: Mounts
    vocabulary: Vocabulary
    shapes: Shapes
    habits: priors.Habits
    deadline: float
    typed: str = ""
    indent: str = ""
    partial: str = ""
    left: list[int] = field(default_factory=list)
    alike: list[twins.Twin] = field(default_factory=list)
    open_text: votes.Stream = field(init=False)
    _start: int = 0
    _is_prose: bool = False
    _allowed: dict[int, bool] = field(default_factory=dict)
    _known: dict[tuple[tuple[int, ...], str], votes.Distribution] = field(default_factory=dict)

    def __post_init__(self) -> None:
        document = self.document
        self.indent, self.typed = indentation(document.lines[self.line][: self.col])
        typed_tokens = tokens(self.typed)
        self.partial = typed_tokens.pop() if typed_tokens else ""
        typed_ids = self.vocabulary.add_all(typed_tokens)
        half = self.vocabulary.add(self.partial) if self.partial else 0
        self.shapes.learn(self.vocabulary.text)
        self.open_text = votes.stream(document, self.line, self.others, self.shapes)
        self._start = document.tokens_before(self.line)
        self.left = document.flat[max(0, self._start - MAX_ORDER) : self._start].tolist()
        self.left.append(step(columns(self.indent), document.depth_above(self.line)))
        self.left += typed_ids
        _, in_comment = evidence.lexical_state(self.typed, document.family)
        self._is_prose = bool(in_comment) or document.family == "markdown"
        if document.gone:
            self.alike = twins.twins(document, typed_ids, self.partial, self.vocabulary.text, self.shapes, half)

    @property
    def spot(self) -> evidence.Spot:
        """What the scorer sees of the cursor."""
        after = self.document.lines[self.line][self.col :]
        count = max(0, len(tokens(self.typed)) - 1)
        return evidence.Spot(
            self.typed, self.partial, after, self.document, self.line, columns(self.indent), count
        )

    def ways(self) -> list[beam.Way]:
        """The ways to go on to the end of the line."""
        return beam.search(self.left, self.partial, self._ask, self.vocabulary, self.deadline)

    def end_of_line(self) -> tuple[float, list[int]]:
        """The chance that the typed line is whole, and its last token."""
        last = [self.vocabulary.add(self.partial)] if self.partial else []
        self.shapes.learn(self.vocabulary.text)
        return self._ask(self.left, last, "").tokens.get(END_SAME, 0.0), last

    def line_after(
        self, taken: list[int], indent: str, unit: str
    ) -> tuple[str, list[int], list[beam.Way]] | None:
        """(indentation, tokens so far, ways) of the line after `taken`; None where its indentation is unsure."""
        self.shapes.learn(self.vocabulary.text)
        ends = self._ask(self.left, taken, "").ends
        total = sum(ends)
        if not total or max(ends) < _SURE_OF_STEP * total:
            return None
        kind = END_SAME + ends.index(max(ends))
        if kind == END_IN:
            indent += unit
        elif kind == END_OUT:
            if not indent.endswith(unit):
                return None
            indent = indent[: -len(unit)]
        so_far = [*taken, kind]
        self.alike = []
        return indent, so_far, beam.search(self.left + so_far, "", self._ask, self.vocabulary, self.deadline)

    def _ask(self, left: list[int], taken: list[int], half: str) -> votes.Distribution:
        context = (left[-MAX_ORDER:] + taken)[-MAX_ORDER:]
        key = (tuple(context), half)
        hit = self._known.get(key)
        if hit is None:
            hit = votes.distribution(context, self.open_text, self.mounts, self.vocabulary, half, self._allowed)
            analogies.add_shapes(hit, context, self.open_text, self.vocabulary, self.shapes, half)
            if half and hit.rest > 0.05:
                self._finish_word(hit, half)
            self.habits.add(hit, context, self.vocabulary.text, half, self._is_prose)
            self._known[key] = hit
        going = [t for t in self.alike if len(t.tokens) > len(taken) and t.tokens[: len(taken)] == taken]
        return analogies.with_twins(hit, [(t.tokens[len(taken)], t.alike) for t in going]) if going else hit

    def _finish_word(self, spread: votes.Distribution, half: str) -> None:
        """Words that begin with the half-typed one, by how often they stand near and in the workspace."""
        if len(half.strip()) < 2:
            return
        near = self.document.flat[max(0, self._start - _NEAR) : self._start + _NEAR]
        text = self.vocabulary.text
        kinds, counts = np.unique(near, return_counts=True)
        words: dict[int, float] = {
            t: n * votes.WEIGHT[votes.ABOVE]
            for t, n in zip(kinds.tolist(), counts.tolist(), strict=True)
            if t > END_OUT and text[t].startswith(half) and text[t] != half
        }
        for m, w in self.mounts:
            share = float(w.max())
            for t, n in m.words(half, text, _WORDS):
                words[t] = words.get(t, 0.0) + 0.3 * share * n
        total = sum(words.values())
        for t, x in words.items():
            spread.tokens[t] = spread.tokens.get(t, 0.0) + spread.rest * 0.5 * x / (total + 1)
