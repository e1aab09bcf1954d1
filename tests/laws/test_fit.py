"""Laws of fitting prompts: equal to trying every cut, never over the budget, monotone, steady from key to key."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from random import Random

import pytest

from ai_lsp.context.counts import Counts
from ai_lsp.context.fit import Fitted, fit
from ai_lsp.context.parts import OURS, PromptPart, lay_out
from tests.laws.fit_oracle import BOUNDING, COUNTERS, Choice, Count, Oracle, by_length, changed, random_tree


def choice(fitted: Fitted) -> Choice:
    """Part -> how full it stands in the prompt, as the oracle says it."""
    first = fitted.layout.first
    return tuple(step - first[index] if step >= 0 else -1 for index, step in enumerate(fitted.chosen))


def random_budget(rng: Random, oracle: Oracle) -> int:
    everything = sum(max(costs) for costs in oracle.costs)
    return rng.randint(0, everything + 3)


@pytest.mark.parametrize("seed", range(10))
def test_the_answer_is_what_trying_every_cut_finds(seed: int) -> None:
    """10,000 prompts with all constructs: 5,000 random ones, and each one changed, the first in memory."""
    rng = Random(seed)
    held = 0
    for _ in range(500):
        count, step = rng.choice(COUNTERS), rng.choice((0, 1, 2, 4, 8))
        parts = random_tree(rng)
        oracle = Oracle(parts, count)
        budget = random_budget(rng, oracle)
        first = fit(parts, budget, count, step=step)
        expected = oracle.fit(budget, step)
        assert choice(first) == expected, (parts, budget, step)
        assert first.cost == oracle.cost(expected)
        assert first.tokens == oracle.joined(expected)
        parts = changed(rng, parts)
        later = Oracle(parts, count)
        budget += rng.choice((0, 0, 1, -1))
        second = fit(parts, budget, count, step=step, previous=first)
        assert choice(second) == later.fit(max(0, budget), step, (oracle, expected)), (parts, budget, step)
        held += second.is_held
    assert held > 50, "the memory was hardly tried"


def test_no_other_choice_of_texts_satisfies_more_of_the_order() -> None:
    """Not only the best cut: of all valid prompts within the budget, none has more of the most wanted steps."""
    rng = Random(1)
    for _ in range(400):
        parts = random_tree(rng, 6, is_proper=True)
        count = rng.choice(BOUNDING)
        oracle = Oracle(parts, count)
        budget = random_budget(rng, oracle)
        bad = oracle.too_large(budget)
        wanted = [step for step in oracle.steps if step not in bad]

        def satisfied(chosen: Choice, wanted: list[tuple[int, int]] = wanted) -> int:
            return next((n for n, (i, rung) in enumerate(wanted) if chosen[i] < rung), len(wanted))

        best = satisfied(choice(fit(parts, budget, count)))
        for chosen in product(*(range(-1, len(node.texts)) for node in oracle.nodes)):
            if oracle.cost(chosen) > budget or satisfied(chosen) <= best:
                continue
            kept = {index for index, rung in enumerate(chosen) if rung >= 0}
            assert not all(oracle.needed[index] <= kept for index in kept), (parts, budget, chosen)


@pytest.mark.parametrize("count", COUNTERS)
def test_a_prompt_is_never_over_its_budget_and_always_the_same(count: Count) -> None:
    rng = Random(2)
    counts = Counts(entries=64)
    for _ in range(1_500):
        parts = random_tree(rng)
        budget, step = rng.randint(0, 60), rng.choice((0, 3))
        fitted = fit(parts, budget, count, step=step, counts=counts)
        assert fitted.tokens <= budget
        if not fitted.layout.breaks:
            assert count(fitted.text) == fitted.tokens
        assert fit(parts, budget, count, step=step) == fitted
        again = fit(parts, budget, count, step=3, previous=fitted, counts=counts)
        assert again.tokens <= budget


def test_a_layout_goes_on_from_the_last_one_where_only_texts_have_changed() -> None:
    rng, taken = Random(11), 0
    for turn in range(1_500):
        parts = random_tree(rng)
        if turn % 3 == 0:
            parts = tuple(replace(part, children=(), alternatives=()) for part in parts)
        known = lay_out(parts)
        other = changed(rng, parts) if turn % 2 else tuple(with_other_text(rng, part) for part in parts)
        again = lay_out(other, known)
        assert again == lay_out(other)
        taken += again.order is known.order
    assert taken > 750


def with_other_text(rng: Random, part: PromptPart) -> PromptPart:
    children = tuple(with_other_text(rng, child) for child in part.children)
    return replace(part, children=children, text=rng.choice((part.text, "other")))


def test_a_larger_budget_keeps_what_a_smaller_kept() -> None:
    rng = Random(3)
    compared = 0
    for _ in range(1_500):
        parts = random_tree(rng)
        count = rng.choice(BOUNDING)
        small = random_budget(rng, Oracle(parts, count))
        smaller, larger = (fit(parts, budget, count) for budget in (small, small + rng.randint(0, 20)))
        if not smaller.too_large:
            compared += 1
            assert all(a <= b for a, b in zip(smaller.chosen, larger.chosen, strict=True)), (parts, small)
    assert compared > 500


def test_a_larger_budget_gives_up_only_what_stands_behind_a_part_it_newly_tries() -> None:
    """10 tokens hold `a` (8) and `c` (1), since `b` (11) is too large for them; 11 tokens have `b` in the way."""
    rng = Random(4)
    compared = 0
    for _ in range(1_500):
        parts = random_tree(rng, is_proper=True)
        count = rng.choice(BOUNDING)
        oracle = Oracle(parts, count)
        small = random_budget(rng, oracle)
        large = small + rng.randint(0, 20)
        smaller, larger = choice(fit(parts, small, count)), choice(fit(parts, large, count))
        newly = oracle.too_large(small) - oracle.too_large(large)
        compared += bool(newly)
        for step in oracle.steps:
            if step in newly:
                break
            index, rung = step
            assert not smaller[index] >= rung > larger[index], (parts, small, large)
    assert compared > 200


def test_no_history_spoils_a_prompt_by_more_than_two_steps() -> None:
    rng = Random(5)
    for _ in range(150):
        parts = random_tree(rng)
        count = rng.choice(BOUNDING)
        budget, step = random_budget(rng, Oracle(parts, count)), rng.choice((1, 2, 4))
        fitted = None
        for _ in range(8):
            fitted = fit(parts, budget, count, step=step, previous=fitted)
            oracle = Oracle(parts, count)
            lowest, highest = oracle.at(max(0, budget - 2 * step), budget), oracle.at(budget, budget)
            assert all(a <= b <= c for a, b, c in zip(lowest, choice(fitted), highest, strict=True))
            parts = changed(rng, parts)


def typed_fronts(step: int) -> set[str]:
    """How the prompt starts while 600 characters are typed into its last line, at a token each."""
    lines = [
        PromptPart("line", f"value_{i:04} = compute({i:04})\n", OURS, key=f"{i}", priority=i) for i in range(200)
    ]
    fitted, fronts, counts = None, set(), Counts()
    for typed in range(600):
        cursor = PromptPart("typed", "x" * typed, OURS, key="cursor", priority=10_000)
        fitted = fit([*lines, cursor], 3_000, by_length, step=step, previous=fitted, counts=counts)
        fronts.add(fitted.text[:40])
    return fronts


def test_the_front_of_a_prompt_moves_in_steps_while_somebody_types() -> None:
    """600 tokens typed move the front thrice at 200 tokens a step, and with every line's worth without steps."""
    moves = {step: len(typed_fronts(step)) - 1 for step in (0, 200)}
    assert moves[200] <= 3
    assert moves[0] >= 20
