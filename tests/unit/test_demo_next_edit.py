"""The demo's scene of next edits: what is renamed, how an edit is drawn, and all of it with the real server."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from ai_lsp.cli.pane import Glass, window
from ai_lsp.cli.renames import find_renames, sample, uses
from ai_lsp.cli.scenes import Scene
from ai_lsp.cli.screen import Style, plain
from ai_lsp.cli.typist import Moment, Step, Tally, Walk

GOOD = """def read(folder):
    result = []
    for file in folder:
        result.append(file)

    folder.close()
    print(len(result))
    return result
"""


def test_a_variable_of_one_function_is_renamed_in_its_scope(tmp_path: Path) -> None:
    (tmp_path / "good.py").write_text(GOOD)
    (rename,) = find_renames(tmp_path, 3)
    assert (rename.name, rename.new_name, rename.places) == ("result", "outcome", 3)
    assert GOOD[rename.scene.cursor :].startswith("result = []")
    assert GOOD[: rename.end].endswith("return result\n")
    assert not find_renames(tmp_path, 3, but=["good.py"])


@pytest.mark.parametrize(
    "spoiled",
    [
        GOOD + "\nresult = read([])\n",
        GOOD.replace("read(folder)", "read(folder, result)"),
        GOOD.replace("file)", "file.result)"),
        GOOD.replace("    print(len(result))\n    return result\n", ""),
        GOOD.replace("folder.close()", "outcome = 1"),
        GOOD.replace("folder.close()", "# nothing is in result"),
    ],
)
def test_a_name_that_does_not_fit_is_left_alone(tmp_path: Path, spoiled: str) -> None:
    (tmp_path / "a.py").write_text(spoiled)
    assert not find_renames(tmp_path, 3)


def test_the_sample_has_places() -> None:
    rename = sample()
    assert 2 <= rename.places <= 4
    assert len(uses(rename.name, rename.scene.text)) == rename.places + 1


SCENE = Scene("a.py", "python", "outcome = 1\n\nprint(result)\n", 0, "outcome")
AT = SCENE.text.index("result")
EDIT = Step(AT, AT + 6, "outcome", 4.25)


def drawn(cursor: int, step: Step, *, has_colour: bool = False) -> str:
    moment = Moment(SCENE, SCENE.text, cursor, walk=Walk("result", "outcome", 0, 1, step))
    return plain(window(moment, Tally(), Glass(90, 5, has_colour=has_colour), ""))


def test_an_edit_elsewhere_is_marked_there_and_its_line_is_named_at_the_cursor() -> None:
    lines = [line.strip("│ ") for line in drawn(7, EDIT).split("\n")]
    assert lines[1] == "1 outcome▮ = 1   ⇥ line 3"
    assert lines[3] == "3⇥print([-result-]{+outcome+})"
    assert "result → outcome · ⇥ line 3 · 4.2 ms · 0 of 1 places" in lines[-1]
    assert "⇥ take it" in drawn(AT, EDIT)


def test_colours_say_what_goes_and_what_comes() -> None:
    moment = Moment(SCENE, SCENE.text, 7, walk=Walk("result", "outcome", 0, 1, EDIT))
    pieces = [piece for line in window(moment, Tally(), Glass(90, 5), "") for piece in line]
    assert [piece.text for piece in pieces if piece.style is Style.GOES] == ["result"]
    assert [piece.text for piece in pieces if piece.style is Style.COMES] == ["outcome"]


def test_a_jump_marks_nothing_that_nobody_suggested() -> None:
    text = drawn(7, Step(AT, AT + 6, "", 4.25, is_jump=True))
    assert "⇥ line 3" in text
    assert "[-" not in text
    assert "{+" not in text


def test_with_the_real_server_a_rename_is_carried_on_and_no_file_changes(tmp_path: Path) -> None:
    (tmp_path / "good.py").write_text(GOOD)
    command = [sys.executable, "-m", "ai_lsp", "demo", str(tmp_path), "--plain"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    taken = re.search(r"next edits taken +(\d+) +of (\d+) shown", done.stdout)
    assert taken is not None, done.stdout
    assert 1 <= int(taken[1]) <= int(taken[2])
    assert "⇥ line " in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["good.py"]
    assert (tmp_path / "good.py").read_text() == GOOD
