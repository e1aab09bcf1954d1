"""Files that are renamed, deleted or change on disk while a next edit waits in them, and one file open twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ai_lsp.cli.lsp_client import LspClient
from tests.server.driving import open_file, ready, session, until_async
from tests.server.test_next_edit import NEW, OTHER, SHOP, ask, rename, root, wait_for

__all__ = ["root"]

SETTINGS: dict[str, Any] = {"next_edit": {"min_confidence": 0.2}, "shadow": {"enabled": False}}


async def in_other_files(client: LspClient, uri: str, offset: int) -> set[str]:
    found = (await ask(client, uri, offset, context={"max": 20}))["suggestions"]
    return {each["uri"].rsplit("/", 1)[-1] for each in found} - {"shop.py"}


@pytest.mark.parametrize("told", [True, False], ids=["told", "untold"])
async def test_a_renamed_file_is_led_to_by_its_new_name_or_not_at_all(root: Path, told: bool) -> None:
    async with session(root, SETTINGS) as client:
        await ready(client)
        uri = open_file(client, root, "shop.py", SHOP)
        offset = rename(client, uri)
        await wait_for(client, uri, offset)

        async def others() -> set[str]:
            return await in_other_files(client, uri, offset)

        await until_async(others, {"other.py"})
        old, new = root / "other.py", root / "moved.py"
        old.rename(new)
        if told:
            files = [{"oldUri": old.as_uri(), "newUri": new.as_uri()}]
            client.notify("workspace/didRenameFiles", {"files": files})
        await until_async(others, {"moved.py"} if told else set())


async def test_a_deleted_folder_takes_its_next_edits_along(root: Path) -> None:
    inner = root / "inner"
    inner.mkdir()
    (root / "other.py").rename(inner / "other.py")
    async with session(root, SETTINGS) as client:
        await ready(client)
        uri = open_file(client, root, "shop.py", SHOP)
        offset = rename(client, uri)

        async def others() -> set[str]:
            return await in_other_files(client, uri, offset)

        await until_async(others, {"other.py"})
        (inner / "other.py").unlink()
        inner.rmdir()
        client.notify("workspace/didDeleteFiles", {"files": [{"uri": inner.as_uri()}]})
        await until_async(others, set())


async def test_a_file_that_reads_otherwise_on_disk_is_never_edited_by_its_old_text(root: Path) -> None:
    async with session(root, SETTINGS) as client:
        await ready(client)
        uri = open_file(client, root, "shop.py", SHOP)
        offset = rename(client, uri)
        await wait_for(client, uri, offset)
        (root / "other.py").write_text("# other text\n" + OTHER)
        found = (await ask(client, uri, offset, context={"max": 20}))["suggestions"]
        for each in found:
            if each["uri"].endswith("other.py"):
                line = each["target"]["start"]["line"]
                assert "total" in ("# other text\n" + OTHER).split("\n")[line]


async def test_two_windows_on_one_file(root: Path) -> None:
    """Opened twice, the later text counts; closed once, it is closed; nothing of it is an error or a null."""
    async with session(root, SETTINGS) as client:
        await ready(client)
        uri = open_file(client, root, "shop.py", SHOP)
        offset = rename(client, uri)
        await wait_for(client, uri, offset)
        renamed = client.documents[uri].text
        client.notify(
            "textDocument/didOpen",
            {"textDocument": {"uri": uri, "version": 1, "languageId": "python", "text": renamed}},
        )
        params = {"textDocument": {"uri": uri, "version": 1}, "position": {"line": 0, "character": 4}}
        for suggestion in (await client.request("aiLsp/nextEdit", params))["suggestions"]:
            assert suggestion["version"] in (1, None)
        stale = params | {"textDocument": {"uri": uri, "version": 2}}
        assert (await client.request("aiLsp/nextEdit", stale)) == {"suggestions": []}
        client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
        change = {"textDocument": {"uri": uri, "version": 3}, "contentChanges": [{"text": "x = 1\n"}]}
        client.notify("textDocument/didChange", change)
        assert (await client.request("aiLsp/nextEdit", params)) == {"suggestions": []}
        assert NEW in renamed
