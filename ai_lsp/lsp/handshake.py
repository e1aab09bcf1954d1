"""The answer to `initialize`: what the server can do. Needs no pygls, so it can go out before pygls loads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ai_lsp.lsp.features import pulls_diagnostics

COMMANDS = (
    "ai-lsp.accept",
    "ai-lsp.reject",
    "ai-lsp.why",
    "ai-lsp.status",
    "ai-lsp.snooze",
    "ai-lsp.nextEdit",
    "ai-lsp.nextAction",
    "ai-lsp.edit",
    "ai-lsp.shellCommand",
    "ai-lsp.review",
    "ai-lsp.fix",
    "ai-lsp.explainFinding",
    "ai-lsp.dismissFinding",
    "ai-lsp.apply",
)
"""Commands that work today; a name is listed from the day it works, not before."""

ACTION_KINDS = ("quickfix", "refactor.rewrite")

WATCH: Mapping[str, Any] = {
    "id": "ai-lsp.files",
    "method": "workspace/didChangeWatchedFiles",
    "registerOptions": {"watchers": [{"globPattern": "**/*"}]},
}
"""The embedded predictor follows what other programs do to the files."""


MOVED: Mapping[str, Any] = {"filters": [{"scheme": "file", "pattern": {"glob": "**"}}]}


def initialize_result(version: str, params: Any = None) -> dict[str, Any]:
    """The InitializeResult: positions are UTF-16, changes incremental.

    It depends on the client in one thing: some take diagnostics only by asking once they may ask, and cannot be
    told to ask again (eglot): those are not offered to ask.
    """
    pulls = isinstance(params, Mapping) and pulls_diagnostics(params)
    diagnostics = {"interFileDependencies": False, "workspaceDiagnostics": False, "identifier": "ai-lsp"}
    return {
        "capabilities": {
            **({"diagnosticProvider": diagnostics} if pulls else {}),
            "positionEncoding": "utf-16",
            "textDocumentSync": {"openClose": True, "change": 2, "save": {"includeText": False}},
            # An empty object reads as "no" to some clients (lsp-mode with plists), so it has a member.
            "inlineCompletionProvider": {"workDoneProgress": False},
            "completionProvider": {"resolveProvider": False, "triggerCharacters": []},
            # Every action is a command, so there is nothing to resolve: Helix and eglot stand still meanwhile.
            "codeActionProvider": {"codeActionKinds": list(ACTION_KINDS), "resolveProvider": False},
            "executeCommandProvider": {"commands": list(COMMANDS)},
            "workspace": {
                "workspaceFolders": {"supported": True, "changeNotifications": True},
                "fileOperations": {"didRename": MOVED, "didDelete": MOVED},
            },
        },
        "serverInfo": {"name": "ai-lsp", "version": version},
    }


def is_initialize(message: Any) -> bool:
    """Whether a message is a well-formed `initialize` request."""
    return (
        isinstance(message, dict)
        and message.get("method") == "initialize"
        and isinstance(message.get("id"), int | str)
        and isinstance(message.get("params"), Mapping)
    )
