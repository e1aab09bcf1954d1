"""Code actions of several services: put together, filtered by kind, in the form that each client takes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from ai_lsp.lsp import features
from ai_lsp.lsp.actions import QUICK_FIX, command_action, gather
from ai_lsp.lsp.services.service import Service
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Span

CLIENTS = sorted((Path(__file__).parents[1] / "clients").glob("*.json"))
SNAPSHOT = DocumentSnapshot("file:///a.py", 1, "python", "x = 1\ny = 2\n")
WHERE = {"start": {"line": 1, "character": 0}, "end": {"line": 1, "character": 5}}


class Fixer(Service):
    def __init__(self) -> None:
        pass

    def code_actions(
        self, document: DocumentSnapshot, span: Span, context: Mapping[str, Any]
    ) -> Sequence[Mapping[str, Any]]:
        assert document.slice(span.start, span.end) == "y = 2"
        found = context.get("diagnostics", [])
        return [command_action("Fix", "ai-lsp.fix", [1], kind=QUICK_FIX, diagnostics=found, is_preferred=True)]


class Broken(Fixer):
    def code_actions(self, *_: object) -> Sequence[Mapping[str, Any]]:
        raise ZeroDivisionError


class Rewriter(Fixer):
    def code_actions(self, *_: object) -> Sequence[Mapping[str, Any]]:
        return [command_action("Rewrite", "ai-lsp.edit")]


def ask(client: Path, **context: Any) -> list[Mapping[str, Any]]:
    declared = features.resolve(json.loads(client.read_text(encoding="utf-8")))
    params = {"range": WHERE, "context": context}
    return gather(params, SNAPSHOT, [Broken(), Fixer(), Rewriter()], declared)


@pytest.mark.parametrize("client", CLIENTS, ids=lambda path: path.name.partition(".initialize")[0])
def test_every_action_is_a_command_and_nothing_the_client_did_not_declare(client: Path) -> None:
    problem = {"message": "y is never used", "range": WHERE}
    fix, rewrite = ask(client, diagnostics=[problem], triggerKind=1)
    assert fix["command"] == {"title": "Fix", "command": "ai-lsp.fix", "arguments": [1]}
    assert (fix["diagnostics"], fix["isPreferred"], rewrite["kind"]) == ([problem], True, "refactor.rewrite")
    assert not any("edit" in each for each in (fix, rewrite))
    assert ("tags" in fix) == client.name.startswith("vscode")


@pytest.mark.parametrize(
    ("only", "titles"),
    [
        ([], ["Fix", "Rewrite"]),
        ([""], ["Fix", "Rewrite"]),
        (["refactor"], ["Rewrite"]),
        (["refactor.rewrite"], ["Rewrite"]),
        (["refactor.rewrite.more"], []),
        (["quick"], []),
        (["source.organizeImports"], []),
    ],
)
def test_only_the_kinds_that_were_asked_for(only: list[str], titles: list[str]) -> None:
    assert [each["title"] for each in ask(CLIENTS[0], diagnostics=[], only=only)] == titles


def test_a_client_that_knows_commands_only_gets_commands() -> None:
    params = {"range": WHERE, "context": None}
    (command,) = gather(params, SNAPSHOT, [Rewriter()], features.resolve({}))
    assert command == {"title": "Rewrite", "command": "ai-lsp.edit", "arguments": []}
