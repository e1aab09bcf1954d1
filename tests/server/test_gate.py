"""The gate in the real server: what the model gets for a secret, what the user gets back, and what is noted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ai_lsp.context.ledger import read_ledger
from tests.scripted_model import Received, ScriptedModel
from tests.server.driving import inline, messages, open_file, ready, route, session

KEY = "sk-proj-Zx9yW8vU7tS6rQ5pO4nM3lK2"


def placeholder_in(request: Received) -> str:
    """The model's reply: whatever it was sent in place of the key."""
    text = json.dumps(request.body)
    start = text.index("SECRET_openai_")
    return text[start : start + len(text)].split("\\")[0].split('"')[0]


async def test_the_model_works_with_a_placeholder_and_the_user_sees_the_key(tmp_path: Path) -> None:
    async with ScriptedModel(dialect="llamacpp", reply=placeholder_in) as model:
        async with session(tmp_path, route(model.url)) as client:
            await ready(client)
            text = f'KEY = "{KEY}"\nother = '
            uri = open_file(client, tmp_path, "a.py", text)
            assert (await inline(client, uri, len(text)))[0] == KEY
        assert KEY not in json.dumps(model.requests[0].body)
        assert "SECRET_openai_" in json.dumps(model.requests[0].body)


async def test_in_a_secret_the_model_is_not_asked_and_why_says_so(tmp_path: Path) -> None:
    async with (
        ScriptedModel(dialect="llamacpp", reply="x") as model,
        session(tmp_path, route(model.url)) as client,
    ):
        await ready(client)
        text = 'password = "hun'
        uri = open_file(client, tmp_path, "a.py", text)
        for _ in range(5):  # refused requests are no failures: the model is not given a rest
            assert await inline(client, uri, len(text)) == []
        assert model.requests == []
        why = await client.request("workspace/executeCommand", {"command": "ai-lsp.why"})
        assert "nothing was sent to the model" in why
        assert "secret" in why
        assert messages(client) == [why]
        status = await client.request("aiLsp/status", {})
        assert status["routes"]["completion"]["state"] == "ready"
        client.change(uri, len(text), len(text), 'ter2"\nx = ')
        assert await inline(client, uri, len(client.documents[uri].text)) == ["x"]
        assert "hunter2" not in json.dumps(model.requests[0].body)


async def entries(tmp_path: Path, **more: Any) -> list[Any]:
    """What the ledger holds after one completion and one that was refused."""
    async with ScriptedModel(dialect="llamacpp", reply="x") as model:
        async with session(tmp_path, {**route(model.url), **more}) as client:
            await ready(client)
            uri = open_file(client, tmp_path, "a.py", f'KEY = "{KEY}"\nx = ')
            await inline(client, uri, len(client.documents[uri].text))
            uri = open_file(client, tmp_path, "b.py", 'password = "hun')
            await inline(client, uri, len(client.documents[uri].text))
        path = tmp_path.parent / "state" / "ai-lsp" / "egress.jsonl"
        found = list(read_ledger(path))
        path.unlink(missing_ok=True)
        assert all(entry.endpoint == model.url for entry in found)
        return found


async def test_the_ledger_is_written_by_the_time_the_server_has_ended(tmp_path: Path) -> None:
    root = tmp_path / "project"
    root.mkdir()
    sent, refused = await entries(root)
    assert (sent.model, sent.replaced, sent.refused) == ("tab", 1, "")
    assert (refused.sha256, refused.chars) == ("", 0)
    assert "secret" in refused.refused
    assert await entries(root, privacy={"ledger": False}) == []
