"""The gate: a reason for each silence, and only the hard ones hold when a suggestion is asked for by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ai_lsp.completion.clean import Removal
from ai_lsp.completion.gate import NOTHING_HAPPENED, Moment, decide
from ai_lsp.completion.query import Query, Reason
from ai_lsp.completion.settings import CompletionSettings
from ai_lsp.context.scopes import scope_at
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Edit, Span
from tests import marks

SHY = {"aggressiveness": "shy"}
SOFT = [
    ({}, Moment(snoozed_s=300), Reason.SNOOZED),
    ({}, Moment(is_undone=True), Reason.UNDONE),
    ({}, Moment(has_several_cursors=True), Reason.SEVERAL_CURSORS),
    ({}, Moment(rejected=1.0), Reason.JUST_REJECTED),
    ({}, Moment(rejected=0.3), None),  # typed away, not dismissed
    ({"aggressiveness": "eager"}, Moment(rejected=1.0), None),
    ({}, Moment(is_correction=True), None),
    (SHY, Moment(is_correction=True), Reason.CORRECTING),
    ({}, Moment(scope="comment"), None),
    ({"in_comments": False}, Moment(scope="comment"), Reason.IN_COMMENT),
    ({"in_comments": False}, Moment(scope="string"), None),
    ({"in_strings": False}, Moment(scope="string"), Reason.IN_STRING),
    ({}, Moment(removed=[Removal(0, "x = 1")]), None),  # one text is not offered; others are
]
HARD = [
    ({"enabled": False}, Moment(), Reason.DISABLED),
    ({"disabled_languages": ("python",)}, Moment(), Reason.LANGUAGE_DISABLED),
    ({}, Moment(is_path_disabled=True), Reason.PATH_DISABLED),
    ({"max_file_kb": 0}, Moment(), Reason.TOO_LARGE),
]


def ask(settings: dict[str, object], moment: Moment, *, invoked: bool, edited: bool = True) -> Reason | None:
    document = DocumentSnapshot("file:///a.py", 1, "python", "x = ")
    if edited:
        document = document.replace(Edit(Span(4, 4), "1" * 10), 2)
    query = Query(document, len(document), is_invoked=invoked)
    chosen = replace(CompletionSettings(), **settings)  # type: ignore[arg-type]
    got = decide(query, chosen, is_off=False, is_ignored=False, moment=moment)
    return None if got is None else got.reason


@pytest.mark.parametrize(("settings", "moment", "reason"), SOFT)
def test_soft_gates_hold_while_typing_only(
    settings: dict[str, object], moment: Moment, reason: Reason | None
) -> None:
    assert ask(settings, moment, invoked=False) is reason
    assert ask(settings, moment, invoked=True) is None


@pytest.mark.parametrize(("settings", "moment", "reason"), HARD)
def test_hard_gates_always_hold(settings: dict[str, object], moment: Moment, reason: Reason) -> None:
    if reason is Reason.TOO_LARGE:
        document = DocumentSnapshot("file:///a.py", 1, "python", "x" * 3000)
        query = Query(document, 3000, is_invoked=True)
        got = decide(query, CompletionSettings(max_file_kb=1), is_off=False, is_ignored=False)
        assert got is not None
        assert got.reason is reason
        return
    assert ask(settings, moment, invoked=False) is reason
    assert ask(settings, moment, invoked=True) is reason


def test_a_file_that_nobody_typed_in_is_left_alone_by_a_shy_server() -> None:
    assert ask(SHY, NOTHING_HAPPENED, invoked=False, edited=False) is Reason.NOT_EDITED
    assert ask(SHY, NOTHING_HAPPENED, invoked=True, edited=False) is None
    assert ask({}, NOTHING_HAPPENED, invoked=False, edited=False) is None


def test_every_reason_is_a_sentence_that_a_person_can_read() -> None:
    for reason in Reason:
        assert len(reason.value.split()) >= 4, reason
        assert reason.value[0].islower(), reason
        assert not reason.value.endswith("."), reason


@pytest.mark.parametrize(
    ("language", "marked", "scope"),
    [
        ("python", "x = 1  # a com▮", "comment"),
        ("python", "x = 'te▮xt'", "string"),
        ("python", 'def f():\n    """Says▮\n    more."""\n', "string"),
        ("python", "x = ▮1", "code"),
        ("typescript", "/* a\n   b▮ */\nf();", "comment"),
        ("typescript", "const s = `a ${b▮} c`;", "code"),
        ("go", 's := "a▮"', "string"),
        ("rust", "// a▮\nfn f() {}", "comment"),
        ("unheard-of", "# a▮", "code"),
    ],
)
def test_comments_and_strings_are_known_by_syntax(language: str, marked: str, scope: str) -> None:
    text, offset = marks.read(marked)
    assert scope_at(DocumentSnapshot("file:///a", 1, language, text), offset) == scope
