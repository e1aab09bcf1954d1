"""The right silence, through the real server: dismissals, snoozing, undo, several cursors, removed text."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ai_lsp.cli.lsp_client import LspClient
from tests.scripted_model import ScriptedModel
from tests.server.driving import open_file, ready, route, session

TEXT = "alpha = 1\nbeta = \nomega = 3\n"
AT = TEXT.index("beta = ") + len("beta = ")


@pytest.fixture
async def model() -> AsyncIterator[ScriptedModel]:
    async with ScriptedModel(dialect="llamacpp") as running:
        running.change(reply="compute(2)")
        yield running


async def items(client: LspClient, uri: str, offset: int, trigger: int = 2) -> list[Any]:
    return list((await client.ask_inline(uri, offset, trigger=trigger).answer)["items"])


async def why(client: LspClient) -> str:
    return str(await client.request("workspace/executeCommand", {"command": "ai-lsp.why", "arguments": []}))


async def run(client: LspClient, command: str, *arguments: Any) -> Any:
    return await client.request("workspace/executeCommand", {"command": command, "arguments": list(arguments)})


async def test_what_was_dismissed_is_not_offered_again_at_once(tmp_path: Path, model: ScriptedModel) -> None:
    async with session(tmp_path, route(model.url)) as client:
        await ready(client)
        uri = open_file(client, tmp_path, "a.py", TEXT)
        [item] = await items(client, uri, AT)
        await run(client, "ai-lsp.reject", *item["command"]["arguments"])
        assert await items(client, uri, AT) == []
        assert "dismissed on this line" in await why(client)
        assert len(await items(client, uri, AT, trigger=1)) == 1  # by hand
        assert len(await items(client, uri, len(TEXT))) == 1  # another line


async def test_snoozing_is_quiet_until_it_is_ended(tmp_path: Path, model: ScriptedModel) -> None:
    async with session(tmp_path, route(model.url)) as client:
        await ready(client)
        uri = open_file(client, tmp_path, "a.py", TEXT)
        assert "quiet for 5 min" in await run(client, "ai-lsp.snooze", 5)
        assert await items(client, uri, AT) == []
        assert "snoozed" in await why(client)
        await run(client, "ai-lsp.snooze", 0)
        assert len(await items(client, uri, AT)) == 1


async def test_a_path_without_suggestions(tmp_path: Path, model: ScriptedModel) -> None:
    options = route(model.url) | {"completion": {"disabled_paths": ["docs/**"]}}
    async with session(tmp_path, options) as client:
        await ready(client)
        (tmp_path / "docs").mkdir()
        uri = open_file(client, tmp_path, "docs/a.py", TEXT)
        assert await items(client, uri, AT) == []
        assert "disabled_paths" in await why(client)


async def test_after_an_undo_and_with_several_cursors_it_is_quiet(tmp_path: Path, model: ScriptedModel) -> None:
    async with session(tmp_path, route(model.url)) as client:
        await ready(client)
        uri = open_file(client, tmp_path, "a.py", TEXT)
        client.change(uri, AT, AT, "comp")
        assert len(await items(client, uri, AT + 4)) == 1
        client.change(uri, AT, AT + 4, "")  # what the editor's undo does
        assert await items(client, uri, AT) == []
        assert "undo" in await why(client)
        client.change(uri, AT, AT, "q")
        client.change(uri, AT, AT + 1, "")  # a backspace
        assert await items(client, uri, AT) == []
        assert "deleted" in await why(client)
        assert len(await items(client, uri, AT, trigger=1)) == 1  # by hand
        client.change(uri, AT, AT, "w")
        client.change(uri, AT, AT + 1, "")
        assert len(await items(client, uri, AT)) == 1  # known by now: a mended typo brings back what stood there


async def test_removed_text_does_not_come_back_until_it_is_typed_again(
    tmp_path: Path, model: ScriptedModel
) -> None:
    full = TEXT.replace("beta = ", "beta = compute(2)")
    async with session(tmp_path, route(model.url)) as client:
        await ready(client)
        uri = open_file(client, tmp_path, "a.py", full)
        client.change(uri, 0, 0, "# a note\n")
        at = AT + len("# a note\n")
        client.change(uri, at, at + len("compute(2)"), "")
        assert await items(client, uri, at) == []
        assert "bring back" in await why(client)
        client.change(uri, at, at, "c")
        model.change(reply="ompute(2)")
        assert len(await items(client, uri, at + 1)) == 1


async def test_one_removal_right_after_opening_silences_nothing(tmp_path: Path, model: ScriptedModel) -> None:
    """Whoever opens a file, takes a piece out and asks for it must be answered."""
    full = TEXT.replace("beta = ", "beta = compute(2)")
    async with session(tmp_path, route(model.url)) as client:
        await ready(client)
        uri = open_file(client, tmp_path, "a.py", full)
        client.change(uri, AT, AT + len("compute(2)"), "")
        assert len(await items(client, uri, AT)) == 1


async def test_comments_and_strings_are_quiet_where_a_setting_says_so(
    tmp_path: Path, model: ScriptedModel
) -> None:
    options = route(model.url) | {"completion": {"in_comments": False, "in_strings": False}}
    async with session(tmp_path, options) as client:
        await ready(client)
        text = '# a\nb = "c"\nd = \n'
        uri = open_file(client, tmp_path, "a.py", text)
        for at, said in ((text.index("a\n") + 1, "comment"), (text.index('c"') + 1, "string")):
            assert await items(client, uri, at) == []
            assert said in await why(client)
        assert len(await items(client, uri, text.index("d = ") + 4)) == 1
