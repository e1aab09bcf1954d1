"""Which tokens followed the words at the cursor before: votes of every place where they stood.

Longer matches are trusted first; what they leave open goes to shorter ones (Witten-Bell escape).
"""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ai_lsp.completion.local.documents import Document
from ai_lsp.completion.local.lexing import END_OUT, END_SAME, ENDS, PAD, Ids, Vocabulary
from ai_lsp.completion.local.shapes import Shapes
from ai_lsp.completion.local.shards import MAX_ORDER, Shard

OTHER, FOLDER, RECENT, BELOW, ABOVE, GONE = range(6)  # where a vote comes from
SOURCES = 6
WEIGHT = (1.0, 2.0, 3.0, 6.0, 6.0, 6.0)
_FAR = 0.6  # of its weight that a vote of the same file keeps far from the cursor; close by it has the double
_FADE_TOKENS = 400.0
_WINDOW = 60_000  # tokens above and below the cursor that are scanned in the document itself
_SAMPLE = 160  # places of one order that are asked, at most
_ENOUGH = 0.004  # probability left over at which shorter matches are no longer asked


@dataclass(slots=True)
class Mounted:
    """A shard in use: translation of its words, and the weight of each of its files."""

    shard: Shard
    to_global: Ids
    to_local: Ids  # by global id; -1 where the shard lacks the word
    family: list[str]
    folder: list[str]
    live: npt.NDArray[np.bool_]  # per file: still the newest version of it
    weights: dict[tuple[str, str], npt.NDArray[np.float32]] = field(default_factory=dict)
    found: dict[tuple[int, ...], list[tuple[int, int]]] = field(default_factory=dict)

    def weigh(self, wanted: str, folder: str) -> npt.NDArray[np.float32]:
        """Weight of each file for a document of that family in that folder."""
        key = (wanted, folder)
        hit = self.weights.get(key)
        if hit is None:
            if len(self.weights) > 32:
                self.weights.clear()
            hit = np.array(
                [
                    (WEIGHT[FOLDER] if place == folder else WEIGHT[OTHER]) if kind == wanted else 0.0
                    for kind, place in zip(self.family, self.folder, strict=True)
                ],
                np.float32,
            )
            hit *= self.live
            self.weights[key] = hit
        return hit

    def words(self, start: str, text: Sequence[str], most: int) -> list[tuple[int, int]]:
        """The commonest words that begin so: (global id, how often)."""
        alphabet, to_global = self.shard.alphabet, self.to_global
        spelled: Sequence[int] = memoryview(alphabet)  # type: ignore[arg-type]
        lo = bisect_left(spelled, start, key=lambda w: text[int(to_global[w])])
        hi = bisect_left(spelled, start + "\U0010ffff", lo, key=lambda w: text[int(to_global[w])])
        some = alphabet[lo:hi]
        counts = self.shard.first[some + 1] - self.shard.first[some]
        if len(some) > most:
            top = np.argpartition(-counts, most)[:most]
            some, counts = some[top], counts[top]
        return list(zip(to_global[some].tolist(), counts.tolist(), strict=True))

    def ranges(self, context: tuple[int, ...]) -> list[tuple[int, int]]:
        """Ranges for a context in global ids, remembered between requests."""
        hit = self.found.get(context)
        if hit is None:
            if len(self.found) > 8192:
                self.found.clear()
            known = len(self.to_local)
            local = self.to_local
            hit = self.shard.ranges([int(local[t]) if t < known else -1 for t in context])
            self.found[context] = hit
        return hit


@dataclass(slots=True)
class Stream:
    """Open texts of one family laid end to end for scanning, each place with its source and document."""

    flat: Ids
    source: npt.NDArray[np.int8]  # source of a vote cast at a place; -1: no vote
    shape: Ids
    weight: npt.NDArray[np.float32]  # of a vote cast at a place
    places: dict[int, npt.NDArray[np.int64]] = field(default_factory=dict)
    alike: dict[int, npt.NDArray[np.int64]] = field(default_factory=dict)

    def where(self, token: int) -> npt.NDArray[np.int64]:
        """Places that hold a token and may vote."""
        hit = self.places.get(token)
        if hit is None:
            hit = np.flatnonzero(self.flat == token)
            hit = hit[self.source[hit] >= 0]
            self.places[token] = hit
        return hit

    def shaped(self, shape: int) -> npt.NDArray[np.int64]:
        """Places that hold a token of a shape and may vote."""
        hit = self.alike.get(shape)
        if hit is None:
            hit = np.flatnonzero(self.shape == shape)
            hit = hit[self.source[hit] >= 0]
            self.alike[shape] = hit
        return hit


def stream(
    current: Document, line: int, others: Sequence[Document], shapes: Shapes, past: int = MAX_ORDER + 1
) -> Stream:
    """All open text that may vote for what comes at `line` of the current document."""
    gap = np.zeros(past, np.int32)
    end = np.array([END_OUT], np.int32)
    parts: list[Ids] = [gap]
    sources: list[npt.NDArray[np.int8]] = [np.full(past, -1, np.int8)]

    weights: list[npt.NDArray[np.float32]] = [np.zeros(past, np.float32)]

    def put(ids: Ids, source: int, silent: int = 0, toward: int = 0) -> None:
        tail = np.concatenate((ids, end, gap))
        marks = np.full(len(tail), -1, np.int8)
        marks[silent : len(ids)] = source
        parts.append(tail)
        sources.append(marks)
        weight = np.full(len(tail), WEIGHT[source], np.float32)
        if toward:
            far = np.arange(len(tail), dtype=np.float32)
            far = len(ids) - far if toward > 0 else far
            weight *= _FAR + (2.0 - _FAR) * np.exp(-np.maximum(far, 0) / _FADE_TOKENS)
        weights.append(weight)

    for other in others:
        put(other.flat, RECENT)
    start, stop = current.tokens_before(line), current.tokens_before(line + 1)
    put(current.flat[max(0, start - _WINDOW) : start], ABOVE, toward=1)
    put(current.flat[stop : stop + _WINDOW], BELOW, toward=-1)
    for removal in reversed(current.gone):
        ids: list[int] = [END_SAME, *removal.above]
        silent = len(ids) - 1  # the last token above votes for the removed line that followed it
        for row in removal.ids:
            if row:
                ids += (END_SAME, *row)
        put(np.array(ids, np.int32), GONE, silent)
    flat = np.concatenate(parts)
    return Stream(flat, np.concatenate(sources), shapes.of[flat], np.concatenate(weights))


@dataclass(slots=True)
class Distribution:
    """What may come next. `order`: longest match of the context; `rest`: probability left unexplained."""

    tokens: dict[int, float]
    order: int
    rest: float
    count: float  # votes of the longest match
    first_order: dict[int, int]
    sources: dict[int, list[float]]
    ends: list[float]  # votes for the three kinds of line end
    shaped: dict[int, float] = field(default_factory=dict)  # share of the votes of places of the same shape
    shape_order: int = 0
    twin: dict[int, float] = field(default_factory=dict)  # likeness of the removed line that goes on so
    usual: dict[int, float] = field(default_factory=dict)  # share of a token in the habits of the language
    usual_order: int = 0


def distribution(
    context: Sequence[int],
    open_text: Stream,
    mounted: Sequence[tuple[Mounted, npt.NDArray[np.float32]]],
    vocabulary: Vocabulary,
    partial: str = "",
    allowed: dict[int, bool] | None = None,
) -> Distribution:
    """Blends the votes for the token after `context`; `partial` is the start of it that stands already."""
    past = tuple(context[-MAX_ORDER:])
    levels = _open_levels(past, open_text)
    shards = [(m, w, m.ranges(past)) for m, w in mounted]
    longest = max([len(levels), *(len(r) for _, _, r in shards)], default=0)
    result = Distribution({}, 0, 1.0, 0.0, {}, {}, [0.0, 0.0, 0.0])
    votes: dict[int, float] = {}
    text = vocabulary.text
    allowed = {} if allowed is None else allowed
    left = 1.0
    total = 0.0
    for order in range(longest, 0, -1):
        ballots: list[tuple[int, float, int]] = []
        if order <= len(levels):
            ballots += _open_ballots(levels[order - 1], open_text)
        for m, w, ranges in shards:
            if order <= len(ranges):
                ballots += _shard_ballots(m, w, ranges, order)
        for token, weight, source in ballots:
            if token == PAD:
                continue
            if token in ENDS:
                if partial:
                    continue
                result.ends[token - END_SAME] += weight
                token = END_SAME
            elif partial:
                fits = allowed.get(token)
                if fits is None:
                    fits = allowed[token] = text[token].startswith(partial)
                if not fits:
                    continue
            if token in votes:
                votes[token] += weight
            else:
                votes[token] = weight
                result.first_order[token] = order
                result.sources[token] = [0.0] * SOURCES
            result.sources[token][source] += weight
            total += weight
        if not votes:
            continue
        if not result.order:
            result.order, result.count = order, total
        kinds = len(votes)
        escape = kinds / (total + kinds)
        share = left * (1.0 - escape) / total
        out = result.tokens
        for token, weight in votes.items():
            out[token] = out.get(token, 0.0) + share * weight
        left *= escape
        if left < _ENOUGH:
            break
    result.rest = left
    return result


def _open_levels(past: tuple[int, ...], open_text: Stream) -> list[npt.NDArray[np.int64]]:
    """For k = 1, 2, …: places whose longest match is exactly k tokens."""
    found: list[npt.NDArray[np.int64]] = []
    if not past:
        return found
    flat = open_text.flat
    at = open_text.where(past[-1])
    for back in range(1, len(past)):
        if not len(at):
            return found
        same = flat[at - back] == past[-1 - back]
        found.append(at[~same])
        at = at[same]
    if len(at):
        found.append(at)
    return found


def _open_ballots(at: npt.NDArray[np.int64], open_text: Stream) -> list[tuple[int, float, int]]:
    scale = 1.0
    if len(at) > _SAMPLE:
        scale = len(at) / _SAMPLE
        at = at[np.linspace(0, len(at) - 1, _SAMPLE).astype(np.int64)]
    return [
        (token, weight * scale, source)
        for token, source, weight in zip(
            open_text.flat[at + 1].tolist(),
            open_text.source[at].tolist(),
            open_text.weight[at].tolist(),
            strict=True,
        )
    ]


def _shard_ballots(
    mounted: Mounted, weights: npt.NDArray[np.float32], ranges: list[tuple[int, int]], order: int
) -> list[tuple[int, float, int]]:
    """Votes of the places whose longest match is exactly `order` tokens."""
    lo, hi = ranges[order - 1]
    inner = ranges[order] if order < len(ranges) else (lo, lo)
    count = (hi - lo) - (inner[1] - inner[0])
    if count <= 0:
        return []
    pos = mounted.shard.pos
    if count <= _SAMPLE:
        at = pos[lo:hi] if inner[0] == inner[1] else np.concatenate((pos[lo : inner[0]], pos[inner[1] : hi]))
        scale = 1.0
    else:
        pick = np.linspace(lo, hi - 1 - (inner[1] - inner[0]), _SAMPLE).astype(np.int64)
        pick[pick >= inner[0]] += inner[1] - inner[0]
        at = pos[pick]
        scale = count / _SAMPLE
    starts = mounted.shard.starts
    w = weights[np.searchsorted(starts, at, side="right") - 1]
    keep = w > 0
    if not keep.all():
        at, w = at[keep], w[keep]
    following = mounted.to_global[mounted.shard.tok[at + 1]]
    folder = WEIGHT[FOLDER]
    return [
        (token, weight * scale, FOLDER if weight == folder else OTHER)
        for token, weight in zip(following.tolist(), w.tolist(), strict=True)
    ]


def folder_of(path: str | None) -> str:
    """The folder whose files stand nearer; "" for a text that is in no folder."""
    return os.path.dirname(path) if path else ""
