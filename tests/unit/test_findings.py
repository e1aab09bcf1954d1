"""Findings as values: severity from evidence, budgets, fingerprints and anchors that never point wrong."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ai_lsp.diagnostics.anchors import moved
from ai_lsp.diagnostics.danger import danger_lines
from ai_lsp.diagnostics.finders import CODES
from ai_lsp.diagnostics.finding import Evidence, Finding, Severity, severity_of, with_fingerprints
from ai_lsp.diagnostics.lines import Lines
from ai_lsp.diagnostics.review import merged, review, within_budget
from ai_lsp.diagnostics.shadow.verdict import Reported
from ai_lsp.diagnostics.source import read
from ai_lsp.diagnostics.task import Task
from ai_lsp.diagnostics.weighing import weighed
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Edit, Span

ONLY = frozenset(CODES) - {"same-operands"}
SHOP = "def area(box):\n    if box.left == box.left:\n        return 0\n    return box.width\n"


def static(source: str, weight: float = 0.5) -> Evidence:
    return Evidence("static", source, "because", weight)


def finding(start: int, end: int, *evidence: Evidence) -> Finding:
    return Finding("code", "message", Span(start, end), evidence or (static("one"),))


def test_severity_comes_from_evidence_alone() -> None:
    assert severity_of([static("one", 0.99), static("one", 0.99)]) is Severity.HINT
    assert severity_of([static("one", 0.1), static("two", 0.1)]) is Severity.WARNING
    assert severity_of([Evidence("model", "pass", "sure", 1.0)]) is Severity.HINT
    assert severity_of([Evidence("checker", "ty", "introduces an error")]) is Severity.ERROR
    assert severity_of([Evidence("command", "pytest x", "fails")]) is Severity.ERROR


def report(line: int, severity: int, code: str, message: str) -> Reported:
    return Reported("ty", "file:///shop.py", line, severity, code, message, "")


def test_a_checkers_error_in_the_line_is_evidence_and_its_warning_of_the_same_is_enough() -> None:
    text = "first = 1\nboxx.left\n"
    about = finding(10, 14, static("one", 0.3))

    def after(*reports: Reported) -> list[Finding]:
        return weighed([about], reports, Lines(text), text, "shop.py")

    (error,) = after(report(1, 1, "unresolved-attribute", "No attribute"))
    assert error.severity is Severity.ERROR
    assert error.evidence[-1].detail == "ty reports “No attribute” (`ty check shop.py`)"
    assert after(report(0, 1, "unresolved-attribute", "In another line")) == [about]
    assert after(report(1, 1, "unresolved-import", "Cannot resolve `boxx`")) == [about], (
        "it cannot see the package"
    )
    assert after(report(1, 2, "possibly-unbound", "Name `boxx` may be unbound")) == []
    assert after(report(1, 2, "possibly-unbound", "Name `left` may be unbound")) == [about]


def test_two_finders_about_one_place_are_one_warning() -> None:
    both = merged([finding(10, 20, static("one")), finding(12, 20, static("two"))])
    assert [f.severity for f in both] == [Severity.WARNING]
    assert both[0].confidence == 0.75
    apart = merged([finding(10, 20, static("one")), finding(19, 60, static("two"))])
    assert [f.severity for f in apart] == [Severity.HINT, Severity.HINT]


def test_at_most_one_unsure_hint_for_two_hundred_lines() -> None:
    lines = Lines("x\n" * 601)
    unsure = [finding(2 * n, 2 * n + 1, static("one", 0.3)) for n in range(300)]
    assert len(within_budget(unsure, 601, (), tuple, lines)) == 4
    assert len(within_budget(unsure[50:60], 10, (), tuple, lines)) == 1
    plain = [finding(2 * n, 2 * n + 1, static("one", 0.7)) for n in range(300)]
    assert len(within_budget(plain[:4] + unsure[9:12], 20, (), tuple, lines)) == 5, (
        "plain ones hide none of each other"
    )
    assert len(within_budget(plain, 601, (), tuple, lines)) == 16, (
        "but a file full of them has a habit of its own"
    )


def test_what_did_not_change_is_not_reported_of_a_change() -> None:
    line = "    if a.x{n} == a.x{n}:\n        return {n}\n"
    text = "def f(a):\n" + "".join(line.format(n=n) for n in range(300))
    changed = review(
        Task("shop.py", "python", text, disabled=ONLY, changed=frozenset(range(50, 60)), only_changed=True)
    )
    assert {text.count("\n", 0, f.span.start) for f in changed} <= set(range(50, 60))
    assert len(changed) == 5


def test_a_switched_off_finder_is_silent() -> None:
    assert [f.code for f in review(Task("shop.py", "python", SHOP, disabled=ONLY))] == ["same-operands"]
    assert review(Task("shop.py", "python", SHOP, disabled=frozenset(CODES))) == []


def test_dangerous_code_is_looked_at_first() -> None:
    lines = Lines("x\n" * 20)
    sure, risky = finding(2, 3, static("one", 0.4)), finding(10, 11, static("one", 0.3))
    assert within_budget([sure, risky], 20, {5}, tuple, lines) == [risky]
    assert within_budget([sure, risky], 20, (), tuple, lines) == [sure]
    assert within_budget([sure, risky], 20, (), lambda: {5}, lines) == [risky], "and so is what was often mended"
    asked: list[int] = []
    assert within_budget([sure], 20, (), lambda: asked, lines) == [sure]


def test_a_tag_reaches_over_the_definition_that_follows() -> None:
    text = (
        "def f(b):\n    return b\n\n\n# ai-lsp: dangerous\ndef pay(a):\n    a.send()\n    return a\n\n\nx = 1\n"
    )
    source = read("shop.py", "python", text)
    assert source is not None
    assert sorted(danger_lines(source, Lines(text).starts)) == [4, 5, 6, 7]


@given(
    st.lists(st.sampled_from(["", "# note", "x = 1", "def other():\n    pass"]), max_size=30), st.integers(0, 30)
)
def test_fingerprints_survive_moved_lines(lines: list[str], cut: int) -> None:
    above, below = "\n".join(lines[:cut]), "\n".join(lines[cut:])
    text = f"{above}\n\n{SHOP}\n{below}\n"
    (before,) = review(Task("shop.py", "python", SHOP, disabled=ONLY))
    (after,) = review(Task("shop.py", "python", text, disabled=ONLY))
    assert after.fingerprint == before.fingerprint
    assert text[after.span.start : after.span.end] == "box.left == box.left"


def test_equal_lines_have_fingerprints_of_their_own() -> None:
    text = "x = a - a\n" * 2
    both = with_fingerprints([finding(4, 9), finding(14, 19)], "a.py", text)
    assert both[0].fingerprint != both[1].fingerprint


TEXTS = st.text(alphabet="ab\n", max_size=60)


@given(TEXTS, st.data())
def test_an_anchor_points_at_its_own_text_or_is_dropped(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 6)))
    document, edits = DocumentSnapshot("file:///a.py", 1, "python", text), []
    now = document
    for _ in range(data.draw(st.integers(1, 4))):
        a = data.draw(st.integers(0, len(now)))
        edit = Edit(
            Span(a, data.draw(st.integers(a, min(len(now), a + 8)))), data.draw(st.text("ab\n", max_size=8))
        )
        edits.append(edit)
        now = now.replace(edit, now.version + 1)
    for kept in moved([finding(start, end)], document, edits):
        assert now.text[kept.span.start : kept.span.end] == text[start:end]


def test_lines_put_above_move_a_finding_and_typing_in_its_line_drops_it() -> None:
    document = DocumentSnapshot("file:///a.py", 1, "python", SHOP)
    at = SHOP.index("box.left")
    found = [finding(at, at + 20)]
    (kept,) = moved(found, document, [Edit(Span(0, 0), "import os\n\n")])
    assert kept.span.start == at + 11
    assert moved(found, document, [Edit(Span(at, at), "x")]) == ()
    assert moved(found, document, [Edit(Span(len(SHOP), len(SHOP)), "x")]) != ()
