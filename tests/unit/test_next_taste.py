"""What a user takes moves how sure a source is: simulated users, whose real chance is known."""

from __future__ import annotations

import random

import pytest

from ai_lsp.edits.next_taste import LEAST, NextTaste


def after(real: float, said: float, outcomes: int, seed: int = 7) -> float:
    """What is said in place of `said` after so many outcomes of a user who takes `real` of them."""
    dice, taste = random.Random(seed), NextTaste()
    for _ in range(outcomes):
        taste = taste.learned("local edit", said, float(dice.random() < real))
    return taste.chance("local edit", said)


@pytest.mark.parametrize(("real", "said"), [(0.7, 0.6), (0.5, 0.65), (0.45, 0.6)])
def test_it_comes_to_what_the_user_really_takes(real: float, said: float) -> None:
    found = [after(real, said, 200, seed) for seed in range(20)]
    assert abs(sum(found) / len(found) - real) < 0.06


def test_a_few_outcomes_move_it_little_and_none_not_at_all() -> None:
    assert NextTaste().chance("local edit", 0.62) == 0.62
    assert abs(after(0.0, 0.6, 1) - 0.6) < 0.1
    assert after(0.0, 0.6, 12) < 0.5


def test_one_source_says_nothing_of_another() -> None:
    taste = NextTaste().learned("model tab edit", 0.6, 0.0)
    assert taste.chance("local edit", 0.6) == 0.6
    assert taste.chance("model tab edit", 0.6) < 0.6


def test_what_is_near_certain_stays_on_the_screen() -> None:
    """Else nobody would ever learn that the user wants it again."""
    assert after(0.0, 0.9, 500) > 0.5
    assert LEAST < 0


def test_what_was_said_is_found_again() -> None:
    taste = NextTaste()
    for _ in range(9):
        taste = taste.learned("a", 0.6, 0.0)
    assert taste.said("a", taste.chance("a", 0.7)) == pytest.approx(0.7)
