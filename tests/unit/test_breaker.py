"""When a failing model is asked again, told by a clock that the test moves."""

from __future__ import annotations

import pytest

from ai_lsp import errors
from ai_lsp.models.breaker import Breaker, BreakerRules

RULES = BreakerRules(failures=3, pause_s=5, longest_s=20, lasting_s=300)
DOWN = errors.ModelUnreachable("down")


def broken(now: float = 0.0) -> Breaker:
    """A breaker that has just opened."""
    breaker = Breaker(RULES)
    for _ in range(RULES.failures):
        breaker = breaker.failed(DOWN, now)
    return breaker


def test_single_failures_do_not_stop_it() -> None:
    breaker = Breaker(RULES).failed(DOWN, 0).failed(DOWN, 0).succeeded().failed(DOWN, 0).failed(DOWN, 0)
    assert breaker.may_ask(0)


def test_failures_in_a_row_open_it_for_a_pause() -> None:
    breaker = broken()
    assert breaker.state(0) == "open"
    assert not breaker.may_ask(4.9)
    assert breaker.wait_s(1) == 4
    assert breaker.may_ask(5)


def test_after_the_pause_one_request_tries_alone() -> None:
    breaker = broken().asked(5)
    assert breaker.state(5) == "trying"
    assert not breaker.may_ask(5)
    assert breaker.succeeded().may_ask(5)


def test_each_failed_trial_doubles_the_pause_up_to_a_bound() -> None:
    breaker, now, pauses = broken(), 0.0, []
    for _ in range(4):
        pauses.append(breaker.wait_s(now))
        now += breaker.wait_s(now)
        breaker = breaker.asked(now).failed(DOWN, now)
    assert pauses == [5, 10, 20, 20]


def test_a_success_forgets_the_past() -> None:
    breaker = broken().asked(5).failed(DOWN, 5).asked(15).succeeded()
    assert breaker == Breaker(RULES)


def test_cancelled_requests_count_for_nothing() -> None:
    breaker = Breaker(RULES)
    for _ in range(100):
        breaker = breaker.asked(0).abandoned()
    assert breaker.may_ask(0)
    assert broken().asked(5).abandoned().may_ask(5), "the trial may be made again"


@pytest.mark.parametrize("kind", [errors.BadCredentials, errors.NoSuchModel, errors.UnknownTemplate])
def test_what_only_a_person_can_cure_opens_it_at_once_and_long(kind: type[errors.ModelError]) -> None:
    breaker = Breaker(RULES).failed(kind("no"), 0)
    assert not breaker.may_ask(299)
    assert breaker.may_ask(300)
    assert breaker.last_error


def test_too_many_requests_waits_as_long_as_the_server_wishes() -> None:
    assert Breaker(RULES).failed(errors.RateLimited("slow", retry_after_s=42), 0).wait_s(0) == 42
    assert Breaker(RULES).failed(errors.RateLimited("slow"), 0).wait_s(0) == 5


@pytest.mark.parametrize("error", [errors.PromptTooLong("long"), errors.BadRequest("odd")])
def test_what_is_wrong_with_one_prompt_says_nothing_about_the_server(error: errors.ModelError) -> None:
    breaker = Breaker(RULES)
    for _ in range(10):
        breaker = breaker.failed(error, 0)
    assert breaker.may_ask(0)
