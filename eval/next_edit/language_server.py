"""The same questions, put to a language server over stdio as an editor would put them."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import unquote

from ai_lsp.text.document import utf16_to_index
from eval.lines.language_server import LanguageServer
from eval.lines.repository import Commit, Hunk, Repository
from eval.next_edit.cases import Workspace
from eval.next_edit.score import Shown

METHOD = "aiLsp/nextEdit"
_STEP_S = 0.12
"""Between two edits: nobody makes hunks faster, and a server may take a burst of changes for a branch switch."""


class OverLsp:
    """A language server on a scratch folder that follows the commits' trees."""

    def __init__(self, repository: Repository, command: str, least: float, least_jump: float) -> None:
        options = {"next_edit": {"min_confidence": least, "jump_confidence": least_jump, "hints": "off"}}
        self._server = LanguageServer(repository, command, 0.6, options)

    def commit(self, commit: Commit) -> None:
        self._server.commit(commit)
        for path in dict.fromkeys(h.path for h in commit.hunks):
            self._server.ensure(path)

    def applied(self, workspace: Workspace, hunk: Hunk) -> None:
        time.sleep(_STEP_S)
        at = workspace.apply(hunk)
        self._server.become(hunk.path, list(workspace.lines(hunk.path)))
        lines = self._server.lines(hunk.path)
        row = min(max(0, at + len(hunk.new) - 1), len(lines) - 1)
        self._cursor = hunk.path, row, len(lines[row].encode("utf-16-le", "surrogatepass")) // 2

    def ask(self) -> tuple[Shown | None, Shown | None]:
        path, row, column = self._cursor
        server = self._server
        document = {"uri": server.uri(path), "version": server.version(path)}
        position = {"line": row, "character": column}
        asked = {"textDocument": document, "position": position, "context": {"triggerKind": 2}}
        answer = server.connection.request(METHOD, asked)
        found = answer.get("suggestions") if isinstance(answer, dict) else None
        shown = self._shown(found[0]) if found else None
        return (None, shown) if shown is not None and shown.is_jump else (shown, None)

    def _shown(self, suggestion: dict[str, Any]) -> Shown:
        path = unquote(suggestion["uri"].removeprefix(self._server.uri("")).lstrip("/"))
        sure = float(suggestion.get("confidence", 1.0))
        if suggestion.get("kind") == "jump":
            return Shown(path, suggestion["target"]["start"]["line"], [], [], True, sure)
        edit = suggestion["edits"][0]
        lines = self._server.lines(path)
        start, end = edit["range"]["start"], edit["range"]["end"]
        old = lines[start["line"] : end["line"] + 1]
        first, last = lines[start["line"]], lines[end["line"]] if end["line"] < len(lines) else ""
        text = (
            first[: utf16_to_index(first, start["character"])]
            + edit["newText"].replace("\r\n", "\n")
            + last[utf16_to_index(last, end["character"]) :]
        )
        return Shown(path, start["line"], list(old), text.split("\n"), False, sure)

    def close(self) -> None:
        self._server.close()
