"""The answer to `initialize`: what the server can do. Needs no pygls, so it can go out before pygls loads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

COMMANDS = ("ai-lsp.accept", "ai-lsp.reject", "ai-lsp.why", "ai-lsp.status")
"""Commands that work today; a name is listed from the day it works, not before."""

ACTION_KINDS = ("quickfix", "refactor.rewrite")


def initialize_result(version: str) -> dict[str, Any]:
    """The InitializeResult, the same for every client: positions are UTF-16, changes incremental."""
    return {
        "capabilities": {
            "positionEncoding": "utf-16",
            "textDocumentSync": {"openClose": True, "change": 2, "save": {"includeText": False}},
            # An empty object reads as "no" to some clients (lsp-mode with plists), so it has a member.
            "inlineCompletionProvider": {"workDoneProgress": False},
            "completionProvider": {"resolveProvider": False, "triggerCharacters": []},
            # Every action is a command, so there is nothing to resolve: Helix and eglot stand still meanwhile.
            "codeActionProvider": {"codeActionKinds": list(ACTION_KINDS), "resolveProvider": False},
            "executeCommandProvider": {"commands": list(COMMANDS)},
            "workspace": {"workspaceFolders": {"supported": True, "changeNotifications": True}},
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
