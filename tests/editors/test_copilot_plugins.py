"""Plugins made for the Copilot language server, unchanged, with ours in its place, in the real editors.

None of them is part of this repository: plugins.py says where clones are looked for.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.editors.place import ModelProcess, Place, code_blocks, wait_for_bytes
from tests.editors.plugins import plugin
from tests.editors.screen import Screen
from tests.editors.test_emacs import README as EMACS_README
from tests.editors.test_menus import EDITORS
from tests.editors.test_neovim import TEST_SETTINGS
from tests.editors.test_neovim_next_edit import NEW, SHOP, rename, renamed

TEST_EL = Path(__file__).with_name("emacs.el")
ADD = "def add(a, b):\n    return \n"
CONFIG = """
[models.tab]
api = "llamacpp"
url = "{url}"
model = "qwen2.5-coder-1.5b"

[routes]
completion = "tab"
"""


def test_sidekick_carries_a_rename_through_the_file(place: Place, nvim: Path) -> None:
    """sidekick.nvim 8ad0ede: it finds the server by the client's name and asks in normal mode."""
    settings = f"""
vim.opt.runtimepath:append('{plugin("sidekick.nvim")}')
vim.lsp.config('ai_lsp_as_copilot', {{
  cmd = {{ 'ai-lsp', '--stdio' }},
  root_markers = {{ '.git' }},
  init_options = {{ next_edit = {{ min_confidence = 0.2 }} }},
}})
vim.lsp.enable('ai_lsp_as_copilot')
require('sidekick').setup({{}})
vim.keymap.set('n', '<Tab>', function() require('sidekick').nes_jump_or_apply() end)
"""
    place.configure("nvim/init.lua", settings + TEST_SETTINGS.read_text(encoding="utf-8"))
    path = place.write("shop.py", SHOP)
    with place.opened(nvim, path) as screen:
        rename(screen)
        asked = "textDocument/copilotInlineEdit"
        place.wire.wait_for(lambda: answered(place, asked), "an edit of the server")
        until_done(screen, place, "Tab", lambda lines: sum(NEW in line for line in lines) >= 4 and idle(place))
        screen.type(":w\n", pause_s=0)
        wait_for_bytes(path, renamed(SHOP).encode())
    told = place.wire.requests("workspace/executeCommand")
    assert [each["params"]["command"] for each in told] == ["ai-lsp.accept"] * 3


GHOST_TEXT = {
    # copilot.lua 760912b asks by the old method, and only once checkStatus has named a user.
    "copilot.lua": """
vim.opt.runtimepath:append('{plugin}')
require('copilot').setup({{
  server = {{ type = 'binary', custom_server_filepath = vim.fn.exepath('ai-lsp') }},
  suggestion = {{ auto_trigger = true, keymap = {{ accept = '<Tab>' }} }},
}})
""",
    # copilot.vim 1.26 drops what does not begin at the line's start.
    "copilot.vim": """
vim.g.copilot_agent_command = vim.fn.exepath('ai-lsp')
vim.opt.runtimepath:append('{plugin}')
""",
}


@pytest.mark.parametrize("name", GHOST_TEXT)
def test_ghost_text_is_shown_and_taken(name: str, place: Place, nvim: Path, model: ModelProcess) -> None:
    model.reply("a + b")
    settings = GHOST_TEXT[name].format(plugin=plugin(name))
    place.configure("nvim/init.lua", settings + TEST_SETTINGS.read_text(encoding="utf-8"))
    place.configure("ai-lsp/config.toml", CONFIG.format(url=model.url))
    path = place.write("sum.py", ADD)
    with place.opened(nvim, path) as screen:
        screen.type(":call cursor(2, 11)\n", pause_s=0)
        screen.type("A")
        screen.wait_for_text("    return a + b")
        screen.press("Tab")
        screen.press("Escape")
        screen.type(":w\n", pause_s=0)
        wait_for_bytes(path, ADD.replace("return ", "return a + b").encode())


COPILOT_EL = """
(add-to-list 'load-path "{plugin}")
(require 'copilot)
(setq copilot-indent-offset-warning-disable t)
"""


def test_copilot_el_shows_ghost_text_and_takes_it_whole_and_by_word(
    place: Place, emacs: Path, model: ModelProcess
) -> None:
    """As the page of Emacs tells it."""
    model.reply("a + b * total")
    (told,) = [block for block in code_blocks(EMACS_README, "elisp") if "copilot-server-executable" in block]
    init = TEST_EL.read_text(encoding="utf-8") + COPILOT_EL.format(plugin=plugin("copilot.el")) + told
    place.configure("emacs/init.el", init)
    place.configure("ai-lsp/config.toml", CONFIG.format(url=model.url))
    path = place.write("sum.py", ADD)
    with place.opened(emacs, "-nw", "+2:12", path) as screen:
        screen.type("(")
        screen.wait_for_text("    return (a + b * total")
        screen.type("\x1bxcopilot-accept-completion-by-word\n", pause_s=0)
        screen.wait_for_text("    return (a")
        screen.press("C-x", "C-s")
        wait_for_bytes(path, ADD.replace("return ", "return (a").encode())
        screen.type(" ")
        screen.wait_for_text("    return (a + b * total")
        screen.press("Tab")
        screen.press("C-x", "C-s")
        wait_for_bytes(path, ADD.replace("return ", "return (a + b * total").encode())
    told_of = place.wire.requests("textDocument/didPartiallyAcceptCompletion")
    assert told_of


VIMRC = """set nocompatible noswapfile
filetype plugin indent on
set runtimepath+={plugin}
"""


def test_vim_shows_ghost_text_and_takes_it_whole_and_by_word(
    place: Place, vim: Path, model: ModelProcess
) -> None:
    """copilot.vim 1.26, set up by the very lines that `ai-lsp setup vim` prints."""
    model.reply("a + b * total")
    lines = "".join(code_blocks(EDITORS / "vim" / "README.md", "vim"))
    here = lines.replace("/home/you/ai-lsp/.venv/bin/ai-lsp", str(place.folder / "bin" / "ai-lsp"))
    assert here != lines
    (place.home / ".vimrc").write_text(here + VIMRC.format(plugin=plugin("copilot.vim")), encoding="utf-8")
    place.configure("ai-lsp/config.toml", CONFIG.format(url=model.url))
    path = place.write("sum.py", ADD)
    with place.opened(vim, path) as screen:
        screen.type(":call cursor(2, 12)\n", pause_s=0)
        screen.type("A")
        screen.wait_for_text("    return a + b * total")
        screen.press("M-Right")
        accepted = "workspace/executeCommand", "notifyAccepted"
        place.wire.wait_for(lambda: any(place.wire.requests(each) for each in accepted), "a word is taken")
        screen.press("Escape")
        screen.type(":w\n", pause_s=0)
        wait_for_bytes(path, ADD.replace("return ", "return a").encode())
        screen.type("A +")
        screen.wait_for_text("    return a + b * total")
        screen.press("Tab")
        screen.press("Escape")
        screen.type(":w\n", pause_s=0)
        wait_for_bytes(path, ADD.replace("return ", "return a + b * total").encode())
        screen.type(":Copilot status\n", pause_s=0)
        screen.wait_for_text("Copilot: Ready")


def test_copilot_el_carries_a_rename_through_the_file(place: Place, emacs: Path) -> None:
    """copilot.el 277ca35: files are synchronised by its own hooks, acceptance is told by a notification."""
    settings = f"""
(add-to-list 'load-path "{plugin("copilot.el")}")
(require 'copilot)
(require 'copilot-nes)
(setq copilot-server-executable "ai-lsp"
      copilot-lsp-server-version nil
      copilot-indent-offset-warning-disable t)
(add-hook 'prog-mode-hook #'copilot-mode)
(add-hook 'prog-mode-hook #'copilot-nes-mode)
"""
    place.configure("emacs/init.el", settings + TEST_EL.read_text(encoding="utf-8"))
    place.configure("ai-lsp/config.toml", "[next_edit]\nmin_confidence = 0.2\n")
    path = place.write("shop.py", SHOP)
    with place.opened(emacs, "-nw", "+1:5", path) as screen:
        screen.press("M-d")
        screen.type(NEW)
        place.wire.wait_for(lambda: answered(place, "textDocument/copilotInlineEdit"), "an edit of the server")
        until_done(screen, place, "Tab", lambda lines: sum(NEW in line for line in lines) >= 4 and idle(place))
        screen.press("C-x", "C-s")
        wait_for_bytes(path, renamed(SHOP).encode())
    told = place.wire.requests("workspace/executeCommand")
    assert [each["params"]["command"] for each in told] == ["ai-lsp.accept"] * 3
    assert not any("id" in each for each in told)


def answered(place: Place, method: str) -> bool:
    """Whether the last request of a method has been answered with something."""
    replies = [place.wire.reply_to(request) for request in place.wire.requests(method)]
    return any(reply and reply.get("result") and any(reply["result"].values()) for reply in replies[-1:])


def idle(place: Place) -> bool:
    """Whether the last next edit asked for was none."""
    requests = place.wire.requests("textDocument/copilotInlineEdit")
    reply: Any = place.wire.reply_to(requests[-1]) if requests else None
    return bool(reply) and reply.get("result") == {"edits": []}


def until_done(screen: Screen, place: Place, key: str, holds: Callable[[Sequence[str]], bool]) -> None:
    """Press a key until the screen says that all is done."""
    for _ in range(20):
        until = time.monotonic() + 1.0
        while time.monotonic() < until:
            if holds(screen.lines()):
                return
            time.sleep(0.05)
        screen.press(key)
    raise AssertionError(f"not done\n{screen.picture()}\n{place.wire.end()}")
