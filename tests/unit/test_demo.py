"""The demo is true: real lines, a server that never saw them, and only what the server says on the screen."""

from __future__ import annotations

import asyncio
import os
import pty
import re
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest

from ai_lsp.cli import demo
from ai_lsp.cli.model_probe import NoModelServer, probe
from ai_lsp.cli.pane import Glass, window
from ai_lsp.cli.picture import film, svg
from ai_lsp.cli.scenes import Scene, best_scene, copy_with_holes
from ai_lsp.cli.screen import Frame, Piece, Style, ansi, clip, columns, plain
from ai_lsp.cli.typist import Moment, Tally
from tests.scripted_model import Received, ScriptedModel

SOURCE = '''"""A shop."""

def total(basket, prices):
    """What a basket costs."""
    result = 0
    for item in basket:
        price = prices[item]
        result = result + price
    return result

def count(basket, prices):
    """How many items have a price."""
    result = 0
    for item in basket:
        price = prices[item]
        result = result + (price > 0)
    return result
'''


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    root.mkdir()
    (root / "shop.py").write_text(SOURCE)
    (root / "binary.py").write_bytes(b"\xff\xfe\x00")
    return root


# Scenes


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_scene_is_a_hole_inside_of_a_function_and_what_stood_there(end: str) -> None:
    text = SOURCE.replace("\n", end)
    scene = best_scene("shop.py", text)
    assert scene is not None
    assert scene.text[: scene.cursor] + scene.target + scene.text[scene.cursor :] == text
    assert scene.target.count("\n") >= 2
    assert not scene.target[0].isspace()
    assert '"""' not in scene.target
    assert "def " not in scene.target


def test_a_file_without_functions_has_no_scene() -> None:
    assert best_scene("a.py", "x = 1\n" * 50) is None


def test_the_server_never_sees_the_lines_on_disk(shop: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    (scene,) = copy_with_holes(shop, copy, 3)
    assert (copy / "shop.py").read_text() == scene.text
    assert (shop / "shop.py").read_text() == SOURCE
    assert scene.target not in scene.text


# Drawing

SCENE = Scene("a.py", "python", "def f():\n    \n    end\n", 13, "return 1")


def moment(**values: object) -> Moment:
    return Moment(SCENE, SCENE.text, SCENE.cursor, **values)  # type: ignore[arg-type]


def test_ghost_text_stands_behind_the_cursor_and_pushes_lines_down() -> None:
    glass = Glass(40, 6, has_colour=False)
    frame = plain(window(moment(ghost="one\ntwo", ghost_ms=1.25), Tally(keys=1, characters=4), glass, ""))
    lines = [line.strip("│ ") for line in frame.split("\n")]
    assert lines[1:5] == ["1 def f():", "2     ▮«one»", "«two»", "3     end"]
    assert "1.2 ms" in lines[-1]
    assert "1 keys for 4 characters" in lines[-1]
    assert {columns(line) for line in frame.split("\n")} == {40}


def test_styles_say_what_was_taken() -> None:
    frame = window(moment(typed=(4, 8), taken=((5, 6),), flash=True), Tally(), Glass(40, 4), "")
    styles = {piece.text: piece.style for line in frame for piece in line}
    assert (styles["f"], styles["("]) == (Style.TYPED, Style.FLASH)
    assert "⇥ taken" in styles


def test_a_line_is_clipped_to_its_columns_whatever_it_holds() -> None:
    for text in ("short", "x" * 50, "日本語" * 9, "tab\there", "control\x1b[2J", "e\u0301" * 30):
        line = clip([Piece(text)], 20)
        assert columns("".join(piece.text for piece in line)) == 20
        assert "\x1b" not in "".join(piece.text for piece in line)


def test_the_picture_is_well_formed_and_holds_the_text() -> None:
    frame = window(moment(ghost="a < b && c"), Tally(), Glass(50, 4), "")
    root = ElementTree.fromstring(svg(frame))
    assert "< b && c" in [node.text for node in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "\x1b[3;38;5;244m" in "".join(ansi(frame))


def test_a_film_shows_each_frame_at_its_time_and_no_other_line() -> None:
    frames = [
        window(moment(ghost=ghost), Tally(), Glass(50, 4), "") for ghost in ("", "return", "turn", "return")
    ]
    reel = [(frame, seconds) for frame, seconds in zip(frames, (0.5, 1.0, 0.25, 2.0), strict=True)]
    root = ElementTree.fromstring(film(reel, frames[1]))
    now = 0.0
    for frame, seconds in reel:
        assert seen(root, (now + seconds / 2) / 3.75) == sorted(words(frame))
        now += seconds
    assert seen(root, None) == sorted(words(frames[1]))


def words(frame: Frame) -> list[str]:
    return [piece.text.strip() for line in frame for piece in line if piece.text.strip()]


def seen(root: ElementTree.Element, share: float | None) -> list[str]:
    """The texts visible after a share of the film's time, or where nothing moves."""
    found: list[str] = []
    for group in root[1]:
        visible = group.get("visibility", "visible")
        animation = group.find("{*}animate")
        if animation is not None and share is not None:
            times = [float(at) for at in animation.get("keyTimes", "").split(";")]
            values = animation.get("values", "").split(";")
            visible = [value for at, value in zip(times, values, strict=True) if at <= share][-1]
        if visible == "visible":
            found += [str(text.text) for text in group.iter("{http://www.w3.org/2000/svg}text")]
    return sorted(found)


# The whole of it, with the real server


def run_demo(*arguments: str, seconds: float = 40) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ai_lsp", "demo", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)


def test_without_a_model_it_ends_by_itself_and_reports(shop: Path, tmp_path: Path) -> None:
    done = run_demo(str(shop), "--plain", "--svg", str(tmp_path / "frame.svg"))
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    assert "no model, no key, no network" in done.stdout
    assert re.search(r"keys pressed +\d+ +for \d+ characters", done.stdout)
    assert "In your editor" in done.stdout


async def test_with_a_model_its_answers_are_shown_and_taken(shop: Path) -> None:
    def reply(request: Received) -> str:
        before, _ = request.hole
        at = SOURCE.find(before[-40:])
        return SOURCE[at + len(before[-40:]) :].split("\n")[0] if at >= 0 else ""

    async with ScriptedModel(reply=reply, dialect="llamacpp") as model:
        done = await asyncio.to_thread(run_demo, str(shop), "--plain", "--model", model.url)
    assert done.returncode == 0, done.stderr
    assert "(llamacpp)" in done.stdout
    saved = re.search(r"keys saved +(\d+)%", done.stdout)
    assert saved is not None
    assert int(saved[1]) > 60, done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--server", f"{sys.executable} -c 'raise SystemExit(\"no licence\")'"), "no licence"),
        (("--server", "/no/such/program"), "No such file"),
        (("--model", "http://127.0.0.1:9"), "no model server that this demo knows answers at http://127.0.0.1:9"),
        (("/no/such/folder",), "does not exist"),
    ],
)
def test_a_failure_is_said_and_is_exit_code_1(shop: Path, arguments: tuple[str, ...], said: str) -> None:
    place = () if arguments[0].startswith("/") else (str(shop),)
    done = run_demo(*place, "--plain", *arguments)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_on_a_terminal_it_draws_in_place_and_gives_the_cursor_back(shop: Path) -> None:
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ["TERM"] = "xterm-256color"
        os.execv(sys.executable, [sys.executable, "-m", "ai_lsp", "demo", str(shop), "--fast", "--seconds", "3"])
    drawn, began = b"", time.monotonic()
    try:
        while chunk := os.read(terminal, 65_536):
            drawn += chunk
    except OSError:  # Linux says EIO when the other end is closed
        pass
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert time.monotonic() - began < 20
    assert b"\x1b[?25l" in drawn
    assert drawn.rstrip().endswith(b"\x1b[?25h")
    assert len(re.findall(rb"\x1b\[\d+A", drawn)) > 10  # frames over frames
    assert b"\x1b[7m" in drawn


# The probe


@pytest.mark.parametrize("dialect", ["llamacpp", "openai", "ollama"])
async def test_the_probe_knows_a_server_by_its_answers(dialect: str) -> None:
    async with ScriptedModel(dialect=dialect) as model:
        found = await asyncio.to_thread(probe, model.url + "/v1" * (dialect == "openai"))
    assert found.api == dialect


def test_the_probe_refuses_what_is_no_url() -> None:
    with pytest.raises(NoModelServer, match="not an http"):
        probe("file:///etc/passwd")


def test_the_default_place_is_our_own_source() -> None:
    assert (demo.own_source() / "ai_lsp" / "cli" / "demo.py").is_file() or demo.own_source().name == "ai_lsp"
