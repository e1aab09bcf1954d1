"""The Copilot dialect as its clients speak it: each asks with the shapes it really sends (their versions below),
and the answer is held against what that client can read.

copilot.vim 1.26 and the newer one, copilot.el 277ca35, copilot.lua 760912b, blink-copilot, sidekick.nvim 8ad0ede,
copilot-lsp 1b6d827, LSP-copilot 339e23d; read from their sources.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ai_lsp.cli.lsp_client import RequestFailed
from tests.scripted_model import ScriptedModel
from tests.server.driving import inline, messages, open_file, ready, route, session, until

TEXT = "def add(a, b):\n    return \n"
HERE = TEXT.index("return ") + len("return ")
POSITION = {"line": 1, "character": 11}
REPLY = "a + b"
LINE = "    return a + b"

COPILOT_LUA = {"editorInfo": {"name": "Neovim", "version": "0.12.4"}, "editorPluginInfo": {"name": "copilot.lua"}}
COPILOT_EL = {"editorInfo": {"name": "Emacs", "version": "30.1"}, "editorPluginInfo": {"name": "copilot.el"}}


@pytest.mark.parametrize(
    "params",
    [
        {
            "doc": {"version": 1, "position": POSITION, "tabSize": 4, "insertSpaces": True, "indentSize": 4},
            "with": ("textDocument", "position"),
        },
        {"doc": {"version": 1, "position": POSITION, "path": "/p/sum.py", "relativePath": "sum.py"}},
    ],
    ids=["copilot.lua", "LSP-copilot and copilot.vim 1.26"],
)
@pytest.mark.parametrize("method", ["getCompletions", "getCompletionsCycling"])
async def test_legacy_completions(method: str, params: dict[str, Any], tmp_path: Path) -> None:
    root = tmp_path / "p"
    root.mkdir()
    async with (
        ScriptedModel(REPLY, dialect="llamacpp") as model,
        session(root, route(model.url) | COPILOT_LUA) as client,
    ):
        await ready(client)
        uri = open_file(client, root, "sum.py", TEXT)
        asked: dict[str, Any] = {"doc": {**params["doc"], "uri": uri}}
        if "with" in params:
            asked |= {"textDocument": {"uri": uri, "version": 1}, "position": POSITION}
        (found,) = (await client.request(method, asked))["completions"]
        assert found["text"] == LINE  # the whole line from its start, or copilot.vim drops it
        assert found["displayText"] == REPLY
        assert found["range"] == {"start": {"line": 1, "character": 0}, "end": POSITION}
        assert found["position"] == POSITION
        assert found["docVersion"] == 1
        assert await client.request("notifyShown", {"uuid": found["uuid"]}) == "OK"
        assert await client.request("notifyAccepted", {"uuid": found["uuid"], "acceptedLength": 3}) == "OK"
        assert await client.request("notifyRejected", {"uuids": [found["uuid"], "unknown"]}) == "OK"
        old = {"doc": {**params["doc"], "uri": uri, "version": 0}}
        assert await client.request(method, old) == {"completions": []}
        gone = {"doc": {**params["doc"], "uri": uri + "x"}}
        assert await client.request(method, gone) == {"completions": []}


@pytest.mark.parametrize(
    ("method", "params", "wanted"),
    [
        ("checkStatus", {"options": {"localChecksOnly": True}}, {"status": "OK", "user": "ai-lsp"}),
        ("checkStatus", {"dummy": "checkStatus"}, {"status": "OK", "user": "ai-lsp"}),
        ("checkStatus", None, {"status": "OK", "user": "ai-lsp"}),
        ("signIn", {}, {"status": "AlreadySignedIn", "user": "ai-lsp"}),
        ("signInInitiate", {}, {"status": "AlreadySignedIn", "user": "ai-lsp"}),
        ("signInConfirm", {"userCode": "X"}, {"status": "OK", "user": "ai-lsp"}),
        ("signOut", {}, {"status": "NotSignedIn"}),
        ("setEditorInfo", {"editorInfo": {"name": "Sublime"}, "editorPluginInfo": {"name": "LSP-copilot"}}, "OK"),
        ("notifyNextEditRejected", {"uuid": "x", "reason": "y"}, "OK"),
    ],
)
async def test_whoever_asks_is_signed_in(method: str, params: Any, wanted: Any, tmp_path: Path) -> None:
    root = tmp_path / "p"
    root.mkdir()
    async with session(root, COPILOT_LUA) as client:
        assert await client.request(method, params) == wanted
        assert set(await client.request("getVersion", {})) == {"version", "buildType", "runtimeVersion"}


async def test_ghost_text_of_copilot_el_and_its_notifications(tmp_path: Path) -> None:
    """`initialized` with null, formattingOptions, no version, and acceptance told in its own ways."""
    root = tmp_path / "p"
    root.mkdir()
    async with (
        ScriptedModel(REPLY, dialect="llamacpp") as model,
        session(root, route(model.url) | COPILOT_EL) as client,
    ):
        client.notify("initialized", None)
        await ready(client)
        uri = open_file(client, root, "sum.py", TEXT)
        client.notify("textDocument/didFocus", {"textDocument": {"uri": uri}})
        client.notify("textDocument/didFocus", {})
        params = {
            "textDocument": {"uri": uri},
            "position": POSITION,
            "context": {"triggerKind": 2},
            "formattingOptions": {"tabSize": 4, "insertSpaces": True},
        }
        (item,) = (await client.request("textDocument/inlineCompletion", params))["items"]
        assert item["insertText"] == LINE
        assert item["range"]["start"]["character"] == 0
        client.notify("textDocument/didShowCompletion", {"item": item})
        client.notify("textDocument/didPartiallyAcceptCompletion", {"item": item, "acceptedLength": 12})
        accept = {"command": item["command"]["command"], "arguments": item["command"]["arguments"]}
        client.notify("workspace/executeCommand", accept)  # copilot.el sends it without an id
        assert await inline(client, uri, HERE) == [REPLY]
        assert client.seen.unasked == []
        assert messages(client) == []


async def test_status_goes_to_plugins_of_the_dialect_only(tmp_path: Path) -> None:
    root = tmp_path / "p"
    root.mkdir()
    kinds = ("didChangeStatus", "statusNotification")

    def said(client: Any) -> list[Any]:
        return [n["params"] for n in client.seen.notifications if n["method"] in kinds]

    async with session(root, COPILOT_LUA) as client:
        await ready(client)
        await until(lambda: len(said(client)) == 2)
        new, old = said(client)
        assert new == {"busy": False, "kind": "Normal", "message": ""}
        assert old["status"] == "Normal"
    async with session(root, {}) as client:
        await ready(client)
        assert await client.request("checkStatus", {}) == {"status": "OK", "user": "ai-lsp"}
        assert said(client) == []


INLINE_EDITS = {
    "sidekick": {"position": POSITION, "context": {"triggerKind": 2}},
    "copilot-lsp": {"position": POSITION},
    "copilot.el": {
        "position": POSITION,
        "diagnostics": [
            {
                "severity": "error",
                "message": "undefined",
                "range": {"start": POSITION, "end": POSITION},
                "code": "E1",
                "source": "pyright",
            }
        ],
    },
    "no position": {},
    "a position that is none": {"position": {"line": "x"}},
}


@pytest.mark.parametrize("shape", INLINE_EDITS.values(), ids=INLINE_EDITS.keys())
async def test_no_next_edit_is_an_empty_list(shape: dict[str, Any], tmp_path: Path) -> None:
    """Never null, never an error: copilot-lsp raises a Lua error on either."""
    root = tmp_path / "p"
    root.mkdir()
    async with session(root, COPILOT_LUA) as client:
        await ready(client)
        uri = open_file(client, root, "sum.py", TEXT)
        for document in (
            {"uri": uri, "version": 1},
            {"uri": uri, "version": 99},
            {"uri": uri},
            {"uri": "file:///nowhere.py", "version": 1},
            {"uri": "untitled:1", "version": None},
        ):
            asked = {"textDocument": document, **shape}
            assert await client.request("textDocument/copilotInlineEdit", asked) == {"edits": []}
            assert await client.request("aiLsp/nextEdit", asked) == {"suggestions": []}
        for odd in (None, {}, [], {"textDocument": None}):
            assert await client.request("textDocument/copilotInlineEdit", odd) == {"edits": []}
            assert await client.request("aiLsp/nextEdit", odd) == {"suggestions": []}


async def test_unknown_requests_are_refused_and_unknown_notifications_are_not_minded(tmp_path: Path) -> None:
    root = tmp_path / "p"
    root.mkdir()
    async with session(root, COPILOT_LUA) as client:
        client.notify("textDocument/didShowInlineEdit", {"item": {"command": {"arguments": ["next-9"]}}})
        client.notify("github/didChangeAuth", {"token": ""})
        with pytest.raises(RequestFailed) as refused:
            await client.request("copilot/models", {})
        assert refused.value.code == -32601
