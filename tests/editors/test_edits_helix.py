"""Instructed edits in Helix: by the code action menu and by the key of its page, asked about, undone at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.editors.place import ModelProcess, Place, code_blocks, wait_for_bytes
from tests.editors.screen import Screen
from tests.editors.test_edits import CONFIG, REPLY, SHOP, WANTED
from tests.editors.test_menus import EDITORS


@contextmanager
def helix_at(place: Place, helix: Path, path: Path) -> Iterator[Screen]:
    """Helix with the shipped file and the keys of its page."""
    shipped = (EDITORS / "helix" / "languages.toml").read_text(encoding="utf-8")
    place.configure("helix/languages.toml", shipped)
    place.configure("helix/config.toml", code_blocks(EDITORS / "helix" / "README.md", "toml")[0])
    with place.opened(helix, path) as screen:
        yield screen


@pytest.mark.parametrize("how", ["menu", "key"])
def test_an_instructed_edit_is_asked_about_made_and_undone(
    how: str, place: Place, helix: Path, edit_model: ModelProcess
) -> None:
    edit_model.reply(REPLY, first_token_ms=100)
    place.configure("ai-lsp/config.toml", CONFIG.format(url=edit_model.url))
    path = place.write("shop.py", SHOP)
    with helix_at(place, helix, path) as screen:
        if how == "menu":
            screen.type("% a", pause_s=0.2)
            screen.wait_for_text("Add types with AI")
            screen.press("Enter")
        else:
            screen.press("M-e")
            screen.type("add types\n")
        screen.wait_for_text(" Discard")
        assert path.read_text() == SHOP
        screen.press("Enter")
        screen.wait_for_text("def total(items: list[int]) -> int:")
        screen.type(":w\n")
        wait_for_bytes(path, WANTED.encode())
        screen.type("u:w\n")
        wait_for_bytes(path, SHOP.encode())
    asked = [r["params"]["command"] for r in place.wire.requests("workspace/executeCommand")]
    assert asked == ["ai-lsp.edit"]
    assert len(place.wire.requests("workspace/applyEdit")) == 1


def test_what_is_discarded_changes_nothing(place: Place, helix: Path, edit_model: ModelProcess) -> None:
    edit_model.reply(REPLY)
    place.configure("ai-lsp/config.toml", CONFIG.format(url=edit_model.url))
    path = place.write("shop.py", SHOP)
    with helix_at(place, helix, path) as screen:
        screen.press("M-e")
        screen.type("add types\n")
        screen.wait_for_text(" Discard")
        screen.press("C-p", "Enter")
        screen.wait_for(
            lambda rows: not any(" Discard" in line for line in screen.lines()), "the question is gone"
        )
        screen.type("ix")
        screen.press("Escape")
        screen.type(":w\n")
        wait_for_bytes(path, ("x" + SHOP).encode())
    assert not place.wire.requests("workspace/applyEdit")
