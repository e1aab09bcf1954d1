"""What ruff (its default rules) and ty say of a text, as language servers: a bug they notice is not ours to
find."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ai_lsp.cli.lsp_client import DEFAULT_CAPABILITIES, LspClient

_BIN = Path(sys.executable).parent
COMMANDS = ([str(_BIN / "ruff"), "server"], [str(_BIN / "ty"), "server"])


class Checkers:
    """Both servers in one folder, asked about one file after another."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._clients: list[LspClient] = []

    async def __aenter__(self) -> Self:
        text_document = {**DEFAULT_CAPABILITIES["textDocument"], "diagnostic": {}}
        capabilities = {**DEFAULT_CAPABILITIES, "textDocument": text_document}
        options = {
            "settings": {"lint": {"select": ["E4", "E7", "E9", "F"]}, "configurationPreference": "editorOnly"}
        }
        for command in COMMANDS:
            client = await LspClient.start(command, self._root, capabilities=capabilities, options=options)
            self._clients.append(client)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for client in self._clients:
            await client.kill()

    def open(self, path: Path, text: str) -> None:
        """Show a file to both."""
        for client in self._clients:
            client.open(path.as_uri(), text)

    def close(self, path: Path) -> None:
        """Take it back."""
        for client in self._clients:
            client.close(path.as_uri())

    async def said(self, path: Path, text: str) -> Counter[tuple[str, str]]:
        """What both say of the text, without its places: code and message."""
        out: Counter[tuple[str, str]] = Counter()
        for client in self._clients:
            mirror = client.documents[path.as_uri()]
            client.change(path.as_uri(), 0, len(mirror.text), text)
            params = {"textDocument": {"uri": path.as_uri()}}
            report: Any = await client.request("textDocument/diagnostic", params, timeout=60.0)
            out.update((str(d.get("code")), d["message"]) for d in report.get("items", ()))
        return out
