"""Emacs with eglot and our ai-lsp.el: ghost text and the next edit drawn with overlays, taken with TAB."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.editors.install import REPOSITORY
from tests.editors.place import ModelProcess, Place, code_blocks, wait_for_bytes
from tests.editors.samples import ROWS, ROWS_REPLY, ROWS_TYPED
from tests.editors.screen import Screen
from tests.editors.test_neovim_next_edit import NEW, SHOP, renamed

NOTHING: dict[str, list[object]] = {"suggestions": []}
README = REPOSITORY / "editors" / "emacs" / "README.md"


@contextmanager
def emacs_at(place: Place, emacs: Path, path: Path, where: str, model_url: str = "") -> Iterator[Screen]:
    """Emacs with the README's init.el for ghost text; `where` is a line, or line:column."""
    load, options, *_ = code_blocks(README, "elisp", model_url)
    settings = Path(__file__).with_name("emacs.el").read_text(encoding="utf-8")
    place.configure("emacs/init.el", (options if model_url else "") + load + settings)
    if model_url:  # the embedded predictor would answer some keys sooner than the model
        place.configure("ai-lsp/config.toml", "[completion]\nmin_confidence = 1.0\n")
    with place.opened(emacs, "-nw", f"+{where}", path) as screen:
        screen.wait_for_text("[eglot:project")
        yield screen


@pytest.mark.parametrize("line_end", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_ghost_text_is_shown_typed_through_and_taken(
    line_end: str, place: Place, emacs: Path, model: ModelProcess
) -> None:
    before, after = ROWS.split("▮")
    model.reply(ROWS_REPLY)
    path = place.write("table.py", (before + after).replace("\n", line_end))
    first, rest = ROWS_REPLY[:1], ROWS_REPLY[1:].rstrip()
    with emacs_at(place, emacs, path, str(before.count("\n") + 1), model.url) as screen:
        screen.press("C-e")
        screen.type(ROWS_TYPED)
        shown = (ROWS_TYPED + ROWS_REPLY).split("\n")[0].strip()
        screen.wait_for_text(shown)
        assert (ROWS_TYPED + first).encode() not in path.read_bytes()
        screen.type(first)
        screen.wait_for_text(shown)
        screen.press("Tab")
        screen.press("C-x", "C-s")
        expected = before + ROWS_TYPED + first + rest + after
        wait_for_bytes(path, expected.replace("\n", line_end).encode())
    told = place.wire.requests("workspace/executeCommand")
    assert [each["params"]["command"] for each in told] == ["ai-lsp.accept"]


def test_a_word_is_taken_and_a_dismissed_text_is_gone(place: Place, emacs: Path, model: ModelProcess) -> None:
    model.reply("alpha beta gamma")
    path = place.write("a.py", "x = \n")
    with emacs_at(place, emacs, path, "1", model.url) as screen:
        screen.press("C-e")
        screen.type("(")
        screen.wait_for_text("x = (alpha beta")
        screen.press("M-f")
        screen.press("C-g")
        screen.press("C-x", "C-s")
        wait_for_bytes(path, b"x = (alpha\n")


def test_the_next_edit_is_carried_through_with_tab_alone(place: Place, emacs: Path) -> None:
    place.configure("ai-lsp/config.toml", "[next_edit]\nmin_confidence = 0.2\n")
    path = place.write("shop.py", SHOP)
    with emacs_at(place, emacs, path, "1:5") as screen:
        screen.press("M-d")
        screen.type(NEW)
        screen.wait_for_text("next edit")
        for _ in range(12):
            screen.press("Tab")
            time.sleep(0.6)
            asked = place.wire.requests("aiLsp/nextEdit")
            if place.wire.reply_to(asked[-1]) == {"jsonrpc": "2.0", "id": asked[-1]["id"], "result": NOTHING}:
                break
        screen.press("C-x", "C-s")
        wait_for_bytes(path, renamed(SHOP).encode())
