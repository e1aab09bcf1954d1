"""What becomes of suggestions, as the real server sees it from any editor, and what `ai-lsp stats` says of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ai_lsp.cli import stats
from ai_lsp.cli.lsp_client import LspClient
from ai_lsp.lsp.journal import read_journal
from tests.scripted_model import ScriptedModel
from tests.server.driving import open_file, ready, route, session

TEXT = "alpha = 1\nbeta = \nomega = 3\n"
AT = TEXT.index("beta = ") + len("beta = ")
REPLY = "compute(2)"


@pytest.fixture
async def model() -> AsyncIterator[ScriptedModel]:
    async with ScriptedModel(dialect="llamacpp") as running:
        running.change(reply=REPLY)
        yield running


async def shown(client: LspClient, uri: str, offset: int = AT) -> Any:
    return (await client.ask_inline(uri, offset).answer)["items"][0]


def journal(root: Path) -> list[dict[str, Any]]:
    return list(read_journal(root.parent / "state" / "ai-lsp" / "suggestions.jsonl"))


async def events(root: Path, last: str) -> list[str]:
    for _ in range(100):
        found = [str(e["event"]) for e in journal(root)]
        if found and found[-1] == last:
            return found
        await asyncio.sleep(0.05)
    raise AssertionError(found)


async def test_acceptance_is_believed_or_seen_in_the_text(
    tmp_path: Path, model: ScriptedModel, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "work"
    root.mkdir()
    options = route(model.url) | {"completion": {"min_confidence": 1.0}}  # the embedded predictor is quiet
    async with session(root, options) as client:
        await ready(client)

        # By the command, with the text following, as VS Code does.
        uri = open_file(client, root, "a.py", TEXT)
        item = await shown(client, uri)
        client.change(uri, AT, AT, REPLY)
        await client.request("workspace/executeCommand", item["command"])
        assert await events(root, "accepted") == ["shown", "accepted"]

        # By the text alone: whole, a word of it, key by key, something else.
        for name, typed, event in [
            ("b", [REPLY], "accepted"), ("c", ["compute"], "partly"), ("d", list(REPLY), "typed"),
        ]:  # fmt: skip
            uri = open_file(client, root, f"{name}.py", TEXT)
            await shown(client, uri)
            at = AT
            for keys in typed:
                client.change(uri, at, at, keys)
                at += len(keys)
            assert (await events(root, event))[-2:] == ["shown", event]
        uri = open_file(client, root, "e.py", TEXT)
        await shown(client, uri)
        await asyncio.sleep(0.8)  # long enough to have been seen
        client.change(uri, AT, AT, "z")
        assert (await events(root, "left"))[-2:] == ["shown", "left"]
        client.process.kill()  # nothing may be lost by it
        await client.process.wait()

    assert REPLY not in (tmp_path / "state" / "ai-lsp" / "suggestions.jsonl").read_text()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert stats.main(["--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert (figures["shown"], figures["accepted"], figures["partly"]) == (5, 2, 1)
    assert (figures["typed_by_hand"], figures["left"]) == (1, 1)
    assert figures["keystrokes_saved"] == 2 * (len(REPLY) - 1) + len("compute") - 1
    assert figures["routes"]["model"]["shown"] == 5
    assert stats.main([]) == 0
    assert "keys saved" in capsys.readouterr().out
    assert stats.main(["--reset"]) == 0
    capsys.readouterr()
    assert stats.main([]) == 0
    assert "Nothing has been suggested yet" in capsys.readouterr().out


async def test_what_is_never_taken_is_held_back_but_not_for_ever(tmp_path: Path, model: ScriptedModel) -> None:
    root = tmp_path / "work"
    root.mkdir()
    state = tmp_path / "state" / "ai-lsp"
    state.mkdir(parents=True)
    row = [1.0, 0.0, 0.0, -0.13, 0.0, 0.0, 0.0, 0.0, 0.0, -0.3, 0.6]
    line = json.dumps({"at": 1, "event": "dismissed", "origin": "model", "x": row})
    (state / "suggestions.jsonl").write_text(f"{line}\n" * 400 + "torn by kill -9")
    async with session(root, route(model.url)) as client:
        await ready(client)
        uri = open_file(client, root, "a.py", TEXT)
        answers = [len((await client.ask_inline(uri, AT).answer)["items"]) for _ in range(24)]
        assert answers[:11] == [0] * 11
        assert 1 in answers  # one in twelve, to learn whether it is wanted now
        by_hand = await client.ask_inline(uri, AT, trigger=1).answer
        assert len(by_hand["items"]) == 1
    async with session(root, route(model.url) | {"completion": {"learning": False}}) as client:
        await ready(client)
        uri = open_file(client, root, "a.py", TEXT)
        assert len((await client.ask_inline(uri, AT).answer)["items"]) == 1
