"""Every captured editor edits: a finding is mended, an instruction followed, a next edit made, a sketch applied.

Each message that the server sends meanwhile is held against what this editor declared to understand.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ai_lsp.cli.lsp_client import LspClient
from tests.scripted_model import ScriptedModel
from tests.server.driving import COMMAND
from tests.server.test_instruct import REPLY, SHOP, WANTED
from tests.server.test_review import COPIED

OPTIONS: dict[str, Any] = {"next_edit": {"min_confidence": 0.2}, "shadow": {"enabled": False}}
MENDED = COPIED.removesuffix("right\n") + "bottom\n"
FREIGHT = "def freight(orders):\n    return sum(orders)\n\n\nprint(freight([]) / 2)\nreport = [freight([]), 3]\n"
RENAMED = FREIGHT.replace("freight", "freight_cost")
SKETCH = "<<<<<<< SEARCH\nprint(1)\n=======\nprint(2)\n>>>>>>> REPLACE\n"
HAS_DOCUMENT_CHANGES = {"Neovim"}
"""It does not declare them; tests/editors shows that it checks their versions."""


async def test_what_each_editor_is_sent_is_what_it_declared(params: dict[str, Any], tmp_path: Path) -> None:
    async with ScriptedModel(dialect="openai", reply=REPLY) as model:
        big = {"api": "openai", "url": model.url, "model": "any-chat", "timeout_s": 30}
        options = {**OPTIONS, "models": {"big": big}, "routes": {"edit": "big"}}
        given = {"rootUri": None, "workspaceFolders": None, **params}
        given["initializationOptions"] = {**(params.get("initializationOptions") or {}), **options}
        home = {f"XDG_{name}_HOME": str(tmp_path.parent / name) for name in ("CONFIG", "CACHE", "STATE")}
        async with await LspClient.start(COMMAND, tmp_path, initialize=given, environment=home) as client:
            editor = Editor(client, params, tmp_path)
            await editor.ready()
            await editor.mends_a_finding()
            await editor.edits_as_instructed()
            await editor.goes_to_the_next_edit()
            await editor.applies_a_sketch()
            assert list(undeclared(params, client)) == []


class Editor:
    """A captured editor that does what its user would."""

    def __init__(self, client: LspClient, params: Mapping[str, Any], root: Path) -> None:
        self.client, self.root = client, root
        self._declared = at(params, "capabilities", "textDocument", "codeAction")

    async def ready(self) -> None:
        for _ in range(400):
            status = await self.client.request("aiLsp/status", {})
            if status["ready"] and status["routes"].get("edit", {}).get("state") == "ready":
                return
            await asyncio.sleep(0.02)
        raise AssertionError(status)

    def open(self, name: str, text: str) -> str:
        (self.root / name).write_text(text, encoding="utf-8")
        uri = (self.root / name).as_uri()
        self.client.open(uri, text)
        return uri

    async def becomes(self, uri: str, text: str) -> None:
        for _ in range(400):
            if self.client.documents[uri].text == text:
                return
            await asyncio.sleep(0.02)
        raise AssertionError(self.client.documents[uri].text)

    async def command(self, name: str, *arguments: Any) -> Any:
        call = {"command": name, "arguments": list(arguments)}
        return await self.client.request("workspace/executeCommand", call)

    async def choose_action(self, uri: str, lines: tuple[int, int], title: str) -> None:
        """Runs an action of the menu once it is offered, as the editor declared that it takes them."""
        start, end = ({"line": line, "character": 0} for line in lines)
        document = {"uri": uri}
        asked = {"textDocument": document, "range": {"start": start, "end": end}, "context": {"diagnostics": []}}
        for _ in range(400):
            found = await self.client.request("textDocument/codeAction", asked)
            assert [fault for action in found for fault in faults_of_action(action, self._declared)] == []
            if chosen := next((a for a in found if a["title"].startswith(title)), None):
                command = chosen["command"] if isinstance(chosen["command"], Mapping) else chosen
                assert await self.command(command["command"], *command["arguments"]) is None
                return
            await asyncio.sleep(0.02)
        raise AssertionError(f"{title} is not offered: {[a['title'] for a in found]}")

    async def mends_a_finding(self) -> None:
        uri = self.open("move.py", COPIED)
        await self.choose_action(uri, (4, 4), "Change `right` to `bottom`")
        await self.becomes(uri, MENDED)

    async def edits_as_instructed(self) -> None:
        uri = self.open("shop.py", SHOP)
        self.client.answers.append("Apply")  # where the server has to ask itself
        await self.choose_action(uri, (3, 12), "Add types with AI")
        await self.becomes(uri, WANTED)

    async def goes_to_the_next_edit(self) -> None:
        uri = self.open("orders.py", FREIGHT)
        at_name = FREIGHT.index("freight")
        self.client.change(uri, at_name, at_name + len("freight"), "freight_cost")
        for _ in range(60):
            if self.client.documents[uri].text == RENAMED:
                return
            await self.command("ai-lsp.nextEdit")
            await asyncio.sleep(0.15)
        raise AssertionError(self.client.documents[uri].text)

    async def applies_a_sketch(self) -> None:
        uri = self.open("print.py", "import os\n\n\nprint(1)\n")
        self.client.answers.append("Apply")
        await self.command("ai-lsp.apply", {"uri": uri, "sketch": SKETCH})
        await self.becomes(uri, "import os\n\n\nprint(2)\n")


# What was sent, held against what was declared


def undeclared(params: Mapping[str, Any], client: LspClient) -> Iterator[str]:
    """What the server sent and this client did not say that it understands."""
    seen, window = client.seen, at(params, "capabilities", "window")
    for sent in seen.edits:
        yield from faults_of_edit(sent["edit"], params)
    if seen.documents and at(window, "showDocument").get("support") is not True:
        yield "window/showDocument"
    named = {each["method"] for each in seen.notifications}
    if "$/progress" in named and window.get("workDoneProgress") is not True:
        yield "$/progress"
    ours = at(params, "capabilities", "experimental", "aiLsp")
    yield from (name for name in named if name.startswith("aiLsp/") and not ours)
    yield from named - {"$/progress", "textDocument/publishDiagnostics"} - {n for n in named if n[:5] == "aiLsp"}
    for each in seen.notifications:
        if each["method"] == "textDocument/publishDiagnostics":
            for found in each["params"]["diagnostics"]:
                yield from faults_of_diagnostic(found, params)
    for each in seen.registrations:
        if not dynamic(params, each["method"]):
            yield f"registers {each['method']}"
    yield from (f"an answer to nothing: {each}" for each in seen.unasked)
    yield from (f"noise: {each!r}" for each in seen.noise)


def faults_of_edit(edit: Mapping[str, Any], params: Mapping[str, Any]) -> Iterator[str]:
    declared = at(params, "capabilities", "workspace", "workspaceEdit")
    name = at(params, "clientInfo").get("name")
    takes_versions = declared.get("documentChanges") is True or name in HAS_DOCUMENT_CHANGES
    if "documentChanges" in edit and not takes_versions:
        yield "documentChanges"
    if "changeAnnotations" in edit and "changeAnnotationSupport" not in declared:
        yield "changeAnnotations"
    for change in edit.get("documentChanges", []):
        if "kind" in change and change["kind"] not in declared.get("resourceOperations", []):
            yield f"the file operation {change['kind']}"
        elif "kind" not in change and not isinstance(change["textDocument"].get("version"), int):
            yield "an edit of an open document without its version"
        for one in change.get("edits", []):
            if "annotationId" in one and "changeAnnotationSupport" not in declared:
                yield "an annotated edit"
            if "snippet" in one:
                yield "a snippet"


def faults_of_diagnostic(found: Mapping[str, Any], params: Mapping[str, Any]) -> Iterator[str]:
    declared = at(params, "capabilities", "textDocument", "publishDiagnostics")
    if "relatedInformation" in found and declared.get("relatedInformation") is not True:
        yield "relatedInformation"
    if "codeDescription" in found and declared.get("codeDescriptionSupport") is not True:
        yield "codeDescription"
    tags = at(declared, "tagSupport").get("valueSet", [])
    yield from (f"the diagnostic tag {tag}" for tag in found.get("tags", []) if tag not in tags)


def faults_of_action(action: Mapping[str, Any], declared: Mapping[str, Any]) -> Iterator[str]:
    if "codeActionLiteralSupport" not in declared and not isinstance(action.get("command"), str):
        yield "a code action literal"
    if "disabled" in action and declared.get("disabledSupport") is not True:
        yield "a disabled action"
    if action.get("tags") and "tagSupport" not in declared:
        yield "a tagged action"
    if "edit" in action:
        yield "an action with an edit, which no protection sees"


def dynamic(params: Mapping[str, Any], method: str) -> bool:
    """Whether a method may be registered while the session runs."""
    area, _, name = method.partition("/")
    return at(params, "capabilities", area, name).get("dynamicRegistration") is True


def at(value: Any, *keys: str) -> Mapping[str, Any]:
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}
