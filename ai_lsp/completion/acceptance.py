"""Would this suggestion be taken here? A small logistic model, learned from what one user takes and leaves. Pure.

Weights are updated with each outcome by AdaGrad steps on the log loss, with a pull towards zero, so that what it
says is a calibrated chance (tests/unit/test_acceptance.py holds it to that on simulated users). With few outcomes
it says nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

FEATURES = (
    "any", "local", "confidence", "length", "over 16", "over 40", "several lines", "starts a line",
    "after a word", "taken lately", "dismissed lately",
)  # fmt: skip
"""What a row holds, in this order; see `row`."""

LEAST_OUTCOMES = 40
"""Outcomes before the model has a say."""

BARS = {"shy": 0.30, "balanced": 0.08, "eager": 0.0}
"""The chance that a suggestion needs, by `completion.aggressiveness`."""

SHOWN_ANYWAY = 12
"""Of suggestions held back, each such one is shown all the same: else nobody would learn that it is wanted."""

_RATE = 0.25
_PULL = 0.0005
_FADE = 0.9  # of what was taken or dismissed lately, per outcome

Row = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What is known of a user's taste. `taken` and `dismissed` are fading shares of the last outcomes."""

    weights: Row = (0.0,) * len(FEATURES)
    squares: Row = (0.0,) * len(FEATURES)
    outcomes: int = 0
    taken: float = 0.3
    dismissed: float = 0.0

    def chance(self, row: Sequence[float]) -> float | None:
        """The chance that a suggestion is taken; None while too little is known."""
        return self.estimate(row) if self.outcomes >= LEAST_OUTCOMES else None

    def estimate(self, row: Sequence[float]) -> float:
        """The same from whatever is known."""
        score = sum(w * x for w, x in zip(self.weights, row, strict=True))
        return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, score))))


def row(known: Acceptance, *, is_local: bool, confidence: float, text: str, left: str) -> Row:
    """The features of a suggestion `text` behind `left`, the cursor's line up to the cursor."""
    length = len(text.strip())
    return (
        1.0,
        float(is_local),
        confidence - 0.7 if is_local else 0.0,
        math.log2(1 + min(length, 400)) / 4 - 1,
        float(length > 16),
        float(length > 40),
        float("\n" in text.strip()),
        float(not left.strip()),
        float(left[-1:].isalnum()),
        known.taken - 0.3,
        known.dismissed,
    )


def learned(known: Acceptance, features: Sequence[float], outcome: float, weight: float = 1.0) -> Acceptance:
    """With one more outcome: 1 taken, 0 left, between them partly taken or soon taken back. Rows of another
    length, as an older version wrote them, teach nothing."""
    if len(features) != len(FEATURES) or not all(map(math.isfinite, features)):
        return known
    wrong = known.estimate(features) - outcome
    weights, squares = [], []
    for w, s, x in zip(known.weights, known.squares, features, strict=True):
        slope = weight * (wrong * x + _PULL * w)
        s += slope * slope
        weights.append(w - _RATE * slope / (math.sqrt(s) + 1e-3) if slope else w)
        squares.append(s)
    return Acceptance(
        tuple(weights),
        tuple(squares),
        known.outcomes + 1,
        known.taken * _FADE + outcome * (1 - _FADE),
        known.dismissed * _FADE + (1 - _FADE) * (outcome == 0 and weight >= 1),
    )
