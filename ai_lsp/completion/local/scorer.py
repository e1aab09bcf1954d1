"""How likely a suggestion is right, and which one to show: small trees, fitted on other repositories."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from ai_lsp.completion.local import evidence, votes
from ai_lsp.completion.local.beam import Way
from ai_lsp.completion.local.evidence import Candidate, Spot
from ai_lsp.context.trees import Trees, read

_PRICE_OF_WRONG = 64.0  # characters; more shows shorter and surer texts (see eval/README.md)


@dataclass(frozen=True, slots=True)
class Chosen:
    """What to show."""

    candidate: Candidate
    confidence: float
    why: str


@cache
def shipped() -> Trees:
    """The trees that come with the package; weights.json says what they were fitted on."""
    return read(files("ai_lsp.completion.local").joinpath("weights.json").read_text("utf-8"))


@dataclass(frozen=True, slots=True)
class Rated:
    """All that could be shown at one cursor, with the chance of each."""

    candidates: list[Candidate]
    chances: npt.NDArray[np.float64]


def rate(spot: Spot, ways: Sequence[Way], trees: Trees) -> Rated:
    """The chance of each candidate."""
    some = evidence.candidates(spot, ways)
    return Rated(some, trees.chances(np.array([c.row for c in some])) if some else np.zeros(0))


def pick(rated: Rated, min_confidence: float, hide_words: bool = False) -> Chosen | None:
    """The text with the largest expected gain among those that are sure enough; None where none is.

    With `hide_words` the mere rest of a word that the open file holds is not shown: any word menu has it.
    """
    chances = rated.chances
    if not len(chances):
        return None
    lengths = np.array([len(c.text.rstrip()) for c in rated.candidates])
    gain = chances * lengths - (1.0 - chances) * _PRICE_OF_WRONG
    gain[chances < min_confidence] = -np.inf
    if hide_words:
        gain[[c.is_known_word for c in rated.candidates]] = -np.inf
    best = int(np.argmax(gain))
    if gain[best] == -np.inf:
        return None
    chosen = rated.candidates[best]
    return Chosen(chosen, float(chances[best]), _why(chosen))


def whole(rated: Rated, min_confidence: float) -> Chosen | None:
    """The likeliest whole rest of the line, where it is so sure."""
    ends = [(p, c) for c, p in zip(rated.candidates, rated.chances.tolist(), strict=True) if _reaches_end(c)]
    chance, best = max(ends, key=lambda e: e[0], default=(0.0, None))
    return Chosen(best, chance, _why(best)) if best is not None and chance >= min_confidence else None


def _reaches_end(candidate: Candidate) -> bool:
    return candidate.way.is_whole and candidate.way.text == candidate.text


_PLACES = {
    votes.OTHER: "other files of the workspace",
    votes.FOLDER: "files of this folder",
    votes.RECENT: "other open files",
    votes.BELOW: "the text below",
    votes.ABOVE: "the text above",
    votes.GONE: "text that was just removed",
}


def _why(candidate: Candidate) -> str:
    totals = [sum(s.sources[k] for s in candidate.way.steps[: candidate.cut + 1]) for k in range(votes.SOURCES)]
    if not any(totals):
        return "fits the shape of the text around"
    place = _PLACES[max(range(votes.SOURCES), key=totals.__getitem__)]
    order = candidate.way.steps[0].order
    return f"follows the same {order} tokens in {place}" if order > 1 else f"a word of {place}"
