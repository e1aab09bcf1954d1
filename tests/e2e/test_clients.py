"""Every captured editor holds a session: what the protocol page promises each of them, rule by rule.

The rules are those of the inline completion contract: one single-line range at the cursor, plain text, null for
a superseded request, an empty list for nothing, -32800 for a cancelled one, and no pop-up ever.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from ai_lsp.cli.lsp_client import LspClient
from ai_lsp.cli.lsp_wire import REQUEST_CANCELLED, RequestFailed
from tests.e2e.conftest import CLIENTS
from tests.scripted_model import ScriptedModel

INVALID_REQUEST, METHOD_NOT_FOUND = -32600, -32601
TEXT = 'grüße = "😀"\r\ndef area(r):\r\n\treturn round()\r\n'
REPLY = "3.14 * r ** 2"


def test_all_six_captures_are_here() -> None:
    assert len(CLIENTS) == 6


@contextlib.asynccontextmanager
async def session(
    params: dict[str, Any], root: Path, model: ScriptedModel | None = None
) -> AsyncIterator[LspClient]:
    home = {f"XDG_{name}_HOME": str(root.parent / name) for name in ("CONFIG", "CACHE")}
    options = dict(params.get("initializationOptions") or {})
    if model is not None:
        entry = {"api": "llamacpp", "url": model.url, "model": "qwen2.5-coder-1.5b"}
        options |= {"models": {"tab": entry}, "routes": {"completion": "tab"}}
    client = await LspClient.start(
        [sys.executable, "-m", "ai_lsp", "--stdio"],
        root,
        initialize={"rootUri": None, "workspaceFolders": None, **params, "initializationOptions": options},
        environment=home,
    )
    try:
        yield client
    finally:
        code = await client.stop()
    assert code == 0
    assert client.seen.noise == []
    assert client.seen.unasked == []
    assert client.seen.messages == [], "a pop-up in a session in which nothing is wrong"
    assert client.unanswered == []


async def open_text(client: LspClient, root: Path, text: str = TEXT) -> str:
    """Opens a document, and waits until the server knows its settings."""
    for _ in range(250):
        if (await client.request("aiLsp/status", {}))["local"]["state"] not in ("starting", "off"):
            break
        await asyncio.sleep(0.02)
    uri = (root / "größe 😀.py").as_uri()
    client.open(uri, text)
    return uri


async def test_a_session_without_a_model(params: dict[str, Any], tmp_path: Path) -> None:
    async with session(params, tmp_path) as client:
        offered = client.capabilities
        assert offered["positionEncoding"] == "utf-16"
        assert offered["textDocumentSync"]["change"] == 2
        assert offered["inlineCompletionProvider"], "an empty object reads as no to lsp-mode"
        assert "ai-lsp.accept" in offered["executeCommandProvider"]["commands"]
        assert all(name.startswith("ai-lsp.") for name in offered["executeCommandProvider"]["commands"])
        assert client.initialize_result["serverInfo"]["name"] == "ai-lsp"

        uri = await open_text(client, tmp_path)
        unknown = {"textDocument": {"uri": "file:///nowhere.py"}, "position": {"line": 0, "character": 0}}
        assert await client.request("textDocument/inlineCompletion", unknown) == {"items": []}
        assert await client.request("textDocument/inlineCompletion", place(client, uri, len(TEXT))) is not None
        for method in ("no/such", "textDocument/hover", "$/secret"):
            assert await code_of(client.send(method, {}).answer) == METHOD_NOT_FOUND
        assert isinstance(await client.send("aiLsp/status", with_params=False).answer, dict)
        assert isinstance(await code_of(client.send("workspace/executeCommand", with_params=False).answer), int)
        client.close(uri)
        await client.request("shutdown")
        assert await code_of(client.send("aiLsp/status", {}).answer) == INVALID_REQUEST


def place(client: LspClient, uri: str, offset: int, **more: Any) -> dict[str, Any]:
    position = client.documents[uri].position(offset).to_json()
    return {"textDocument": {"uri": uri}, "position": position, **more}


async def code_of(answer: asyncio.Future[Any]) -> int | None:
    try:
        await asyncio.wait_for(answer, 10)
    except RequestFailed as failed:
        return failed.code
    return None


async def test_inline_completion_rule_by_rule(params: dict[str, Any], tmp_path: Path) -> None:
    async with (
        ScriptedModel(reply=REPLY, dialect="llamacpp") as model,
        session(params, tmp_path, model) as client,
    ):
        uri = await open_text(client, tmp_path)
        cursor = TEXT.index("round()") + len("round(")

        # Rules 1 to 4, 6 and 11: any trigger kind and unknown fields; one plain item, in place, with a command.
        for context in ({"triggerKind": 0}, {"triggerKind": 1}, {"triggerKind": 2}, {"odd": [1]}, None):
            call = {} if context is None else {"context": context}
            answer = await client.request(
                "textDocument/inlineCompletion", place(client, uri, cursor, data=7, **call)
            )
            (item,) = answer["items"]
            at = client.documents[uri].position(cursor).to_json()
            assert item["range"] == {"start": at, "end": at}
            assert item["insertText"] == REPLY
            assert item["command"]["command"] == "ai-lsp.accept"
            assert item["command"]["title"]
        whole = place(client, uri, cursor, formattingOptions={"tabSize": 4, "insertSpaces": False})
        (item,) = (await client.request("textDocument/inlineCompletion", whole))["items"]
        assert item["range"]["start"]["character"] == 0
        assert item["insertText"] == "\treturn round(" + REPLY

        # Rule 10: what the suggest widget has selected is extended, or nothing is shown.
        here = place(client, uri, cursor)["position"]
        other = {"range": {"start": here, "end": here}, "text": "zebra"}
        assert not await inline(client, uri, cursor, selectedCompletionInfo=other)

        await the_menu_fallback(client, params, uri, cursor)
        await null_for_the_superseded(client, uri, cursor, model)

        # Accepting runs the command, as a request and as the notification that copilot.el sends.
        (item,) = client.inline_items(uri, cursor, {"items": [item]})
        client.notify(
            "workspace/executeCommand", {"command": "ai-lsp.accept", "arguments": item.command["arguments"]}
        )
        client.accept(uri, item)
        assert f"return round({REPLY})\r\n" in client.documents[uri].text
        await client.request("aiLsp/status", {})

        # Rule 7: nothing is an empty list.
        model.change(reply="   ")
        client.change(uri, 0, 0, "# a new line\r\n")
        assert await client.ask_inline(uri, len(client.documents[uri].text), trigger=1).answer == {"items": []}


async def inline(client: LspClient, uri: str, offset: int, **context: Any) -> list[Any]:
    result = await client.ask_inline(uri, offset, trigger=1, **context).answer
    items: list[Any] = result["items"]
    return items


async def the_menu_fallback(client: LspClient, params: dict[str, Any], uri: str, cursor: int) -> None:
    """textDocument/completion has one item for editors without ghost text, and none for the others."""
    assert client.capabilities["completionProvider"]["triggerCharacters"] == []
    answer = await client.request("textDocument/completion", place(client, uri, cursor))
    has_ghost_text = params["clientInfo"]["name"] == "emacs" or (
        "inlineCompletion" in params["capabilities"]["textDocument"]
    )
    if has_ghost_text:
        assert answer["items"] == []
        return
    (item,) = answer["items"]
    assert answer["isIncomplete"] is True
    assert REPLY in item["textEdit"]["newText"]
    assert item.get("preselect", False) is False


async def null_for_the_superseded(client: LspClient, uri: str, cursor: int, model: ScriptedModel) -> None:
    """Rules 7 and 8, per document: the older request gets null at once, a cancelled one -32800."""
    model.change(first_token_ms=3_000)
    client.open(uri + "x", "y = \n")
    elsewhere = client.ask_inline(uri + "x", 4)
    line_end = len(TEXT)
    older = client.ask_inline(uri, line_end)
    await asyncio.sleep(0.05)
    newer = client.ask_inline(uri, line_end)
    assert await asyncio.wait_for(older.answer, 2) is None
    assert not elsewhere.answer.done(), "another document's request is not superseded"
    for call in (newer, elsewhere):
        client.cancel(call)
        assert await code_of(call.answer) == REQUEST_CANCELLED
    client.notify("$/cancelRequest", {"id": 987_654})
    model.change(first_token_ms=0)
    client.close(uri + "x")
