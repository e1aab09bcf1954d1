"""The model's part of a review, by a scripted model of known rates of error: bounded, shuffled, calibrated."""

from __future__ import annotations

import json
import random
import re

from ai_lsp.diagnostics.model_review import Claim, Rates, Region, confidence, learned, regions_of, review_regions
from ai_lsp.models.port import ChatPrompt, ModelRequest

RATES = Rates(hit=0.55, slip=0.08, confirm=0.75, wave_through=0.25, prior=0.1)


def text_of(request: ModelRequest) -> str:
    assert isinstance(request.prompt, ChatPrompt)
    return request.prompt.messages[-1].content


class ScriptedReviewer:
    """Names lines with and without a bug at the given rates, and confirms claims at others."""

    def __init__(self, bugs: set[tuple[str, int]], rates: Rates, seed: int) -> None:
        self.bugs, self.rates, self.dice = bugs, rates, random.Random(seed)
        self.asked: list[str] = []

    async def ask(self, request: ModelRequest) -> str:
        text = text_of(request)
        self.asked.append(text)
        if claim := re.search(r"Claim about line (\d+) of (\S+):", text):
            is_bug = (claim[2], int(claim[1]) - 1) in self.bugs
            rate = self.rates.confirm if is_bug else self.rates.wave_through
            return "`bug`." if self.dice.random() < rate else "fine"
        named, path = [], ""
        for row in text.split("\n"):
            if row.startswith("== "):
                path = row[3:]
            elif number := re.match(r"(\d+): ", row):
                is_bug = (path, int(number[1]) - 1) in self.bugs
                if self.dice.random() < (self.rates.hit if is_bug else self.rates.slip):
                    named.append({"path": path, "line": int(number[1]), "what": "it is wrong"})
        return f"Here it is:\n```json\n{json.dumps(named)}\n```"


def regions(count: int, seed: int) -> tuple[list[Region], set[tuple[str, int]]]:
    dice, out, bugs = random.Random(seed), [], set()
    for i in range(count):
        path = f"f{i}.py"
        out.append(Region(path, 10, tuple(f"x{n} = {n}" for n in range(10))))
        bugs |= {(path, 10 + n) for n in range(10) if dice.random() < RATES.prior}
    return out, bugs


async def claims(
    seed: int, *, passes: int = 5, max_tokens: int = 200_000
) -> tuple[list[Claim], ScriptedReviewer]:
    some, bugs = regions(30, seed)
    model = ScriptedReviewer(bugs, RATES, seed)
    found = review_regions(
        some,
        model.ask,
        lambda path, line: ("known",),
        passes=passes,
        max_tokens=max_tokens,
        seed=seed,
        rates=RATES,
    )
    return [claim async for claim in found], model


async def test_confidence_is_calibrated_for_a_model_of_known_rates() -> None:
    """Expected calibration error at most 0.05 over ten bins, and the bins that are full rise."""
    said: list[tuple[float, bool]] = []
    for seed in range(60):
        found, model = await claims(seed)
        said += [(claim.confidence, (claim.path, claim.line) in model.bugs) for claim in found]
    assert len(said) > 1500
    error, shares = 0.0, []
    for low in range(10):
        inside = [(c, right) for c, right in said if low / 10 <= c < (low + 1) / 10 or (low == 9 and c == 1)]
        if inside:
            share = sum(right for _, right in inside) / len(inside)
            error += abs(sum(c for c, _ in inside) / len(inside) - share) * len(inside) / len(said)
            shares += [share] if len(inside) > 60 else []
    assert error <= 0.05
    assert shares == sorted(shares)


async def test_votes_reach_the_precision_that_the_rates_promise() -> None:
    """Eight passes: of the lines that at least three name, as many have a bug as the binomial law says."""
    right = wrong = 0
    for seed in range(60):
        found, model = await claims(seed, passes=8)
        for claim in found:
            if claim.votes >= 3:
                right += (claim.path, claim.line) in model.bugs
                wrong += (claim.path, claim.line) not in model.bugs

    def at_least_three(rate: float) -> float:
        return 1 - (1 - rate) ** 8 - 8 * rate * (1 - rate) ** 7 - 28 * rate**2 * (1 - rate) ** 6

    hits, slips = RATES.prior * at_least_three(RATES.hit), (1 - RATES.prior) * at_least_three(RATES.slip)
    assert abs(right / (right + wrong) - hits / (hits + slips)) <= 0.02


async def test_each_pass_sees_another_order_and_the_same_seed_the_same() -> None:
    _, first = await claims(1)
    _, second = await claims(1)
    assert first.asked == second.asked
    orders = [re.findall(r"== (\S+)", text) for text in first.asked if "Claim about" not in text]
    assert len({tuple(order) for order in orders}) == 5
    assert all(sorted(order) == sorted(orders[0]) for order in orders)
    assert all("Known: known" in text for text in first.asked if "Claim about" in text)


async def test_tokens_are_bounded() -> None:
    for most in (500, 3_000, 9_000):
        _, model = await claims(2, max_tokens=most)
        assert sum(len(text) for text in model.asked) / 4 <= most


async def test_answers_that_are_not_as_asked_are_passed_over() -> None:
    async def ask(request: ModelRequest) -> str:
        return '[{"line": "12"}, {"line": true}, 7, {"line": 999, "what": "x"}, {"line": 12}] trailing'

    some = [Region("a.py", 10, ("x = 1", "y = 2"))]
    found = [c async for c in review_regions(some, ask, lambda p, n: (), passes=3, max_tokens=9_000)]
    assert [(c.path, c.line, c.votes) for c in found] == [("a.py", 11, 3)]
    assert found[0].is_validated is False


def test_more_votes_and_a_confirmation_are_surer() -> None:
    assert confidence(1, 5, None, RATES) < confidence(2, 5, None, RATES) < confidence(2, 5, True, RATES)
    assert confidence(2, 5, False, RATES) < confidence(2, 5, None, RATES)


def test_what_users_say_moves_the_rates() -> None:
    worse = learned(RATES, bugs=[], fine=[(4, 5)] * 40)
    assert worse.slip > RATES.slip
    assert confidence(3, 5, None, worse) < confidence(3, 5, None, RATES)
    assert learned(RATES, [], []) == RATES


def test_regions_join_where_they_touch() -> None:
    text = [f"line {n}" for n in range(100)]
    found = regions_of("a.py", text, [5, 10, 80], around=4)
    assert [(r.first, len(r.lines)) for r in found] == [(1, 14), (76, 9)]
    assert found[0].lines[0] == "line 1"


async def test_dangerous_code_and_hot_spots_are_in_every_pass_whatever_is_left_out() -> None:
    some, bugs = regions(30, 1)
    assert regions_of("p.py", [f"x{n}" for n in range(60)], [3, 40], urgent=[40])[1].is_urgent
    urgent = Region("pay.py", 0, tuple(f"y{n} = {n}" for n in range(10)), is_urgent=True)
    model = ScriptedReviewer(bugs, RATES, 1)
    found = review_regions([*some, urgent], model.ask, lambda path, line: (), passes=3, max_tokens=1_500)
    async for _ in found:
        pass
    passes = [text for text in model.asked if "Claim about" not in text]
    assert passes
    assert all("== pay.py" in text for text in passes)
    assert any(f"== f{n}.py" not in passes[0] for n in range(30)), "not all of it fits"
