"""VS Code as a user has it: the packaged extension in the real editor, the real server, a browser as screen."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.editors import vscode
from tests.editors.conftest import executable
from tests.editors.place import ModelProcess, Place, wait_for_bytes
from tests.editors.samples import READERS
from tests.editors.test_neovim_next_edit import NEW, SHOP, renamed

PICTURES = os.environ.get("AI_LSP_PICTURES")
"""A folder that keeps the screenshots, for the READMEs."""


@pytest.fixture(autouse=True)
def _can_run() -> None:
    executable(vscode.ensure)


def picture(page: vscode.Page, name: str) -> None:
    if PICTURES:
        Path(PICTURES).mkdir(parents=True, exist_ok=True)
        page.do("screenshot", path=str(Path(PICTURES, name)))


def test_ghost_text_is_shown_and_taken_with_tab(place: Place) -> None:
    text = READERS + "def load_coupons(path):\n"
    path = place.write("shop.py", text)
    with vscode.window(place, {}) as page:
        page.open("shop.py", line=text.count("\n") + 1)
        place.wire.wait_until_ready()
        page.do("type", text="    with op")
        page.do("wait", selector=".ghost-text-decoration, .ghost-text")
        picture(page, "ghost-text.png")
        item = place.wire.requests("textDocument/inlineCompletion")[-1]
        reply = place.wire.reply_to(item)
        assert reply is not None
        suggested = reply["result"]["items"][0]["insertText"]
        assert suggested.startswith("en(path"), suggested
        page.do("press", keys=["Tab"])
        place.wire.wait_for(
            lambda: any(
                request["params"]["command"] == "ai-lsp.accept"
                for request in place.wire.requests("workspace/executeCommand")
            ),
            "the acceptance",
        )
        page.do("press", keys=["Control+S"])
        wait_for_bytes(path, (text + "    with op" + suggested).encode())


def test_a_users_own_model_is_asked_and_a_repositorys_settings_are_not_heard(
    place: Place, model: ModelProcess
) -> None:
    model.reply("en(path) as rows:")
    text = "def load(path):\n"
    path = place.write("shop.py", text)
    # A hostile repository names its own server: VS Code takes settings of scope `machine` from the user alone.
    place.write(
        ".vscode/settings.json", '{"ai-lsp.models": {"tab": {"api": "llamacpp", "url": "http://127.0.0.1:9"}}}'
    )
    settings = {
        "ai-lsp.models": {"tab": {"api": "llamacpp", "url": model.url, "template": "qwen-coder"}},
        "ai-lsp.routes.completion": "tab",
    }
    with vscode.window(place, settings) as page:
        page.open("shop.py", line=2)
        place.wire.wait_until_ready()
        page.do("type", text="    with op")
        page.do("wait", selector=".ghost-text-decoration, .ghost-text")
        # Word by word, as VS Code does it; what is left stays shown.
        page.do("press", keys=["Control+ArrowRight", "Control+S"])
        page.until(lambda: path.read_text() == text + "    with open", "a word in the file")
        page.do("press", keys=["Tab"])
        page.until(lambda: any("with open(path) as rows:" in line for line in page.lines()), "the model's text")
    assert model.requests()


def test_the_next_edit_is_drawn_jumped_to_and_made_with_tab_alone(place: Place) -> None:
    path = place.write("shop.py", SHOP)
    with vscode.window(place, {"ai-lsp.next_edit.min_confidence": 0.2}) as page:
        page.open("shop.py", line=1)
        place.wire.wait_until_ready()
        page.do("press", keys=["Home", *["ArrowRight"] * 4, "Control+Delete"])
        page.do("type", text=NEW)
        typed = f"def {NEW}(orders):"
        page.until(lambda: typed in page.lines() and "⇥" in page.drawn(), "a mark of the next edit")
        picture(page, "next-edit.png")
        for _ in range(12):
            page.do("press", keys=["Tab"])
            page.do("pause", ms=700)
            asked = place.wire.requests("aiLsp/nextEdit")
            reply = place.wire.reply_to(asked[-1])
            if reply is not None and reply["result"]["suggestions"] == []:
                break
        page.do("press", keys=["Control+S"])
        wait_for_bytes(path, renamed(SHOP).encode())
        # One undo step each: the user gets back what they had.
        page.do("press", keys=["Control+Z", "Control+S"])
        page.until(lambda: path.read_text().count(NEW) == renamed(SHOP).count(NEW) - 1, "one edit taken back")
    told = [r["params"]["command"] for r in place.wire.requests("workspace/executeCommand")]
    assert told == ["ai-lsp.accept"] * 3


def test_an_instructed_edit_is_shown_as_a_diff_applied_and_undone(place: Place, model: ModelProcess) -> None:
    text = "def area(a, b):\n    return a + b\n"
    model.reply("<<<<<<< SEARCH\n    return a + b\n=======\n    return a * b\n>>>>>>> REPLACE\n")
    path = place.write("shop.py", text)
    settings = {
        "ai-lsp.models": {"big": {"api": "llamacpp", "url": model.url, "model": "qwen2.5-coder-7b-instruct"}},
        "ai-lsp.routes.edit": "big",
        "ai-lsp.routes.completion": "",
        "ai-lsp.edit.format": "search_replace",
    }
    with vscode.window(place, settings) as page:
        page.open("shop.py", line=2)
        place.wire.wait_until_ready()
        page.do("press", keys=["Control+Alt+I"])
        page.do("wait", selector=".quick-input-widget .quick-input-box input", state="visible")
        page.do("type", text="multiply", delay=10)
        page.do("press", keys=["Enter"])
        page.do("wait", selector=".monaco-diff-editor .line-insert")
        assert path.read_text() == text, "nothing is changed before the user says so"
        picture(page, "edit.png")
        page.do("click", selector=".notification-toast .monaco-button:has-text('Apply')")
        page.until(lambda: "    return a * b" in page.lines(), "the edit in the file")
        page.do("click", selector=".monaco-editor .view-lines")
        page.do("press", keys=["Control+S"])
        wait_for_bytes(path, text.replace("a + b", "a * b").encode())
        page.do("press", keys=["Control+Z", "Control+S"])
        wait_for_bytes(path, text.encode())


def test_a_server_that_is_not_there_is_said_with_what_to_do(place: Place) -> None:
    place.write("shop.py", "x = 1\n")
    with vscode.window(place, {"ai-lsp.server.path": "/nowhere/ai-lsp"}) as page:
        page.do("wait", selector=".notification-toast .notification-list-item-message")
        said = " ".join(page.do("texts", selector=".notification-toast .notification-list-item-message"))
        assert "/nowhere/ai-lsp" in said, said
