"""How sure a next edit is for this user: what its source says, moved by what they took and dismissed of it. Pure.

One number for each source, a shift of its log odds, learned as completion's acceptance is: AdaGrad steps on the
log loss with a pull towards zero. tests/unit/test_next_taste.py holds it to its claim on simulated users.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

LEAST, MOST = -0.8, 0.5
"""Bounds of a shift. The lower one leaves what a source is very sure of on the screen: else nothing more would be
learned of it."""

OUTCOMES: Mapping[str, tuple[float, float]] = {
    "taken": (1.0, 1.0),
    "typed": (1.0, 0.5),
    "contradicted": (0.0, 0.5),
    "dismissed": (0.0, 1.0),
}
"""(outcome, weight) that an end teaches. What was merely passed over teaches nothing: in replayed commits most of
it came true later."""

_RATE = 0.5
_PULL = 0.005
_INERTIA = 2.0  # squares of slopes that stand for what is known beforehand


@dataclass(frozen=True, slots=True)
class Shift:
    """What is known of one source: the shift of its log odds, and the sum of squared slopes behind it."""

    odds: float = 0.0
    squares: float = _INERTIA


@dataclass(frozen=True, slots=True)
class NextTaste:
    """The shifts of all sources, by name."""

    shifts: Mapping[str, Shift] = field(default_factory=dict)

    def chance(self, source: str, said: float) -> float:
        """The chance that this user takes what a source is so sure of, 0..1."""
        shift = self.shifts.get(source)
        return said if shift is None else _from_odds(_odds(said) + shift.odds)

    def said(self, source: str, chance: float) -> float:
        """What the source said where `chance` came of it: the inverse."""
        shift = self.shifts.get(source)
        return chance if shift is None else _from_odds(_odds(chance) - shift.odds)

    def learned(self, source: str, said: float, outcome: float, weight: float = 1.0) -> NextTaste:
        """With one more outcome: 1 taken, 0 dismissed."""
        known = self.shifts.get(source, Shift())
        slope = weight * (self.chance(source, said) - outcome) + _PULL * known.odds
        squares = known.squares + slope * slope
        odds = known.odds - _RATE * slope / math.sqrt(squares)
        return NextTaste({**self.shifts, source: Shift(min(MOST, max(LEAST, odds)), squares)})


def _odds(chance: float) -> float:
    chance = min(0.995, max(0.005, chance))
    return math.log(chance / (1 - chance))


def _from_odds(odds: float) -> float:
    return 1 / (1 + math.exp(-odds))
