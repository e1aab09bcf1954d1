"""In each editor: a model that fails leaves typing untouched and is told once; the server ends with it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.editors import vscode
from tests.editors.conftest import executable
from tests.editors.place import Place, code_blocks, unused_port, wait_for_bytes
from tests.editors.screen import Screen
from tests.editors.test_menus import EDITORS
from tests.editors.test_neovim import TEST_SETTINGS

NOBODY = """
[models.tab]
api = "llamacpp"
url = "http://127.0.0.1:{port}"
model = "qwen2.5-coder-1.5b"

[routes]
completion = "tab"
"""
TYPED = "total = price + tax\ncount = 1"


def neovim(place: Place) -> None:
    load = code_blocks(EDITORS / "neovim" / "README.md", "lua")[0]
    place.configure("nvim/init.lua", load + TEST_SETTINGS.read_text(encoding="utf-8"))


def helix(place: Place) -> None:
    shipped = (EDITORS / "helix" / "languages.toml").read_text(encoding="utf-8")
    place.configure("helix/languages.toml", shipped)


def emacs(place: Place) -> None:
    load = code_blocks(EDITORS / "emacs" / "README.md", "elisp")[0]
    place.configure("emacs/init.el", load + TEST_SETTINGS.with_name("emacs.el").read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class Terminal:
    """An editor in a terminal: how it is configured, and the keys that begin typing, end it, save and quit."""

    fixture: str
    configure: Callable[[Place], None]
    begin: str
    end: tuple[str, ...]
    save: tuple[str, ...]
    quit: tuple[str, ...]
    arguments: tuple[str, ...] = ()


TERMINALS = (
    Terminal("nvim", neovim, "i", ("Escape",), (":w", "Enter"), (":qa!", "Enter")),
    Terminal("old_nvim", neovim, "i", ("Escape",), (":w", "Enter"), (":qa!", "Enter")),
    Terminal("helix", helix, "i", ("Escape",), (":w", "Enter"), (":qa!", "Enter")),
    Terminal("emacs", emacs, "", (), ("C-x", "C-s"), ("C-x", "C-c"), ("-nw",)),
)


def named(terminal: Terminal) -> str:
    return terminal.fixture


@pytest.mark.parametrize("terminal", TERMINALS, ids=named)
def test_a_failing_model_leaves_the_typing_untouched_and_the_server_ends(
    terminal: Terminal, place: Place, request: pytest.FixtureRequest
) -> None:
    terminal.configure(place)
    place.configure("ai-lsp/config.toml", NOBODY.format(port=unused_port()))
    path = place.write("shop.py", "")
    with place.opened(request.getfixturevalue(terminal.fixture), *terminal.arguments, path) as screen:
        screen.type(terminal.begin + TYPED)
        place.wire.wait_for(lambda: bool(place.wire.requests("window/showMessage")), "what is wrong is told")
        screen.type("0")
        press(screen, terminal.end, terminal.save)
        wait_for_bytes(path, (TYPED + "0\n").encode())
        told = [each["params"]["message"] for each in place.wire.requests("window/showMessage")]
        assert len(told) == 1, told
        assert "Start the server" in told[0]
        if terminal.fixture == "emacs":
            screen.wait_for_text(" ai!")  # in the mode line; its help has the words
        assert servers(place), "the server runs"
        press(screen, terminal.quit)
        screen.wait_for(lambda rows: not screen.is_running(), "the editor is gone")
        until_gone(place)


@pytest.mark.parametrize("terminal", TERMINALS, ids=named)
def test_the_server_ends_with_an_editor_that_loses_its_terminal(
    terminal: Terminal, place: Place, request: pytest.FixtureRequest
) -> None:
    terminal.configure(place)
    path = place.write("shop.py", "total = 1\n")
    with place.opened(request.getfixturevalue(terminal.fixture), *terminal.arguments, path) as screen:
        assert servers(place), "the server runs"
        screen.close()
        until_gone(place)


def test_vs_code_types_on_beside_a_failing_model_and_ends_the_server(place: Place) -> None:
    executable(vscode.ensure)
    models = {"tab": {"api": "llamacpp", "url": f"http://127.0.0.1:{unused_port()}", "template": "qwen-coder"}}
    path = place.write("shop.py", "")
    with vscode.window(place, {"ai-lsp.models": models, "ai-lsp.routes.completion": "tab"}) as page:
        page.open("shop.py", line=1)
        place.wire.wait_until_ready()
        page.do("type", text=TYPED.split("\n")[0])
        page.do("wait", selector=".notification-toast .notification-list-item-message")
        said = page.do("texts", selector=".notification-toast .notification-list-item-message")
        assert len(said) == 1
        page.do("wait", selector=".statusbar-item:has-text('ai-lsp') .codicon-warning")
        assert "Start the server" in said[0]
        page.do("type", text=" + 1")
        page.do("press", keys=["Control+S"])
        wait_for_bytes(path, (TYPED.split("\n")[0] + " + 1").encode())
        assert len(page.do("texts", selector=".notification-toast .notification-list-item-message")) == 1
        assert servers(place)
    until_gone(place)


def press(screen: Screen, *keys: tuple[str, ...]) -> None:
    """Keys by tmux's names; what begins with a colon is a command line's text."""
    for group in keys:
        for key in group:
            screen.type(key, pause_s=0) if key.startswith(":") else screen.press(key)


def servers(place: Place) -> set[int]:
    """The living processes of this user's servers, workers among them."""
    found = set()
    mark = f"HOME={place.home}\0".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            is_ours = mark in (folder / "environ").read_bytes() + b"\0"
            command = (folder / "cmdline").read_bytes()
            is_dead = (folder / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
        except OSError:
            continue
        if is_ours and not is_dead and (b"ai_lsp" in command or os.fsencode(place.server) in command):
            found.add(int(folder.name))
    return found


def until_gone(place: Place) -> None:
    until = time.monotonic() + 15
    while left := servers(place):
        if time.monotonic() > until:
            raise AssertionError(f"still running: {left}\n{place.wire.end()}")
        time.sleep(0.05)
