"""Findings as values: severity from evidence, budgets, fingerprints and anchors that never point wrong."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ai_lsp.diagnostics.anchors import moved
from ai_lsp.diagnostics.finders import CODES
from ai_lsp.diagnostics.finding import Evidence, Finding, Severity, severity_of, with_fingerprints
from ai_lsp.diagnostics.review import merged, review
from ai_lsp.diagnostics.task import Task
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


def test_two_finders_about_one_place_are_one_warning() -> None:
    both = merged([finding(10, 20, static("one")), finding(12, 20, static("two"))])
    assert [f.severity for f in both] == [Severity.WARNING]
    assert both[0].confidence == 0.75
    apart = merged([finding(10, 20, static("one")), finding(19, 60, static("two"))])
    assert [f.severity for f in apart] == [Severity.HINT, Severity.HINT]


def test_at_most_one_hint_for_two_hundred_lines() -> None:
    line = "    if a.x{n} == a.x{n}:\n        return {n}\n"
    text = "def f(a):\n" + "".join(line.format(n=n) for n in range(300))
    found = review(Task("shop.py", "python", text, disabled=ONLY))
    assert len(found) == 4  # 601 lines
    changed = review(
        Task("shop.py", "python", text, disabled=ONLY, changed=frozenset(range(50, 60)), only_changed=True)
    )
    assert len(changed) == 1
    assert text.count("\n", 0, changed[0].span.start) in range(50, 60)


def test_a_switched_off_finder_is_silent() -> None:
    assert [f.code for f in review(Task("shop.py", "python", SHOP, disabled=ONLY))] == ["same-operands"]
    assert review(Task("shop.py", "python", SHOP, disabled=frozenset(CODES))) == []


def test_dangerous_code_is_looked_at_first() -> None:
    risky = "# ai-lsp: dangerous\ndef pay(a):\n    return a.x == a.x\n"
    plain = "def f(b):\n    return b.y - b.y\n"
    found = review(Task("shop.py", "python", plain + risky, disabled=ONLY))
    assert [(plain + risky)[f.span.start : f.span.end] for f in found] == ["a.x == a.x"]


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
