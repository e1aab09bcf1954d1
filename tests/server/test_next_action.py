"""The next action over the wire: offered where the edit was, copied, never run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.server.driving import messages, open_file, ready, session, until, until_async

TEXT = "def test_total():\n    assert total([]) == 0\n\n\n" + "# more\n" * 20
COMMAND = "python -m pytest test_shop.py::test_total"
COPIES = {
    "experimental": {"aiLsp": {"copy": True}},
    "textDocument": {"codeAction": {"codeActionLiteralSupport": {}}},
}


async def test_a_changed_test_is_offered_to_be_run_and_is_not(tmp_path: Path) -> None:
    async with session(tmp_path, {}, initialize={"capabilities": COPIES}) as client:
        await ready(client)
        uri = open_file(client, tmp_path, "test_shop.py", TEXT)

        async def titles(line: int) -> list[str]:
            place = {"line": line, "character": 0}
            asked = {
                "textDocument": {"uri": uri},
                "range": {"start": place, "end": place},
                "context": {"diagnostics": []},
            }
            found: list[Any] = await client.request("textDocument/codeAction", asked)
            actions.clear()
            actions.extend(each for each in found if each["title"].startswith("Copy the command"))
            return [each["title"] for each in actions]

        actions: list[Any] = []
        assert await titles(1) == []
        at = TEXT.index("== 0") + 3
        client.change(uri, at, at + 1, "1")

        async def here() -> list[str]:
            return await titles(1)

        await until_async(here, [f"Copy the command: {COMMAND}"])
        assert await titles(20) == []
        await titles(1)
        said = await client.request("workspace/executeCommand", actions[0]["command"])
        assert said.startswith(COMMAND)
        assert "not run" in said
        await until(lambda: any(m["method"] == "aiLsp/copy" for m in client.seen.notifications))
        assert await titles(1) == []
        await client.request("workspace/executeCommand", {"command": "ai-lsp.nextAction"})
        await until(lambda: any("no command is due" in each for each in messages(client)))
