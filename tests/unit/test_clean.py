"""The table of cleaning: every step is shown by golden files in several languages, and none undoes another."""

from __future__ import annotations

from collections import Counter

import pytest

from ai_lsp.completion.clean import STEPS, Limits, Removal, clean, is_decided
from ai_lsp.completion.query import Declined, Query, Reason
from ai_lsp.text.document import DocumentSnapshot
from tests import golden_steps, marks

UNGOLDEN = {"keep_removed_away"}
"""Needs a removal, which golden files do not tell; the tests below do."""


def test_each_step_is_shown_in_at_least_three_languages() -> None:
    languages = golden_steps.languages_by_step()
    short = {step.name: sorted(languages[step.name]) for step in STEPS if len(languages[step.name]) < 3}
    assert set(short) <= UNGOLDEN, short


def ask(marked: str, raw: str, *removed: tuple[int, str], language: str = "python") -> str | Reason:
    text, offset = marks.read(marked)
    query = Query(DocumentSnapshot("file:///a", 1, language, text), offset)
    got = clean(raw, query, Limits(removed=[Removal(offset + back, gone) for back, gone in removed]))
    return got.reason if isinstance(got, Declined) else got[0]


@pytest.mark.parametrize(
    ("marked", "raw", "removed", "expected"),
    [
        ("x = ▮\n", "compute(1)", (0, "compute(1)"), Reason.RESTORES),
        ("x = ▮\n", "compute( 1 )\n", (0, "compute(1)\n\n\ndef f():"), Reason.RESTORES),
        ("x = ▮\n", "other(1)", (0, "compute(1)"), "other(1)"),
        # Typed again, if only its first letter: the user changed their mind.
        ("x = c▮\n", "ompute(1)", (-1, "compute(1)"), "ompute(1)"),
        ("x = ▮\n", "compute(1)", (3, "compute(1)"), "compute(1)"),  # taken away elsewhere
        ("def f():\n    ▮\n", "y = 1", (-5, "\n    y = 1"), Reason.RESTORES),
    ],
)
def test_what_was_removed_stays_away_until_it_is_typed_again(
    marked: str, raw: str, removed: tuple[int, str], expected: str | Reason
) -> None:
    assert ask(marked, raw, removed) == expected


def test_counts_are_those_of_the_files() -> None:
    counts = golden_steps.counts()
    assert isinstance(counts, Counter)
    assert all(counts[step.name] >= 3 for step in STEPS if step.name not in UNGOLDEN), counts


@pytest.mark.parametrize(
    ("marked", "raw", "decided"),
    [
        ("def f():\n    return 1▮\n\n\ndef g():\n    pass\n", "\n\n\ndef g():\n", True),  # what stands below
        ("def f():\n    return 1▮\n", "\nx = 2\n", True),  # belongs outside the block
        ("def f():\n    x = 1▮\n", "\n\n", False),  # more may come
        ("x = ▮\n", "compute(1)\n", True),
        ("def f():\n    ▮\n", "x = 1\n", False),
    ],
)
def test_a_stream_ends_where_more_of_it_would_change_nothing(marked: str, raw: str, decided: bool) -> None:
    text, offset = marks.read(marked)
    query = Query(DocumentSnapshot("file:///a", 1, "python", text), offset)
    assert is_decided(raw, query, Limits()) is decided
