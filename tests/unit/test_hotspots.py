"""Hot spots: fixes of a file's history followed to where their lines stand now, and the functions around them."""

from __future__ import annotations

import subprocess
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from ai_lsp.diagnostics.hotspots import Hunk, Step, fixes_by_line, hot_lines, parsed, spots
from ai_lsp.diagnostics.source import read

CALM = "def calm(a):\n    return a\n\n\n"


def git(root: Path, *arguments: str) -> None:
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    subprocess.run(["git", *who, *arguments], cwd=root, check=True, capture_output=True)


def test_a_function_that_was_mended_three_times_is_hot_wherever_it_stands_now(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    path = tmp_path / "shop.py"
    text = ""
    for number, subject in enumerate(
        ("add", "Fix the sum", "Fixes the sum again", "fix: the last bug of it", "grow")
    ):
        above = CALM.replace("calm", f"calm_{number}") if subject == "grow" else ""
        text = f"{above}{CALM}def sum(a):\n    b = {number if subject != 'grow' else 3}\n    return a + b\n"
        path.write_text(text)
        git(tmp_path, "add", ".")
        git(tmp_path, "commit", "-qm", subject)
    source = read("shop.py", "python", text)
    assert source is not None
    assert sorted(hot_lines(source, str(tmp_path))) == [8, 9, 10]
    assert hot_lines(source, str(tmp_path / "nowhere")) == frozenset()


def test_two_fixes_are_no_habit() -> None:
    source = read("shop.py", "python", "def sum(a):\n    return a\n")
    assert source is not None
    mended = Step(True, (Hunk(1, 2, 1, 2),))
    assert spots(source, [mended, mended]) == frozenset()
    assert spots(source, [mended, mended, mended]) == {0, 1, 2} - {2}
    assert spots(source, [Step(False, mended.hunks)] * 3) == frozenset()


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 3), st.integers(0, 3), st.booleans()), max_size=8))
def test_every_fix_is_followed_to_a_line_that_there_is(commits: list[tuple[int, int, int, bool]]) -> None:
    """Whatever the history says, even one that cannot be: no line outside of the text is named."""
    history = [Step(fix, (Hunk(at, at + n, at, at + m),)) for at, n, m, fix in commits]
    found = fixes_by_line(history, 9)
    assert all(0 <= line <= 9 for line in found)
    assert {number for numbers in found.values() for number in numbers} == {
        number for number, step in enumerate(history) if step.is_fix
    }


def test_stretches_without_lines_are_named_by_the_line_in_front_of_them() -> None:
    (step,) = parsed("\x01Fix it\n\n@@ -3,0 +4,2 @@ x\n+a\n+b\n@@ -9 +11,0 @@\n-c\n")
    assert step == Step(True, (Hunk(3, 3, 3, 5), Hunk(8, 9, 11, 11)))
