"""The completion menu, for editors without ghost text: Helix and eglot, each with our shipped file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.editors.install import REPOSITORY
from tests.editors.place import ModelProcess, Place, code_blocks, wait_for_bytes
from tests.editors.samples import READERS, ROWS, ROWS_REPLY, ROWS_TYPED
from tests.editors.screen import Screen
from tests.editors.terminal import text_of

EDITORS = REPOSITORY / "editors"
BEFORE = READERS + "def load_coupons(path):\n"
TYPED = "    with op"


def test_helix_offers_and_inserts_the_suggestion(place: Place, helix: Path) -> None:
    path = place.write("shop.py", BEFORE + "\n")
    with helix_inserting(place, helix, path, BEFORE) as screen:
        screen.type(TYPED[:-1])
        press_until_offered(place, screen, ["p", "e", "n"])
        # The kind's name is in the menu's row only.
        screen.wait_for(
            lambda rows: any(" open(path" in t and t.endswith(" text") for t in map(text_of, rows)), "menu"
        )
        expected = text_after(place, BEFORE + TYPED) + "\n"
        screen.press("C-n")
        # The item's detail names us, so that nobody takes it for what a language server knows.
        screen.wait_for(lambda rows: any(text_of(row).strip() == "ai-lsp" for row in rows), "the item's detail")
        screen.press("Enter", "Escape")
        screen.type(":w\n")
        wait_for_bytes(path, expected.encode())


@pytest.mark.parametrize("line_end", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_helix_inserts_several_lines_of_a_model(
    line_end: str, place: Place, helix: Path, model: ModelProcess
) -> None:
    before, after = ROWS.split("▮")
    model.reply(ROWS_REPLY)
    place.configure("ai-lsp/config.toml", code_blocks(EDITORS / "helix" / "README.md", "toml", model.url)[-1])
    path = place.write("table.py", (before + after).replace("\n", line_end))
    with helix_inserting(place, helix, path, before) as screen:
        screen.type(ROWS_TYPED[:-1])
        press_until_offered(place, screen, ["z", "m", "a"], model)
        screen.wait_for_text('lzma.open(path, "rt") as handle: ⏎')
        screen.press("C-n", "Enter", "Escape")
        screen.type(":w\n")
        expected = before + ROWS_TYPED + ROWS_REPLY.rstrip() + after
        wait_for_bytes(path, expected.replace("\n", line_end).encode())


def test_helix_gets_a_slow_models_suggestion_with_the_next_letter(
    place: Place, helix: Path, model: ModelProcess
) -> None:
    """The first list is answered without it, so as not to be late; nothing is asked of the model twice."""
    before, after = ROWS.split("▮")
    model.reply(ROWS_REPLY, first_token_ms=500)
    place.configure("ai-lsp/config.toml", code_blocks(EDITORS / "helix" / "README.md", "toml", model.url)[-1])
    path = place.write("table.py", before + after)
    with helix_inserting(place, helix, path, before) as screen:
        screen.type(ROWS_TYPED)
        place.wire.wait_for(lambda: bool(place.wire.requests("textDocument/completion")), "a request")
        place.wire.wait_for(lambda: bool(model.requests()), "the model's answer")
        first = place.wire.reply_to(place.wire.requests("textDocument/completion")[0])
        assert first
        assert first["result"] == {"isIncomplete": True, "items": []}
        screen.type("m")
        screen.wait_for_text('lzma.open(path, "rt") as handle: ⏎')
        assert len(model.requests()) == 1


def test_eglot_completes_at_point(place: Place, emacs: Path) -> None:
    path = place.write("shop.py", BEFORE + "\n")
    with eglot_at(place, emacs, path, BEFORE) as screen:
        screen.type(TYPED)
        press_until_offered(place, screen, ["C-M-i"] * 3)
        screen.wait_for(
            lambda rows: any(
                above.strip() == "def load_coupons(path):" and "with open(path" in line
                for above, line in pairwise(map(text_of, rows))
            ),
            "the suggestion in the buffer",
        )
        screen.press("C-x", "C-s")
        wait_for_bytes(path, (text_after(place, BEFORE + TYPED) + "\n").encode())
        # Eglot takes the language's name from the mode that is registered, not from the buffer's own.
        opened = place.wire.requests("textDocument/didOpen")[0]
        assert opened["params"]["textDocument"]["languageId"] == "python"


@pytest.mark.parametrize("line_end", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_eglot_inserts_several_lines_of_a_model(
    line_end: str, place: Place, emacs: Path, model: ModelProcess
) -> None:
    before, after = ROWS.split("▮")
    model.reply(ROWS_REPLY)
    path = place.write("table.py", (before + after).replace("\n", line_end))
    with eglot_at(place, emacs, path, before, model.url) as screen:
        screen.type(ROWS_TYPED)
        press_until_offered(place, screen, ["C-M-i"] * 3, model)
        screen.wait_for_text("return list(csv.reader(handle, ")
        screen.press("C-x", "C-s")
        expected = before + ROWS_TYPED + ROWS_REPLY.rstrip() + after
        wait_for_bytes(path, expected.replace("\n", line_end).encode())


@contextmanager
def helix_inserting(place: Place, helix: Path, path: Path, before: str) -> Iterator[Screen]:
    """Helix in insert mode on the empty line after `before`, configured by the shipped file alone."""
    shipped = (EDITORS / "helix" / "languages.toml").read_text(encoding="utf-8")
    place.configure("helix/languages.toml", shipped)
    with place.opened(helix, f"{path}:{line_after(before)}") as screen:
        screen.type("i")
        screen.wait_for_text(" INS ")
        yield screen


@contextmanager
def eglot_at(place: Place, emacs: Path, path: Path, before: str, model_url: str = "") -> Iterator[Screen]:
    """Emacs with the README's init.el, its model too where there is one; point is on the line after `before`."""
    _, options, load, *_ = code_blocks(EDITORS / "emacs" / "README.md", "elisp", model_url)
    settings = Path(__file__).with_name("emacs.el").read_text(encoding="utf-8")
    place.configure("emacs/init.el", (options if model_url else "") + load + settings)
    with place.opened(emacs, "-nw", f"+{line_after(before)}", path) as screen:
        screen.wait_for_text("[eglot:project")
        yield screen


def covered_rest(place: Place, after: str) -> str:
    """What stays of the text behind the cursor, by the newest item that the server has offered."""
    for request in reversed(place.wire.requests("textDocument/completion")):
        items = (place.wire.reply_to(request) or {"result": {"items": []}})["result"]["items"]
        if items:
            end = items[0]["textEdit"]["range"]["end"]["character"]
            return after[end - request["params"]["position"]["character"] :]
    raise AssertionError("the server has offered nothing")


def press_until_offered(
    place: Place, screen: Screen, keys: Sequence[str], model: ModelProcess | None = None
) -> None:
    """Presses keys, each of which asks for a list, until one has an item.

    The server never lets a list wait for a late suggestion, and on a loaded machine any may be late.
    """
    for key in keys:
        if list_after(place, screen, key):
            return
        if model:
            place.wire.wait_for(lambda: bool(model.requests()), "the model's answer")
    raise AssertionError("no list had an item")


def list_after(place: Place, screen: Screen, key: str) -> list[Any]:
    """The items of the list that the editor gets after a key."""
    method = "textDocument/completion"
    asked = len(place.wire.requests(method))
    screen.press(key)
    place.wire.wait_for(lambda: len(place.wire.requests(method)) > asked, method)
    request = place.wire.requests(method)[-1]
    place.wire.wait_for(lambda: place.wire.reply_to(request) is not None, "the list")
    items: list[Any] = (place.wire.reply_to(request) or {})["result"]["items"]
    return items


def line_after(text: str) -> int:
    """The number of the line that follows a text, from 1."""
    return text.count("\n") + 1


def text_after(place: Place, before: str) -> str:
    """What the text before the cursor, or a little further on, becomes by the server's newest item."""
    for request in reversed(place.wire.requests("textDocument/completion")):
        reply = place.wire.reply_to(request)
        if reply and reply["result"]["items"]:
            edit = reply["result"]["items"][0]["textEdit"]
            line_start = before.rindex("\n") + 1
            text: str = before[: line_start + edit["range"]["start"]["character"]] + edit["newText"]
            return text
    raise AssertionError("the server has offered nothing")
