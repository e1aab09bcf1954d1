"""What editors/neovim/plugins.md tells beside other plugins, run as it stands there, with the real plugins.

None of them is part of this repository: plugins.py says where clones are looked for.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.editors.place import Place, code_blocks, wait_for_bytes
from tests.editors.plugins import plugin
from tests.editors.samples import READERS
from tests.editors.screen import Screen
from tests.editors.test_neovim import README, TEST_SETTINGS, wait_for_acceptance, wait_for_ghost
from tests.editors.test_neovim_next_edit import NEW, SHOP, rename, renamed
from tests.editors.test_neovim_status import PLUGINS

BEFORE = READERS + "def load_coupons(path):\n"
LOAD = code_blocks(README, "lua")[0]
_, LSPCONFIG, BLINK, SIDEKICK = code_blocks(PLUGINS, "lua")
BLINK_HERE = BLINK.replace("setup({\n", "setup({\n  fuzzy = { implementation = 'lua' },\n")
"""Its matcher in Rust is downloaded; without it blink asks for this line."""


def runtime(name: str, revision: str = "") -> str:
    return f"vim.opt.runtimepath:append('{plugin(name, revision)}')\n"


def configure(place: Place, init: str) -> Path:
    place.configure("nvim/init.lua", init + TEST_SETTINGS.read_text(encoding="utf-8"))
    return place.write("shop.py", BEFORE + "\n")


def accepts_with_tab(screen: Screen, place: Place, path: Path) -> None:
    """Types, sees ghost text, takes it with Tab, and has it in the file."""
    screen.type(f":call cursor({BEFORE.count(chr(10)) + 1}, 1)\n", pause_s=0)
    screen.type("i    with op")
    item = wait_for_ghost(screen, place, BEFORE + "    with op", "en(path", is_drawn=False)
    screen.wait_for(lambda rows: "with open(path" in screen.lines()[screen.cursor()[1]], "ghost text")
    screen.press("Tab")
    wait_for_acceptance(place, item)
    screen.press("Escape")
    screen.type(":w\n", pause_s=0)
    wait_for_bytes(path, (BEFORE + "    with op" + item["insertText"] + "\n").encode())


def test_lazy_nvim_loads_it_as_a_plugin(place: Place, nvim: Path) -> None:
    lazy = plugin("lazy.nvim")
    init = f"vim.opt.rtp:prepend('{lazy}')\nrequire('lazy').setup({{ {{ dir = '~/ai-lsp/editors/neovim' }} }})\n"
    path = configure(place, init)
    with place.opened(nvim, path) as screen:
        accepts_with_tab(screen, place, path)


@pytest.mark.parametrize("which", ["nvim", "old_nvim"])
def test_the_old_form_of_lspconfig_starts_one_server(
    which: str, place: Place, request: pytest.FixtureRequest
) -> None:
    calm = "vim.deprecate = function() end\n"  # it stops the start to say that this form will go
    path = configure(place, calm + runtime("nvim-lspconfig") + LOAD + LSPCONFIG)
    with place.opened(request.getfixturevalue(which), path) as screen:
        screen.type(":lua print(#vim.lsp.get_clients(), 'client of', vim.lsp.get_clients()[1].name)\n", pause_s=0)
        screen.wait_for_text("1 client of ai_lsp")
        if which == "nvim":
            accepts_with_tab(screen, place, path)


def test_blink_asks_ai_lsp_first_for_its_tab(place: Place, nvim: Path) -> None:
    path = configure(place, runtime("blink.cmp", "v1.9.1") + LOAD + BLINK_HERE)
    with place.opened(nvim, path) as screen:
        accepts_with_tab(screen, place, path)


def test_sidekick_draws_the_next_edit_and_ai_lsp_the_ghost_text(place: Place, nvim: Path) -> None:
    sure = "vim.lsp.config('ai_lsp_copilot', { init_options = { next_edit = { min_confidence = 0.2 } } })\n"
    configure(place, runtime("sidekick.nvim") + SIDEKICK + LOAD + sure)
    path = place.write("shop.py", SHOP)
    with place.opened(nvim, path) as screen:
        rename(screen)
        for _ in range(12):
            screen.type(":sleep 700m\n", pause_s=0)
            if sum(NEW in line for line in screen.lines()) >= 4 and not _is_offered(place):
                break
            screen.press("Tab")
        screen.type(":w\n", pause_s=0)
        wait_for_bytes(path, renamed(SHOP).encode())
    assert not place.wire.requests("aiLsp/nextEdit"), "one of the two draws it"


def test_another_assistant_beside_it_is_told_of_and_tab_takes_one_text(place: Place, nvim: Path) -> None:
    """copilot.vim with a server of its own, here a second one of ours, asks and draws as well."""
    other = runtime("copilot.vim") + "vim.g.copilot_agent_command = vim.fn.exepath('ai-lsp')\n"
    path = configure(place, other + LOAD)
    line = '    with open(path, encoding="utf-8") as handle:'
    with place.opened(nvim, path) as screen:
        screen.type(f":call cursor({BEFORE.count(chr(10)) + 1}, 1)\n", pause_s=0)
        screen.type("i    with op")
        screen.wait_for(lambda rows: "with open(path" in screen.lines()[screen.cursor()[1]], "ghost text")
        screen.press("Tab")
        screen.press("Escape")
        screen.type(":w\n", pause_s=0)
        until = time.monotonic() + 10
        while (text := path.read_text(encoding="utf-8")) == BEFORE + "\n" and time.monotonic() < until:
            time.sleep(0.05)
        taken = text.removeprefix(BEFORE).rstrip("\n")
        assert line.startswith(taken), "one suggestion, once"
        assert len(taken) > len("    with op")
        screen.type(":silent! checkhealth ai-lsp\n", pause_s=0)
        screen.wait_for_text("another assistant runs beside ai-lsp: copilot")


def _is_offered(place: Place) -> bool:
    asked = place.wire.requests("textDocument/copilotInlineEdit")
    reply = place.wire.reply_to(asked[-1]) if asked else None
    return bool(reply and reply["result"]["edits"])
