"""The client sees a server as it is: answers, silence, noise, death, and every question a server may ask."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from ai_lsp.cli.lsp_client import LspClient
from ai_lsp.cli.lsp_wire import RequestFailed, ServerGone
from ai_lsp.cli.text_mirror import TextMirror, utf16_length

# A server of a few lines: the method's name says what it does; `ask` is answered with the client's answer.
SERVER = r"""
import json, os, subprocess, sys
def read():
    size = 0
    while (line := sys.stdin.buffer.readline()).strip():
        if line.lower().startswith(b"content-length"):
            size = int(line.split(b":")[1])
    return json.loads(sys.stdin.buffer.read(size)) if line else sys.exit(0)
def write(**message):
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    sys.stdout.buffer.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
    sys.stdout.buffer.flush()
while True:
    message = read()
    method, params, id = message.get("method"), message.get("params"), message.get("id")
    if method in ("exit", "initialized", "$/cancelRequest") or str(method).startswith("textDocument/did"):
        if method == "exit":
            sys.exit(0)
    elif method == "ask":
        write(id="q", method=params["method"], params=params["params"])
        answer = read()
        while "method" in answer:
            answer = read()
        write(id=id, result={key: answer[key] for key in ("result", "error") if key in answer})
    elif method == "noise":
        os.write(1, b"print() was left in\n")
        write(id=id, result=None)
    elif method == "twice":
        write(id=id, result=1)
        write(id=id, result=2)
    elif method == "refuse":
        write(id=id, error={"code": -32601, "message": "no such thing"})
    elif method == "die":
        sys.exit("the disk is on fire")
    elif method == "popup":
        write(method="window/showMessage", params={"type": 1, "message": "hello"})
        write(id=id, result=None)
    elif method == "worker":
        write(id=id, result=subprocess.Popen(["sleep", "600"]).pid)
    elif method != "silence":
        write(id=id, result={"capabilities": {"echo": params}})
"""


async def start(tmp_path: Path, **options: object) -> LspClient:
    return await LspClient.start([sys.executable, "-c", SERVER], tmp_path, **options)  # type: ignore[arg-type]


async def test_a_session_ends_cleanly_and_answers_are_timed(tmp_path: Path) -> None:
    client = await start(tmp_path, options={"key": 1}, initialize={"processId": None})
    assert client.capabilities["echo"]["initializationOptions"] == {"key": 1}
    assert client.capabilities["echo"]["processId"] is None
    call = client.send("anything")
    await call.answer
    assert 0 < call.milliseconds < 5_000
    assert await client.stop() == 0
    assert client.unanswered == []
    assert client.seen.noise == []


async def test_an_error_answer_carries_its_code(tmp_path: Path) -> None:
    async with await start(tmp_path) as client:
        with pytest.raises(RequestFailed) as failed:
            await client.request("refuse")
        assert failed.value.code == -32601


async def test_silence_is_a_timeout_and_stays_listed_as_unanswered(tmp_path: Path) -> None:
    async with await start(tmp_path) as client:
        with pytest.raises(TimeoutError):
            await client.request("silence", timeout=0.2)
        assert [call.method for call in client.unanswered] == ["silence"]


async def test_death_is_told_with_the_last_words(tmp_path: Path) -> None:
    client = await start(tmp_path)
    waiting = client.send("silence")
    with pytest.raises(ServerGone):
        await client.request("die")
    with pytest.raises(ServerGone):
        await waiting.answer
    assert await client.stop() == 1
    assert "the disk is on fire" in client.stderr
    with pytest.raises(ServerGone, match="the disk is on fire"):
        await client.request("anything")


async def test_a_server_that_never_starts_raises_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ServerGone, match="boom"):
        await LspClient.start([sys.executable, "-c", "import sys; sys.exit('boom')"], tmp_path)


async def test_what_a_server_must_not_send_is_kept(tmp_path: Path) -> None:
    async with await start(tmp_path) as client:
        for method in ("noise", "twice", "popup", "anything"):
            await client.request(method)
        assert client.seen.noise == [b"print() was left in\n"]
        assert [message["result"] for message in client.seen.unasked] == [2]
        assert [message["message"] for message in client.seen.messages] == ["hello"]


async def test_the_workers_of_a_server_end_with_it(tmp_path: Path) -> None:
    client = await start(tmp_path)
    pid = await client.request("worker")
    await client.stop()
    for _ in range(100):
        stat = Path(f"/proc/{pid}/stat")
        if not stat.exists() or stat.read_text().split()[2] == "Z":
            return
        await asyncio.sleep(0.02)
    raise AssertionError("the worker outlived its server")


@pytest.mark.parametrize(
    ("method", "params", "answer"),
    [
        ("workspace/configuration", {"items": [{"section": "ai-lsp"}, {}]}, {"result": [{"a": 1}, None]}),
        ("client/registerCapability", {"registrations": [{"id": "1"}]}, {"result": None}),
        ("window/workDoneProgress/create", {"token": 1}, {"result": None}),
        ("window/showMessageRequest", {"type": 1, "message": "?"}, {"result": None}),
        ("window/showDocument", {"uri": "file:///a"}, {"result": {"success": True}}),
        ("workspace/diagnostic/refresh", None, {"result": None}),
        ("no/such", None, {"error": {"code": -32601, "message": "this client has no no/such"}}),
    ],
)
async def test_questions_are_answered_as_an_editor_does(
    tmp_path: Path, method: str, params: object, answer: object
) -> None:
    async with await start(tmp_path, settings={"ai-lsp": {"a": 1}}) as client:
        assert await client.request("ask", {"method": method, "params": params}) == answer


URI = "file:///a.py"


def edit(line: int, start: int, end: int, text: str) -> dict[str, object]:
    span = {"start": {"line": line, "character": start}, "end": {"line": line, "character": end}}
    return {"range": span, "newText": text}


@pytest.mark.parametrize(
    ("version", "accepts", "text", "applied"),
    [(1, True, "xa😀b!\r\nc?", True), (7, True, "a😀b\r\nc", False), (1, False, "a😀b\r\nc", False)],
)
async def test_a_workspace_edit_is_applied_whole_or_refused(
    tmp_path: Path, version: int, accepts: bool, text: str, applied: bool
) -> None:
    async with await start(tmp_path, applies_edits=accepts) as client:
        client.open(URI, "a😀b\r\nc")
        edits = [edit(0, 0, 0, "x"), edit(0, 4, 4, "!"), edit(1, 1, 1, "?")]
        change = {"textDocument": {"uri": URI, "version": version}, "edits": edits}
        params = {"edit": {"documentChanges": [change]}}
        answer = await client.request("ask", {"method": "workspace/applyEdit", "params": params})
        assert answer == {"result": {"applied": applied}}
        assert client.documents[URI].text == text


async def test_an_inline_item_is_usable_only_around_the_cursor_and_over_its_prefix(tmp_path: Path) -> None:
    async with await start(tmp_path) as client:
        client.open(URI, "x = [😀)\n")
        span = edit(0, 0, 7, "")["range"]
        good = {"insertText": "x = [😀]", "range": span, "command": {"command": "ok", "arguments": ["1"]}}
        other_text = {"insertText": "y = 1", "range": span}
        elsewhere = {"insertText": "z", "range": edit(1, 0, 0, "")["range"]}
        items = client.inline_items(URI, 6, {"items": [good, other_text, elsewhere]})
        assert [item.shown("x = [😀") for item in items] == ["]"]
        assert client.accept(URI, items[0]) == 7
        assert client.documents[URI].text == "x = [😀])\n"
        assert client.inline_items(URI, 0, None) == []


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_positions_count_utf16_units_and_lines_end_where_lsp_says(end: str) -> None:
    mirror = TextMirror(URI, "python", f"a\x0c\u2028😀b{end}\ud83dc{end}")
    assert len(mirror.line_starts) == 3
    for offset in range(len(mirror.text) + 1):
        position = mirror.position(offset)
        if end == "\r\n" and mirror.text[:offset].endswith("\r"):
            continue  # between \r and \n there is no place
        assert mirror.offset(position.line, position.character) == offset
    assert mirror.position(4).character == 5
    assert mirror.offset(0, 99) == len(mirror.line(0))
    assert mirror.offset(99, 0) == len(mirror.text)
    with pytest.raises(ValueError, match="inside of a character"):
        mirror.offset(0, 4)
    assert utf16_length("😀\ud83d") == 3
