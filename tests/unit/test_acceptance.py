"""The learned chance of acceptance is calibrated on users who are simulated, and says nothing before it knows."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest

from ai_lsp.completion.acceptance import LEAST_OUTCOMES, Acceptance, Row, learned, row

User = Callable[[dict[str, object]], float]

USERS: dict[str, User] = {
    "takes most": lambda s: 0.7,
    "takes little": lambda s: 0.15,
    "wants short ones": lambda s: 0.75 if len(str(s["text"])) < 20 else 0.1,
    "trusts the model": lambda s: 0.2 if s["is_local"] else 0.65,
    "hates them at line starts": lambda s: 0.05 if not str(s["left"]).strip() else 0.5,
}


def situation(dice: random.Random) -> dict[str, object]:
    length = int(math.exp(dice.uniform(1, 4.5)))
    return {
        "is_local": dice.random() < 0.5,
        "confidence": dice.uniform(0.6, 1.0),
        "text": "x" * length + ("\ny = 1" if dice.random() < 0.2 else ""),
        "left": dice.choice(["    ", "    foo", "  a = "]),
    }


def outcomes(user: User, count: int, seed: int) -> list[tuple[float | None, float, float]]:
    """(chance said before, chance in truth, outcome) of each suggestion, learned one after the other."""
    dice, known, out = random.Random(seed), Acceptance(), []
    for _ in range(count):
        some = situation(dice)
        features: Row = row(known, **some)  # type: ignore[arg-type]
        truth = user(some)
        outcome = float(dice.random() < truth)
        out.append((known.chance(features), truth, outcome))
        known = learned(known, features, outcome)
    return out


@pytest.mark.parametrize("name", USERS)
def test_what_it_says_is_how_often_it_happens(name: str) -> None:
    said = [(p, y) for seed in range(3) for p, _, y in outcomes(USERS[name], 1_500, seed)[500:] if p is not None]
    errors, total = 0.0, len(said)
    for low in range(0, 10, 2):
        some = [(p, y) for p, y in said if low / 10 <= p < (low + 2) / 10]
        if some:
            gap = abs(sum(p for p, _ in some) - sum(y for _, y in some)) / len(some)
            errors += gap * len(some) / total
    assert errors < 0.05, f"expected calibration error {errors:.3f}"


@pytest.mark.parametrize("name", ["wants short ones", "trusts the model", "hates them at line starts"])
def test_it_tells_wanted_from_unwanted(name: str) -> None:
    late = [(p, truth) for p, truth, _ in outcomes(USERS[name], 800, 7)[400:] if p is not None]
    wanted = [p for p, truth in late if truth >= 0.5]
    others = [p for p, truth in late if truth < 0.25]
    assert sum(wanted) / len(wanted) > sum(others) / len(others) + 0.2


def test_it_says_nothing_before_it_knows_something() -> None:
    said = outcomes(USERS["takes little"], LEAST_OUTCOMES + 5, 1)
    assert all(p is None for p, _, _ in said[:LEAST_OUTCOMES])
    assert all(p is not None for p, _, _ in said[LEAST_OUTCOMES:])


def test_rows_that_make_no_sense_teach_nothing() -> None:
    known = Acceptance()
    assert learned(known, (1.0,), 1.0) is known
    assert learned(known, (math.nan,) * len(known.weights), 1.0) is known
