"""Instructed edits in real editors: streamed, confirmed as each of them can, undone in one step."""

from __future__ import annotations

from pathlib import Path

from tests.editors.place import ModelProcess, Place, code_blocks, wait_for_bytes
from tests.editors.test_menus import eglot_at
from tests.editors.test_neovim import README, TEST_SETTINGS

SHOP = "def price(item):\n    return 2 * item\n\n\ndef total(items):\n    return sum(map(price, items))\n"
REPLY = (
    "<<<<<<< SEARCH\ndef price(item):\n=======\ndef price(item: int) -> int:\n>>>>>>> REPLACE\n"
    "<<<<<<< SEARCH\ndef total(items):\n=======\ndef total(items: list[int]) -> int:\n>>>>>>> REPLACE\n"
)
WANTED = SHOP.replace("(item):", "(item: int) -> int:").replace("(items):", "(items: list[int]) -> int:")
CONFIG = '[models.big]\napi = "openai"\nurl = "{url}"\nmodel = "any"\n\n[routes]\nedit = "big"\n'


def asked(place: Place, times: int = 1) -> None:
    place.wire.wait_for(lambda: len(place.wire.requests("workspace/applyEdit")) >= times, "workspace/applyEdit")


def test_neovim_edits_as_instructed_confirms_and_undoes_in_one_step(
    place: Place, nvim: Path, edit_model: ModelProcess
) -> None:
    edit_model.reply(REPLY, first_token_ms=100)
    place.configure("ai-lsp/config.toml", CONFIG.format(url=edit_model.url))
    place.configure("nvim/init.lua", code_blocks(README, "lua")[0] + TEST_SETTINGS.read_text(encoding="utf-8"))
    path = place.write("shop.py", SHOP)
    with place.opened(nvim, path) as screen:
        screen.type(":%AiLspEdit\n", pause_s=0)
        screen.wait_for_text("Edit with AI:")
        screen.type("add types\n", pause_s=0)
        asked(place)
        sent = place.wire.requests("workspace/applyEdit")[0]["params"]["edit"]
        assert [a["needsConfirmation"] for a in sent["changeAnnotations"].values()] == [True]
        (change,) = sent["documentChanges"]
        assert len(change["edits"]) == 2
        screen.wait_for_text("[Y]es, (N)o")  # Neovim's own question, by the change annotation
        screen.type("y", pause_s=0)
        screen.wait_for_text("def total(items: list[int]) -> int:")
        screen.type(":w\n", pause_s=0)
        wait_for_bytes(path, WANTED.encode())
        screen.type("u", pause_s=0)
        screen.wait_for_text("def total(items):")
        screen.type(":w\n", pause_s=0)
        wait_for_bytes(path, SHOP.encode())


def test_neovim_011_asks_by_a_question_of_the_server(
    place: Place, old_nvim: Path, edit_model: ModelProcess
) -> None:
    edit_model.reply(REPLY, first_token_ms=100)
    place.configure("ai-lsp/config.toml", CONFIG.format(url=edit_model.url))
    place.configure("nvim/init.lua", code_blocks(README, "lua")[0] + TEST_SETTINGS.read_text(encoding="utf-8"))
    path = place.write("shop.py", SHOP)
    with place.opened(old_nvim, path) as screen:
        screen.type(":%AiLspEdit add types\n", pause_s=0)
        screen.wait_for_text("1: Apply")
        screen.type("1\n", pause_s=0)
        screen.wait_for_text("def total(items: list[int]) -> int:")
        screen.type(":w\n", pause_s=0)
        wait_for_bytes(path, WANTED.encode())
        screen.type("u:w\n", pause_s=0)
        wait_for_bytes(path, SHOP.encode())


def test_eglot_edits_by_a_code_action_and_undoes_in_one_step(
    place: Place, emacs: Path, edit_model: ModelProcess
) -> None:
    edit_model.reply(REPLY, first_token_ms=100)
    place.configure("ai-lsp/config.toml", CONFIG.format(url=edit_model.url))
    path = place.write("shop.py", SHOP)
    with eglot_at(place, emacs, path, "") as screen:
        screen.press("C-x", "h")
        screen.type("\x1bxeglot-code-actions\n", pause_s=0)
        screen.wait_for_text("Add types with AI")
        screen.type("Add types with AI\n", pause_s=0)
        screen.wait_for_text("def total(items: list[int]) -> int:")
        screen.press("C-x", "C-s")
        wait_for_bytes(path, WANTED.encode())
        screen.type("\x1bxundo\n", pause_s=0)
        screen.press("C-x", "C-s")
        wait_for_bytes(path, SHOP.encode())


def test_neovim_copies_a_shell_command_and_runs_nothing(
    place: Place, nvim: Path, edit_model: ModelProcess
) -> None:
    edit_model.reply("touch mark")
    place.configure("ai-lsp/config.toml", CONFIG.format(url=edit_model.url))
    place.configure("nvim/init.lua", code_blocks(README, "lua")[0] + TEST_SETTINGS.read_text(encoding="utf-8"))
    path = place.write("shop.py", SHOP)
    with place.opened(nvim, path) as screen:
        screen.type(":AiLspShell make a mark\n", pause_s=0)
        screen.wait_for_text("It was not run.")
        screen.type("2\n", pause_s=0)  # 1 inserts, 2 copies
        place.wire.wait_for(lambda: bool(place.wire.requests("aiLsp/copy")), "aiLsp/copy")
        screen.type("P", pause_s=0)
        screen.wait_for_text("touch markdef price")
        assert not (place.project / "mark").exists()
