"""Fitting prompts, case by case: a token is a character here, so that the budgets can be read off the texts."""

from __future__ import annotations

from time import process_time
from typing import Any

from ai_lsp.context.counts import Counts
from ai_lsp.context.fit import Fitted, fit
from ai_lsp.context.parts import OURS, Alternative, Label, PromptPart
from ai_lsp.models.tokens import Estimate


def part(text: str, priority: int = 0, *children: PromptPart, **more: Any) -> PromptPart:
    return PromptPart("any", text, more.pop("label", OURS), priority=priority, children=children, **more)


def text(parts: list[PromptPart], budget: int, **more: Any) -> str:
    return fit(parts, budget, len, **more).text


def test_the_most_wanted_parts_stand_in_declared_order() -> None:
    parts = [part("aa", 1), part("bb", 3), part("cc", 2)]
    assert [text(parts, budget) for budget in (0, 1, 2, 4, 6)] == ["", "", "bb", "bbcc", "aabbcc"]


def test_nothing_behind_the_cut_is_squeezed_into_what_is_left() -> None:
    """It would come and go with every key; the prompt of a larger budget is one that has more."""
    assert text([part("aaaa", 3), part("bbbbbb", 2), part("c", 1)], 9) == "aaaa"


def test_a_part_too_large_for_any_prompt_does_not_hold_up_the_others() -> None:
    fitted = fit([part("x" * 100, 3), part("aa", 2), part("bb", 1)], 4, len)
    assert fitted.text == "aabb"
    assert [(dropped.why, dropped.tokens) for dropped in fitted.dropped] == [("too large", 100)]


def test_equal_priorities_go_by_declared_order() -> None:
    assert text([part("aa"), part("bb"), part("cc")], 4) == "aabb"


def test_an_alternative_at_the_parts_own_priority_is_taken_only_at_the_cut() -> None:
    parts = [
        part("def area(r): ...", 2, alternatives=(Alternative("area(r)"), Alternative("area"))),
        part("def half(x): ...", 1, alternatives=(Alternative("half(x)"), Alternative("half"))),
    ]
    assert text(parts, 4) == "area"
    assert text(parts, 10) == "area(r)"
    assert text(parts, 20) == "def area(r): ...half"
    assert text(parts, 31) == "def area(r): ...half(x)"
    assert text(parts, 32) == "def area(r): ...def half(x): ..."


def test_alternatives_with_priorities_give_all_names_before_any_body() -> None:
    ladder = {"alternatives": (Alternative("sig", 5), Alternative("n", 8))}
    parts = [part("body one ", 2, **ladder), part("body two ", 1, **ladder)]
    assert text(parts, 2) == "nn"
    assert text(parts, 4) == "sign"
    assert text(parts, 6) == "sigsig"
    assert text(parts, 12) == "body one sig"
    assert [each.alternative for each in fit(parts, 12, len).kept] == [0, 1]


def test_a_shorter_text_that_costs_more_is_seen_through() -> None:
    """The sum may fall again further down the order: the deepest cut that fits is taken, not the first."""
    parts = [part("short", 1, alternatives=(Alternative("l o n g", 9),)), part("b", 1)]
    assert text(parts, 7) == "shortb"


def test_siblings_kept_together_stand_or_fall_together() -> None:
    call, result = part("call ", 9, keep_with="1"), part("result", 1, keep_with="1")
    assert text([part("aa", 5), call, result], 10) == "aa", "they are too large"
    assert text([part("aa", 5), call, result], 11) == "call result"
    assert text([part("aa", 5), call, result], 13) == "aacall result"


def test_the_word_that_keeps_siblings_together_is_local() -> None:
    first = part("", 2, part("a", 1, keep_with="x"), part("b", 1, keep_with="x"))
    other = part("", 1, part("c", 1, keep_with="x"), part("d", 1, keep_with="x"))
    assert text([first, other], 3) == "ab"


def test_a_child_never_stands_without_its_parents_text() -> None:
    file = part("# a.py\n", 1, part("line\n", 9))
    assert text([file], 11) == "# a.py\n"
    assert text([file], 12) == "# a.py\nline\n"


def test_priorities_are_local_to_the_parent() -> None:
    near = part("", 2, part("n1 ", 1), part("n2 ", 0))
    far = part("", 1, part("f1 ", 1_000))
    assert text([near, far], 6) == "n1 n2 "


def test_parts_of_equal_parents_compete_with_each_other() -> None:
    one = part("", 1, part("a9 ", 9), part("a1 ", 1))
    two = part("", 1, part("b8 ", 8), part("b2 ", 2))
    assert text([one, two], 9) == "a9 b8 b2 "


def test_an_absolute_part_is_ordered_among_the_roots_and_brings_its_parent() -> None:
    file = part("#\n", 1, part("cursor\n", 9, absolute=True), part("line\n", 5))
    assert text([part("other\n", 5), file], 9) == "#\ncursor\n"
    assert text([part("other\n", 5), file], 15) == "other\n#\ncursor\n"


def test_a_budget_below_nothing_keeps_nothing() -> None:
    assert fit([part("a")], -5, len).tokens == 0
    assert fit([], 10, len).text == ""


def test_a_tokenizer_that_does_not_add_up_moves_the_cut_down() -> None:
    def count(text: str) -> int:
        return len(text) + 3 * text.count("ab")

    fitted = fit([part("a", 3), part("b", 2), part("b", 1)], 4, count)
    assert (fitted.text, fitted.tokens, fitted.cost) == ("a", 1, 1)
    assert [each.why for each in fitted.dropped] == ["reserve", "reserve"]


def test_tokens_do_not_join_over_a_break() -> None:
    def count(text: str) -> int:
        return len(text) + 2 * text.count("ab")

    assert fit([part("a"), part("b")], 3, count).text == "a"
    assert fit([part("a"), part("b", break_before=True)], 3, count).text == "ab"


def test_what_was_dropped_says_why_and_the_cut_where() -> None:
    label = Label("file:///a.py", 3, 7)
    parts = [part("aa", 3), part("bbb", 2, label=label), part("c" * 9, 1), part("d", 0)]
    fitted = fit(parts, 4, len)
    assert [each.part.text for each in fitted.kept] == ["aa"]
    assert fitted.cut is parts[1]
    assert [(each.part.label.uri, each.why, each.tokens) for each in fitted.dropped] == [
        ("file:///a.py", "below the cut", 3),
        ("", "below the cut", None),
        ("", "below the cut", None),
    ]
    assert fit(parts, 99, len).cut is None


def test_the_front_of_stable_parts_is_where_a_cache_mark_goes() -> None:
    parts = [part("rules ", stability="stable"), part("files ", stability="slow"), part("typed")]
    fitted = fit(parts, 99, len)
    assert fitted.front("stable") == "rules "
    assert fitted.front("stable", "slow") == "rules files "


def grown(size: int) -> list[PromptPart]:
    lines = [part("x" * 10, priority, key=str(priority)) for priority in range(5)]
    return [*lines, part("y" * size, 9, key="typed")]


def test_with_a_step_the_cut_stays_until_the_budget_overflows() -> None:
    def kept(fitted: Fitted) -> str:
        return "".join(each.part.key for each in fitted.kept if each.part.key != "typed")

    fitted, seen = None, []
    for size in (0, 4, 8, 9, 12, 18, 19, 8, 1, 0):
        fitted = fit(grown(size), 48, len, step=9, previous=fitted)
        seen.append((size, kept(fitted), fitted.is_held))
    assert seen == [
        (0, "234", False),
        (4, "234", True),
        (8, "234", True),
        (9, "234", True),
        (12, "234", True),
        (18, "234", True),
        (19, "34", False),
        (8, "34", True),
        (1, "34", True),
        (0, "234", False),
    ]


def test_everything_is_kept_as_long_as_everything_fits() -> None:
    assert len(fit(grown(0), 50, len, step=10).kept) == 6


def test_a_new_part_of_weight_is_let_in_and_a_light_one_waits() -> None:
    before = fit(grown(0), 48, len, step=10)
    heavy = fit([*grown(0), part("!!", 10, key="heavy")], 48, len, step=10, previous=before)
    light = fit([*grown(0), part("??", -1, key="light")], 48, len, step=10, previous=before)
    assert heavy.is_held
    assert heavy.text.endswith("!!")
    assert light.text == before.text


def test_each_text_is_counted_once_for_a_counter() -> None:
    asked: list[str] = []

    def count(text: str) -> int:
        asked.append(text)
        return len(text)

    counts = Counts()
    parts = [part("a", 2), part("bb", 1), part("", 1)]
    for _ in range(3):
        fit(parts, 99, count, counts=counts)
    assert sorted(asked) == ["a", "abb", "bb"]
    assert fit(parts, 99, lambda text: 2 * len(text), counts=counts).cost == 6


def test_what_cannot_fit_is_never_counted() -> None:
    """A part in its full text can give nothing back, so the walk ends as soon as the budget is full."""
    asked: list[str] = []

    def count(text: str) -> int:
        asked.append(text)
        return len(text)

    ladder = part("full text", 9, alternatives=(Alternative("sig", 9),))
    fit([ladder, part("aaaa", 2), part("bbbb", 1), part("c", 0)], 10, count)
    assert sorted(asked) == ["aaaa", "full text", "sig"]


def test_a_counters_method_is_the_same_counter_each_time() -> None:
    counts, estimate = Counts(), Estimate(4.0)
    for _ in range(3):
        assert fit([part("x" * 40)], 99, estimate.count, counts=counts).tokens == 10
    assert len(counts) == 1
    assert fit([part("x" * 40)], 99, Estimate(2.0).count, counts=counts).tokens == 20


def test_the_counts_are_bounded() -> None:
    counts = Counts(entries=10, counters=2)
    for n in range(5):
        for _ in range(30):
            fit(
                [part(f"{n}.{i}") for i in range(30)],
                999,
                [len, str.__len__, lambda t: len(t)][n % 3],
                counts=counts,
            )
    assert len(counts) <= 2 * 2 * 10


def test_deep_wide_and_closely_kept_trees_are_no_trouble() -> None:
    """Each would take minutes, or overflow the stack, if every part walked its whole tree or company."""
    deep = part("x")
    for _ in range(20_000):
        deep = part("x", 0, deep)
    wide = part("", 0, *(part("x", i, keep_with="one") for i in range(20_000)))
    huge = part("", 0, *(part("x", i, keep_with="one") for i in range(40_001)))
    start = process_time()
    for tree, kept in ((deep, 20_001), (wide, 20_001), (huge, 1)):
        fitted = fit([tree], 40_000, len, step=100)
        assert len(fitted.kept) == kept
        assert fit([tree], 40_000, len, step=100, previous=fitted).chosen == fitted.chosen
    assert process_time() - start < 20
