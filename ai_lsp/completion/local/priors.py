"""What usually follows what in a language, whatever the project: shares counted over other people's repositories.

A prior is a trie of token n-grams that several repositories share, with the share of each continuation. One is
shipped for each of some families of languages, and one for prose; `python -m eval.fit_priors` counts them. They
speak where the workspace is silent.
"""

from __future__ import annotations

import json
import zlib
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt

from ai_lsp.completion.local.lexing import END_SAME, ENDS, Vocabulary
from ai_lsp.completion.local.votes import Distribution

ORDERS = 4  # tokens of context at most
PROSE = "prose"
SUFFIX = ".prior"
_STEPS = 16  # of a stored share: 2 ** (-q / _STEPS)
_SHARE = [2.0 ** (-q / _STEPS) for q in range(256)]
_SLICE = 2000  # words taken over at a time
_KEPT = 4096  # contexts that are remembered
_WORDS = 8  # that may finish a half-typed word
_ENOUGH = 0.05  # share left over at which shorter contexts are not asked
_UNHEARD = 0.002  # share of words that no prior knows, where one is half typed


@dataclass(slots=True)
class Order:
    """The nodes of one depth: last token and share of each, and where the children of each node above begin."""

    token: Sequence[int]  # ascending among the children of one node
    share: bytes
    first: Sequence[int]

    @classmethod
    def of(cls, token: npt.NDArray[Any], share: npt.NDArray[Any], children: npt.NDArray[Any]) -> Order:
        """From tokens, shares of 1, and how many children each node above has."""
        first = np.concatenate(([0], np.cumsum(children))).astype(np.uint32)
        steps = np.clip(np.round(-np.log2(np.maximum(share, 1e-9)) * _STEPS), 0, 255).astype(np.uint8)
        return cls(_view(token.astype(np.uint16)), steps.tobytes(), _view(first))

    @property
    def size(self) -> int:
        """How many nodes there are."""
        return len(self.share)


def _view(array: npt.NDArray[Any]) -> Sequence[int]:
    """The same numbers, quicker to read one by one."""
    return memoryview(array)  # type: ignore[arg-type]


@dataclass(slots=True)
class Prior:
    """One trie. Its token 0 is the end of a line; the others are words, the commonest first."""

    words: list[str]
    orders: list[Order]
    _to_global: list[int] = field(default_factory=list)
    _to_local: dict[int, int] = field(default_factory=dict)
    _sorted: list[int] = field(default_factory=list)
    _spelled: list[str] = field(default_factory=list)
    _found: dict[tuple[int, ...], tuple[dict[int, float], int, float]] = field(default_factory=dict)

    def binding(self, vocabulary: Vocabulary) -> Iterator[None]:
        """Ties the words to the ids of an engine's vocabulary, in slices of about a millisecond."""
        self._to_global = [END_SAME]
        for at in range(0, len(self.words), _SLICE):
            self._to_global += vocabulary.add_all(self.words[at : at + _SLICE])
            yield
        self._to_local = {g: i for i, g in enumerate(self._to_global)} | dict.fromkeys(ENDS, 0)
        yield
        self._sorted = sorted(range(len(self.words)), key=self.words.__getitem__)
        yield
        self._spelled = [self.words[i] for i in self._sorted]

    def following(self, context: Sequence[int]) -> tuple[dict[int, float], int, float]:
        """(next tokens with their shares, longest order that spoke, what is left over), in global ids."""
        past: list[int] = []
        for token in reversed(context[-ORDERS:]):
            known = self._to_local.get(token, -1)
            if known < 0:
                break
            past.append(known)
            if not known:
                break
        past.reverse()
        key = tuple(past)
        hit = self._found.get(key)
        if hit is None:
            if len(self._found) > _KEPT:
                self._found.clear()
            hit = self._found[key] = self._following(past)
        return hit

    def _following(self, past: list[int]) -> tuple[dict[int, float], int, float]:
        found: dict[int, float] = {}
        left = 1.0
        longest = 0
        for order in range(len(past), 0, -1):
            lo, hi = self._children(past[-order:])
            if lo == hi:
                continue
            longest = longest or order
            nodes = self.orders[order - 1]
            taken = 0.0
            for at in range(lo, hi):
                token = self._to_global[nodes.token[at]]
                if token not in found:
                    found[token] = share = _SHARE[nodes.share[at]] * left
                    taken += share
            left -= taken
            if left < _ENOUGH:
                break
        return found, longest, max(left, 0.0)

    def _children(self, past: Sequence[int]) -> tuple[int, int]:
        """The children of the node that some tokens lead to, as a range of its order."""
        node = past[0]
        for nodes, token in zip(self.orders, past[1:], strict=False):
            hi = nodes.first[node + 1]
            node = bisect_left(nodes.token, token, nodes.first[node], hi)
            if node == hi or nodes.token[node] != token:
                return 0, 0
        first = self.orders[len(past) - 1].first
        return first[node], first[node + 1]

    def beginning(self, start: str) -> list[tuple[int, float]]:
        """The commonest words that begin so, with the share that each may have by its rank (Zipf's law)."""
        lo = bisect_left(self._spelled, start)
        hi = bisect_left(self._spelled, start + "\U0010ffff", lo)
        return [(self._to_global[i + 1], 0.1 / (i + 1)) for i in sorted(self._sorted[lo:hi])[:_WORDS]]


def pack(words: Sequence[str], orders: Sequence[Order]) -> bytes:
    """A prior's bytes."""
    text = "\n".join(words).encode("utf-8", "surrogatepass")
    about = json.dumps({"text": len(text), "sizes": [o.size for o in orders]}).encode()
    parts = [len(about).to_bytes(4, "little"), about, text]
    for order in orders:
        children = np.diff(np.array(order.first, np.int64)).astype(np.uint16)
        parts += (np.array(order.token, np.uint16).tobytes(), order.share, children.tobytes())
    return zlib.compress(b"".join(parts), 9)


def read(data: bytes) -> Prior:
    """A prior from its bytes."""
    raw = zlib.decompress(data)
    at = 4 + int.from_bytes(raw[:4], "little")
    about = json.loads(raw[4:at])
    words = raw[at : at + about["text"]].decode("utf-8", "surrogatepass").split("\n")
    at += about["text"]
    above = len(words) + 1
    orders = []
    for size in about["sizes"]:
        token = np.frombuffer(raw, np.uint16, size, at).copy()
        share = raw[at + 2 * size : at + 3 * size]
        children = np.frombuffer(raw, np.uint16, above, at + 3 * size)
        first = np.concatenate(([0], np.cumsum(children))).astype(np.uint32)
        orders.append(Order(_view(token), share, _view(first)))
        at += 3 * size + 2 * above
        above = size
    return Prior(words, orders)


@dataclass(frozen=True, slots=True)
class Shares:
    """The share of the probability that a prior takes, by how long its context is against the workspace's."""

    longer: float  # the prior's is as long or longer
    short: float  # the workspace's is longer, and at most _SHORT tokens
    shorter: float


_SHORT = 4
_CODE = Shares(0.2, 0.12, 0.05)
_IN_PROSE = Shares(0.45, 0.15, 0.03)
_ALONE = 0.8  # where the workspace says nothing


@dataclass(frozen=True, slots=True)
class Habits:
    """The priors that speak in documents of one family."""

    own: Prior | None
    prose: Prior | None

    def add(
        self, result: Distribution, context: Sequence[int], text: Sequence[str], half: str, is_prose: bool
    ) -> None:
        """Mixes in what usually follows `context` and the half-typed token `half`."""
        if self.own is not None:
            _add(result, self.own, context, text, half, _CODE)
        if is_prose and self.prose is not None:
            _add(result, self.prose, context, text, half, _IN_PROSE)


def _add(
    result: Distribution, prior: Prior, context: Sequence[int], text: Sequence[str], half: str, shares: Shares
) -> None:
    found, order, left = prior.following(context)
    if half:
        found = _finishing(found, left, prior, text, half)
    if not found:
        return
    if not result.tokens:
        share = _ALONE
    elif order >= result.order:
        share = shares.longer
    else:
        share = shares.short if result.order <= _SHORT else shares.shorter
    keep = 1.0 - share
    tokens = {t: x * keep for t, x in result.tokens.items()}
    known = tokens.get
    for token, p in found.items():
        tokens[token] = known(token, 0.0) + share * p
    result.tokens = tokens
    usual = result.usual
    result.usual = found if not usual else {t: max(usual.get(t, 0.0), found.get(t, 0.0)) for t in usual | found}
    result.usual_order = max(result.usual_order, order)


def _finishing(
    found: dict[int, float], left: float, prior: Prior, text: Sequence[str], half: str
) -> dict[int, float]:
    """Of what may follow, what begins with the half-typed token; and common words that do."""
    fits = {t: p for t, p in found.items() if t != END_SAME and text[t].startswith(half)}
    if len(half.strip()) > 1:
        fits |= {t: p * left for t, p in prior.beginning(half) if t not in fits}
    mass = sum(fits.values()) + _UNHEARD
    return {t: p / mass for t, p in fits.items()}


class Book:
    """The shipped priors of the families that were asked for, tied to a vocabulary."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._read: dict[str, Prior | None] = {}

    def habits(self, family: str) -> Habits:
        """What is read by now for documents of a family."""
        return Habits(self._read.get(family), self._read.get(PROSE))

    def reading(self, family: str) -> Iterator[None]:
        """Reads the priors for a family, where that has not been done, in slices of a few milliseconds."""
        for kind in (family, PROSE):
            if kind in self._read:
                continue
            self._read[kind] = None
            place = files("ai_lsp.completion.local").joinpath("habits", kind + SUFFIX)
            if place.is_file():
                prior = read(place.read_bytes())
                yield
                yield from prior.binding(self._vocabulary)
                self._read[kind] = prior
