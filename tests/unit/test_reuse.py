"""Answers that hold elsewhere: typed through, across lines, indented anew, with closers of the editor's own."""

from __future__ import annotations

import pytest

from ai_lsp.completion.cache import Answer, Answers
from ai_lsp.completion.query import Query
from ai_lsp.completion.reuse import Spot, rest_of, spot_of, typed_since
from ai_lsp.completion.rhythm import Rhythm, debounce_s
from ai_lsp.text.document import DocumentSnapshot
from tests import marks

ABOVE = "import os\nimport sys\n\n\ndef first():\n    pass\n\n"


def spot(marked: str, uri: str = "file:///a.py") -> Spot:
    text, offset = marks.read(marked)
    return spot_of(Query(DocumentSnapshot(uri, 1, "python", text), offset))


@pytest.mark.parametrize(
    ("before", "after", "typed"),
    [
        ("x = ▮", "x = fo▮", "fo"),
        ("def f():▮\n\nend", "def f():\n    return ▮\n\nend", "\n    return "),
        ("x = f▮", "x = f(▮)", "("),  # the editor closed the pair
        ("x = f(▮)", "x = f(a)▮", "a)"),  # its closer was typed over
        ("if (a) {▮\nb()", "if (a) {\n  ▮\n}\nb()", "\n  "),
        ("x = fo▮", "x = ▮", None),  # deleted
        ("x = ▮", "y = ▮", None),
        ("x = ▮\nz = 1", "x = ▮\nz = 2", None),  # changed below
        ("x = ▮", "x = f▮ + 1", None),
    ],
)
def test_what_was_typed_between_two_spots(before: str, after: str, typed: str | None) -> None:
    assert typed_since(spot(ABOVE + before), spot(ABOVE + after)) == typed


def test_lines_added_far_above_change_nothing_and_another_file_everything() -> None:
    there = spot("\n" * 30 + ABOVE * 2 + "x = ▮")
    assert typed_since(there, spot("new = 1\n" + "\n" * 30 + ABOVE * 2 + "x = f▮")) == "f"
    assert typed_since(there, spot("\n" * 30 + ABOVE * 2 + "x = f▮", "file:///b.py")) is None


@pytest.mark.parametrize(
    ("answer", "typed", "is_whole", "rest"),
    [
        ("foo(bar)", "foo(", True, "bar)"),
        ("foo()\n    bar()", "foo()\n    ba", True, "r()"),
        ("foo() \n    bar()", "foo()\n", True, "    bar()"),  # white space at a line's end
        ("foo", "fx", True, None),
        ("foo", "food", True, None),
        ("foo", "food", False, ""),  # the stream may still say so
        ("", "anything\n  at all", False, ""),
        ("a:\n    b\n    c", "a:\n  b", True, "\n  c"),  # indented otherwise, and so what follows
        ("a:\n    b", "a:\n        ", True, ""),  # deeper, perhaps on the way back
        ("a:\n    b", "a:\n        c", True, None),
    ],
)
def test_what_is_left_of_an_answer(answer: str, typed: str, is_whole: bool, rest: str | None) -> None:
    found = rest_of(answer, typed, is_whole=is_whole)
    assert (None if found is None else found.text) == rest


def answer(marked: str, text: str) -> Answer:
    return Answer(spot(ABOVE + marked), "m#1", text, True)


def left(answers: Answers, marked: str, epoch: str = "m#1") -> str | None:
    found = answers.find(spot(ABOVE + marked), epoch)
    return None if found is None else found[1].text


def test_answers_serve_every_line_they_go_through() -> None:
    answers = Answers()
    answers.put(answer("x = ▮", "one(\n    two,\n    three,\n)"))
    assert left(answers, "x = o▮") == "ne(\n    two,\n    three,\n)"
    assert left(answers, "x = one(\n    two,\n    th▮") == "ree,\n)"
    assert left(answers, "x = one(\n    two,\n    tx▮") is None
    assert left(answers, "x = o▮", epoch="m#2") is None
    assert left(answers, "x = one(\n    two,\n    three,\n)▮") is None  # all typed: nothing known of what follows


def test_silence_is_remembered_where_it_was_said() -> None:
    answers = Answers()
    answers.put(answer("x = ▮", ""))
    assert left(answers, "x = ▮") == ""
    assert left(answers, "x = y▮") is None


def test_the_oldest_answers_go_and_dismissed_ones_too() -> None:
    answers = Answers(most=2)
    for name in "abc":
        answers.put(answer(f"{name} = ▮", "1"))
    assert [left(answers, f"{name} = ▮") for name in "abc"] == [None, "1", "1"]
    answers.forget(spot(ABOVE + "b = ▮"))
    assert [left(answers, f"{name} = ▮") for name in "bc"] == [None, "1"]


def test_the_wait_follows_the_typing_and_the_model() -> None:
    slow, quick = Rhythm(), Rhythm()
    for n in range(10):
        slow, quick = slow.key(n * 0.2), quick.key(n * 0.04)
    assert debounce_s(slow) == 0.0  # nothing is known of the model
    assert debounce_s(slow.answered(0.5)) == 0.0  # what is typed meanwhile may agree
    assert debounce_s(slow.answered(0.01)) == 0.0  # a quick model is not kept waiting
    assert debounce_s(quick.answered(0.1)) == 0.0
    unlucky = slow.answered(0.5).came_to_nothing().came_to_nothing().came_to_nothing()
    assert debounce_s(unlucky) == pytest.approx(0.15)
    assert debounce_s(unlucky.answered(0.5)) == 0.0


def test_an_editor_that_waits_before_it_asks_is_known_by_it() -> None:
    def asking(wait_s: float) -> Rhythm:
        rhythm = Rhythm()
        for n in range(4):
            rhythm = rhythm.key(float(n)).asked(n + wait_s).asked(n + 0.9)  # and again, when the cursor moved
        return rhythm

    assert not asking(0.001).asks_late
    assert asking(0.05).asks_late
    assert asking(0.2).asks_late
    assert not Rhythm().key(0.0).asked(0.05).asks_late  # once is no habit
