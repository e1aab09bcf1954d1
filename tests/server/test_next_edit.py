"""The next edit over the wire: the real server, the embedded engine, a client that mirrors its documents."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ai_lsp.cli.lsp_client import LspClient
from tests.server.driving import messages, open_file, ready, session, until

SHOP = """def total(orders):
    return sum(order.price for order in orders)


print(total([]) / 2)

report = [total([]), 3]

assert total([]) == 0
"""
OTHER = "from shop import total\n\nprint(total([]))\n"
NEW = "grand_total"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "p"
    root.mkdir()
    (root / "other.py").write_text(OTHER)
    (root / "shop.py").write_text(SHOP)
    return root


@pytest.fixture
async def client(root: Path) -> AsyncIterator[LspClient]:
    async with session(root, {"next_edit": {"min_confidence": 0.2}}) as client:
        await ready(client)
        yield client


async def ask(client: LspClient, uri: str, offset: int, method: str = "aiLsp/nextEdit", **more: Any) -> Any:
    mirror = client.documents[uri]
    document = {"uri": uri, "version": mirror.version}
    asked = {"textDocument": document, "position": mirror.position(offset).to_json(), **more}
    return await client.request(method, asked)


async def wait_for(client: LspClient, uri: str, offset: int, **more: Any) -> list[Any]:
    """The suggestions, once the engine has started and there are some."""
    for _ in range(100):
        if found := (await ask(client, uri, offset, **more))["suggestions"]:
            return list(found)
        await asyncio.sleep(0.05)
    raise AssertionError(await client.request("workspace/executeCommand", {"command": "ai-lsp.why"}))


def rename(client: LspClient, uri: str) -> int:
    """`total` becomes `grand_total` where it is defined, in one step as a paste does it; the cursor after it."""
    at = SHOP.index("total")
    client.change(uri, at, at + len("total"), NEW)
    return at + len(NEW)


async def take(client: LspClient, suggestion: Any) -> None:
    client.apply_edits(suggestion["uri"], suggestion["edits"])
    await client.request("workspace/executeCommand", suggestion["command"])


async def test_a_rename_is_carried_through_file_and_workspace(client: LspClient, root: Path) -> None:
    uri = open_file(client, root, "shop.py", SHOP)
    offset = rename(client, uri)
    other, wanted = (root / "other.py").as_uri(), {uri: SHOP, (root / "other.py").as_uri(): OTHER}
    wanted = {each: text.replace("total", NEW) for each, text in wanted.items()}
    for _ in range(12):
        (suggestion,) = await wait_for(client, uri, offset)
        assert suggestion["kind"] == "edit"
        assert suggestion["origin"] == "local"
        assert 0 < suggestion["confidence"] <= 1
        assert suggestion["why"]
        if suggestion["uri"] not in client.documents:
            assert suggestion["version"] is None  # not open: its text on disk
            client.open(other, OTHER)
        else:
            assert suggestion["version"] == client.documents[suggestion["uri"]].version
        await take(client, suggestion)
        if {each: mirror.text for each, mirror in client.documents.items()} == wanted:
            return
    raise AssertionError({each: mirror.text for each, mirror in client.documents.items()})


async def test_a_rename_typed_key_by_key_ends_with_the_whole_name(client: LspClient, root: Path) -> None:
    """An editor that asks at every key hears of names that are not finished; none may wait and come back."""
    uri = open_file(client, root, "shop.py", SHOP)
    offset = SHOP.index("total")
    client.change(uri, offset, offset + len("total"), "")
    for key in NEW:
        client.change(uri, offset, offset, key)
        offset += 1
        suggestions = (await ask(client, uri, offset))["suggestions"]
        await asyncio.sleep(0.01)
    for _ in range(3):
        (suggestion,) = await wait_for(client, uri, offset)
        await take(client, suggestion)
        suggestions = (await ask(client, uri, offset))["suggestions"]
    assert client.documents[uri].text == SHOP.replace("total(", NEW + "(")
    assert all(each["uri"] != uri for each in suggestions), suggestions


async def test_what_is_typed_meanwhile_moves_it(client: LspClient, root: Path) -> None:
    uri = open_file(client, root, "shop.py", SHOP)
    offset = rename(client, uri)
    before = (await wait_for(client, uri, offset))[0]
    client.change(uri, 0, 0, "# a line above\n")
    (after,) = await wait_for(client, uri, offset + 15)
    assert after["target"]["start"]["line"] == before["target"]["start"]["line"] + 1
    assert after["version"] == client.documents[uri].version


async def test_a_dismissed_one_does_not_come_again(client: LspClient, root: Path) -> None:
    uri = open_file(client, root, "shop.py", SHOP)
    offset = rename(client, uri)
    found = await wait_for(client, uri, offset, context={"max": 9})
    for suggestion in found:
        await client.request(
            "workspace/executeCommand", {"command": "ai-lsp.reject", "arguments": [suggestion["id"]]}
        )
    again = (await ask(client, uri, offset, context={"max": 9}))["suggestions"]

    def places(suggestions: list[Any]) -> set[tuple[str, str, int, str]]:
        return {
            (s["kind"], s["uri"], s["target"]["start"]["line"], "".join(e["newText"] for e in s["edits"]))
            for s in suggestions
        }

    assert not places(found) & places(again)


async def test_the_copilot_dialect_gets_whole_lines_of_the_same_file(client: LspClient, root: Path) -> None:
    uri = open_file(client, root, "shop.py", SHOP)
    offset = rename(client, uri)
    local = (await wait_for(client, uri, offset))[0]
    (edit,) = (await ask(client, uri, offset, "textDocument/copilotInlineEdit"))["edits"]
    assert edit["textDocument"] == {"uri": uri, "version": client.documents[uri].version}
    line = local["target"]["start"]["line"]
    text = client.documents[uri].text.split("\n")[line]
    assert edit["range"] == {
        "start": {"line": line, "character": 0},
        "end": {"line": line, "character": len(text)},
    }
    assert edit["text"] == text.replace("total", NEW)
    assert edit["command"]["title"]
    client.apply_edits(uri, [{"range": edit["range"], "newText": edit["text"]}])
    accept = {"command": edit["command"]["command"], "arguments": edit["command"]["arguments"]}
    client.notify("workspace/executeCommand", accept)  # as copilot.el does
    (following,) = (await ask(client, uri, offset, "textDocument/copilotInlineEdit"))["edits"]
    assert following["range"]["start"]["line"] != line


async def test_one_command_jumps_and_then_applies(client: LspClient, root: Path) -> None:
    """As from Helix, which sends no cursor: it is where the last edit was, then where the server showed it."""
    uri = open_file(client, root, "shop.py", SHOP)
    offset = rename(client, uri)
    await wait_for(client, uri, offset)
    presses = 0
    while client.documents[uri].text != SHOP.replace("total(", NEW + "("):
        jumps, edits = len(client.seen.documents), len(client.seen.edits)
        await client.request("workspace/executeCommand", {"command": "ai-lsp.nextEdit"})
        await until(lambda: len(client.seen.documents) > jumps or len(client.seen.edits) > edits)
        presses += 1
        assert presses < 12
    shown = client.seen.documents[0]
    assert shown["uri"] == uri
    assert shown["takeFocus"] is True
    (change,) = client.seen.edits[0]["edit"]["documentChanges"]
    assert change["textDocument"]["uri"] == uri
    assert isinstance(change["textDocument"]["version"], int)


async def test_the_command_without_any_edit_says_so(client: LspClient, root: Path) -> None:
    open_file(client, root, "shop.py", SHOP)
    await client.request("workspace/executeCommand", {"command": "ai-lsp.nextEdit"})
    await until(lambda: any("edit something first" in said for said in messages(client)))


async def test_silence_says_why(client: LspClient, root: Path) -> None:
    uri = open_file(client, root, "shop.py", SHOP)
    assert (await ask(client, uri, 0)) == {"suggestions": []}
    why = await client.request("workspace/executeCommand", {"command": "ai-lsp.why"})
    assert why.startswith("No next edit in shop.py: nothing has been edited")
    asked = {"textDocument": {"uri": uri, "version": 77}, "position": {"line": 0, "character": 0}}
    assert (await client.request("aiLsp/nextEdit", asked)) == {"suggestions": []}
    why = await client.request("workspace/executeCommand", {"command": "ai-lsp.why"})
    assert "a version of the document that the server does not have" in why


async def test_an_ignored_file_gets_none_and_gives_none(client: LspClient, root: Path) -> None:
    (root / ".aiignore").write_text("secret.py\n")
    client.notify(
        "workspace/didChangeWatchedFiles", {"changes": [{"uri": (root / ".aiignore").as_uri(), "type": 1}]}
    )
    hidden = open_file(client, root, "secret.py", SHOP)
    uri = open_file(client, root, "shop.py", SHOP)
    offset = rename(client, hidden)
    client.change(uri, len(SHOP), len(SHOP), "\n")
    assert (await ask(client, hidden, offset)) == {"suggestions": []}
    why = await client.request("workspace/executeCommand", {"command": "ai-lsp.why"})
    assert "ignore file" in why
    await asyncio.sleep(0.5)
    assert (await ask(client, uri, offset)) == {"suggestions": []}


async def test_bursts_are_answered_all_and_stay_bounded(client: LspClient, root: Path) -> None:
    """A formatter, a branch switch: thousands of changes within seconds, and requests between them."""
    uri = open_file(client, root, "shop.py", SHOP)
    calls = []
    for number in range(2_000):
        client.change(uri, 0, 0, f"# {number}\n")
        if number % 20 == 0:
            asked = {"textDocument": {"uri": uri}, "position": {"line": 0, "character": 0}}
            calls.append(client.send("aiLsp/nextEdit", asked))
            await client.drain()
    answers = await asyncio.wait_for(asyncio.gather(*(call.answer for call in calls)), 20)
    assert all(set(answer) == {"suggestions"} for answer in answers)
    client.close(uri)
    assert (await client.request("aiLsp/nextEdit", {"textDocument": {"uri": uri}}))["suggestions"] == []


async def test_what_becomes_of_it_is_learned_and_kept_without_text(root: Path) -> None:
    """Dismissed again and again, the engine's edits are held to be less likely, also by the next session."""
    ends, said = root.parent / "state" / "ai-lsp" / "suggestions.jsonl", []
    for _ in range(2):
        async with session(root, {"next_edit": {"min_confidence": 0.2}, "shadow": {"enabled": False}}) as client:
            await ready(client)
            uri = open_file(client, root, "shop.py", SHOP)
            offset = rename(client, uri)
            found = await wait_for(client, uri, offset, context={"max": 9})
            said.append(next(each["confidence"] for each in found if each["kind"] == "edit"))
            for suggestion in found:
                dismiss = {"command": "ai-lsp.reject", "arguments": [suggestion["id"]]}
                await client.request("workspace/executeCommand", dismiss)
    assert said[1] < said[0]
    written = ends.read_text()
    assert '"event":"next"' in written
    assert "total" not in written
