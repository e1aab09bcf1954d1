"""Typing with the embedded predictor alone: what is shown stays, grows, and is never late or doubled."""

from __future__ import annotations

from pathlib import Path

from ai_lsp.cli.lsp_client import LspClient
from tests.server.driving import inline, open_file, session, until_shown

LINE = "    self.connection = open_connection(self.address)\n"
BODY = f"def start(self):\n{LINE}    self.connection.start()\n"


async def learned(client: LspClient, root: Path, text: str) -> str:
    """The document's uri, once the predictor knows the workspace and says how the text goes on."""
    uri = open_file(client, root, "a.py", text)
    await until_shown(client, uri, len(text), "nection = ")
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
