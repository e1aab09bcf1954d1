"""What Neovim tells about ai-lsp: the status line, `:checkhealth ai-lsp`, the list of a review."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.editors.install import REPOSITORY
from tests.editors.place import ModelProcess, Place, code_blocks, unused_port
from tests.editors.samples import ROWS, ROWS_TYPED
from tests.editors.test_neovim import README, editing
from tests.editors.test_neovim_review import BOX

PLUGINS = REPOSITORY / "editors" / "neovim" / "plugins.md"
STATUS = "vim.o.laststatus = 2\n" + code_blocks(PLUGINS, "lua")[0]


def test_the_status_line_says_idle_thinking_and_off_here(place: Place, nvim: Path, model: ModelProcess) -> None:
    model.reply("en(path)", first_token_ms=1500)
    before, after = ROWS.split("▮")
    path = place.write("table.py", before + after)
    place.write(".env", "TOKEN=1\n")
    settings = STATUS + code_blocks(README, "lua", model.url)[1]
    with editing(place, nvim, path, before, settings) as screen:
        screen.wait_for(lambda rows: " ai  " in screen.lines()[-2], "idle")
        screen.type(ROWS_TYPED)
        screen.wait_for(lambda rows: " ai …  " in screen.lines()[-2], "thinking")
        screen.wait_for(lambda rows: " ai  " in screen.lines()[-2], "idle again")
        screen.press("Escape")
        screen.type(":edit! .env\n:set filetype=sh\n", pause_s=0)
        screen.wait_for(lambda rows: " ai off: this file holds secrets" in screen.lines()[-2], "off here")
        screen.type(":edit! table.py\n", pause_s=0)
        screen.wait_for(lambda rows: " ai  " in screen.lines()[-2], "idle in the other file")


def test_a_model_that_is_not_reached_stands_in_the_status_line_and_in_the_health(
    place: Place, nvim: Path
) -> None:
    before, after = ROWS.split("▮")
    path = place.write("table.py", before + after)
    url = f"http://127.0.0.1:{unused_port()}"
    with editing(place, nvim, path, before, STATUS + code_blocks(README, "lua", url)[1]) as screen:
        screen.type(ROWS_TYPED)
        screen.wait_for(lambda rows: " ai ✗ " in screen.lines()[-2], "failing")
        assert "127.0.0.1" in screen.lines()[-2]
        screen.press("Escape")
        screen.type(":silent! checkhealth ai-lsp\n", pause_s=0)
        screen.wait_for_text("OK Neovim 0.12")
        screen.wait_for_text("OK ai-lsp 0.")
        screen.wait_for_text("OK next_edit: the embedded engine, ready")
        screen.wait_for_text("WARNING completion: qwen2.5-coder-1.5b")
        screen.wait_for_text("OK <Tab> accepts ghost text")


def test_the_health_says_what_to_do_without_a_server_and_with_a_key_taken(place: Place, nvim: Path) -> None:
    place.configure(
        "nvim/init.lua",
        "vim.g.ai_lsp_cmd = { 'ai-lsp-of-nowhere', '--stdio' }\n" + code_blocks(README, "lua")[0],
    )
    said = headless(place, nvim, "checkhealth ai-lsp")
    assert "ERROR `ai-lsp-of-nowhere` cannot be run" in said
    assert "ai-lsp setup neovim --write" in said
    assert "no buffer is served" in said


def test_a_review_is_listed_and_its_entries_lead_to_the_places(place: Place, nvim: Path) -> None:
    path = place.write("shop.py", "import os\n\n\n" + BOX)
    with editing(place, nvim, path, "") as screen:
        screen.press("Escape")
        screen.type(":AiLspReview\n", pause_s=0)
        screen.wait_for_text("[Quickfix List] ai-lsp review")
        screen.wait_for_text("shop.py|5 col")
        screen.type(":cfirst\n", pause_s=0)
        screen.wait_for(lambda rows: screen.cursor()[1] == 4, "the cursor at the finding")
        screen.type(":5s/box.left - box.left/box.right - box.left/|w\n:cclose\n:AiLspReview\n", pause_s=0)
        screen.wait_for_text("ai-lsp: nothing found in this file")


def test_a_change_is_reviewed_against_a_revision(place: Place, nvim: Path) -> None:
    place.write("a.py", "x = 1\n")
    git = ["git", "-C", str(place.project), "-c", "user.name=a", "-c", "user.email=a@b.c"]
    for command in (["add", "-A"], ["commit", "--quiet", "-m", "first"]):
        subprocess.run([*git, *command], check=True, env=place.environment())
    place.write("b.py", BOX)
    with editing(place, nvim, place.project / "a.py", "") as screen:
        screen.press("Escape")
        screen.type(":AiLspReview HEAD\n", pause_s=0)
        screen.wait_for_text("b.py|2 col")
        screen.type(":cclose\n:AiLspReview no-such-revision\n", pause_s=0)
        screen.wait_for_text("no-such-revision")


def headless(place: Place, nvim: Path, command: str) -> str:
    """What a command writes into the buffer that it opens."""
    dump = "lua io.stdout:write(table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), '\\n'))"
    done = subprocess.run(
        [nvim, "--headless", "-c", command, "-c", dump, "+qa!"],
        capture_output=True,
        text=True,
        timeout=60,
        env=place.environment(),
        cwd=place.project,
        check=True,
    )
    return done.stdout + done.stderr
