"""Typing with the embedded predictor alone: what is shown stays, grows, and is never late or doubled."""

from __future__ import annotations

from pathlib import Path

from ai_lsp.cli.lsp_client import LspClient
from tests.server.driving import inline, open_file, ready, session, until_async, until_shown

LINE = "    self.connection = open_connection(self.address)\n"
BODY = f"def start(self):\n{LINE}    self.connection.start()\n"


async def learned(client: LspClient, root: Path, text: str) -> str:
    """The document's uri, once the predictor knows the workspace and says how the text goes on."""
    await until_async(lambda: indexed(client), True)
    uri = open_file(client, root, "a.py", text)
    await until_shown(client, uri, len(text), "nection")
    return uri


async def test_what_is_shown_is_never_replaced_while_it_is_typed(tmp_path: Path) -> None:
    for name in "bcdef":
        (tmp_path / f"{name}.py").write_text(BODY)
    async with session(tmp_path, {}) as client:
        text = BODY[: BODY.index("nection =")]
        uri = await learned(client, tmp_path, text)
        shown = ""
        for key in LINE[LINE.index("nection =") : -4]:
            found = await inline(client, uri, len(text))
            if shown:
                assert found
                assert found[0].startswith(shown)
            shown = found[0].removeprefix(key) if found and found[0].startswith(key) else ""
            client.change(uri, len(text), len(text), key)
            text += key


async def test_an_accepted_suggestion_leads_to_the_next(tmp_path: Path) -> None:
    for name in "bcdef":
        (tmp_path / f"{name}.py").write_text(BODY)
    async with session(tmp_path, {}) as client:
        text = BODY[: BODY.index("nection =")]
        uri = await learned(client, tmp_path, text)
        offset = len(text)
        for _ in range(4):  # accept until the line is whole
            items = client.inline_items(uri, offset, await client.ask_inline(uri, offset).answer)
            if not items:
                break
            offset = client.accept(uri, items[0])
        assert client.documents[uri].text == BODY[: len(client.documents[uri].text)]
        assert offset > len(text) + 20


async def test_text_removed_right_after_opening_is_remembered(tmp_path: Path) -> None:
    """Whether a file may be read is asked aside; what is typed and removed meanwhile is not lost."""
    async with session(tmp_path, {}) as client:
        await ready(client)
        text = "alpha = 1\nwindow_telescope = build_tower(alpha, 17)\nomega = 2\n"
        uri = open_file(client, tmp_path, "a.py", text)
        line = text.index("window_tel")
        client.change(uri, line, text.index("omega"), "")
        client.change(uri, line, line, "window_telescope = bu\n")
        await until_shown(client, uri, line + len("window_telescope = bu"), "ild_tower")


async def test_files_named_in_the_settings_are_not_learned_from(tmp_path: Path) -> None:
    for name in "bcdef":
        (tmp_path / f"{name}_private.py").write_text(BODY)
    options = {"privacy": {"ignore": ["*_private.py"]}, "completion": {"min_confidence": 0.1}}
    async with session(tmp_path, options) as client:
        await ready(client)
        text = BODY[: BODY.index("nection =")]
        uri = open_file(client, tmp_path, "a.py", text)
        await until_async(lambda: indexed(client), True)
        assert not any(shown.startswith("nection") for shown in await inline(client, uri, len(text)))


async def indexed(client: LspClient) -> bool:
    status = await client.request("aiLsp/status", {})
    return bool(status["ready"]) and status["local"]["state"] == "ready"


async def test_a_folder_added_while_running_is_learned_from(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    other = tmp_path / "two"
    other.mkdir()
    for name in "bcdef":
        (other / f"{name}.py").write_text(BODY)
    async with session(tmp_path / "one", {}) as client:
        await ready(client)
        text = BODY[: BODY.index("nection =")]
        uri = open_file(client, other, "a.py", text)
        event = {"added": [{"uri": other.as_uri(), "name": "two"}], "removed": []}
        client.notify("workspace/didChangeWorkspaceFolders", {"event": event})

        async def files() -> int:
            return int((await client.request("aiLsp/status", {}))["local"]["files"])

        await until_async(files, 5)  # what is shown before would stay on the screen
        await until_shown(client, uri, len(text), "nection")
