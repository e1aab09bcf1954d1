"""Diagnostics of the real server: pushed or pulled as the client can, moved with edits, dismissed for good."""

from __future__ import annotations

import asyncio
import json
import subprocess
from pathlib import Path
from typing import Any

from ai_lsp.cli.lsp_client import DEFAULT_CAPABILITIES, LspClient
from ai_lsp.diagnostics.finders import CODES
from tests.scripted_model import ScriptedModel
from tests.server.driving import open_file, ready, session, until_async


async def until(claim: Any) -> None:
    """Like the other tests' `until`, with the patience that a process needs to start on a busy machine."""
    for _ in range(1500):
        if claim():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not come true within 30 s")


SHOP = "def area(box):\n    if box.left == box.left:\n        return 0\n    return box.width\n"
QUIET = {
    "routes": {"completion": "", "next_edit": ""},
    "review": {"disabled": [code for code in CODES if code != "same-operands"]},
}


def pulling(spelling: str = "diagnostics") -> dict[str, Any]:
    text_document = {**DEFAULT_CAPABILITIES["textDocument"], "diagnostic": {}}
    workspace = {**DEFAULT_CAPABILITIES["workspace"], spelling: {"refreshSupport": True}}
    return {**DEFAULT_CAPABILITIES, "textDocument": text_document, "workspace": workspace}


def pushed(client: LspClient, uri: str) -> list[list[Any]]:
    """What was published of a document, push by push."""
    sent = [n["params"] for n in client.seen.notifications if n["method"] == "textDocument/publishDiagnostics"]
    return [params["diagnostics"] for params in sent if params["uri"] == uri]


async def pull(client: LspClient, uri: str, known: str | None = None) -> Any:
    params = {"textDocument": {"uri": uri}, **({"previousResultId": known} if known else {})}
    return await client.request("textDocument/diagnostic", params)


async def test_a_client_that_cannot_be_refreshed_is_told(tmp_path: Path) -> None:
    only_pull = {**DEFAULT_CAPABILITIES, "textDocument": {"diagnostic": {}}}
    async with session(tmp_path, QUIET, capabilities=only_pull) as client:
        assert "diagnosticProvider" not in client.capabilities
        uri = open_file(client, tmp_path, "a.py", SHOP)
        await until(lambda: pushed(client, uri))
        (found,) = pushed(client, uri)[-1]
        assert (found["source"], found["code"], found["severity"]) == ("ai-lsp", "same-operands", 4)
        assert found["range"]["start"] == {"line": 1, "character": 7}
        assert found["data"]["evidence"][0]["kind"] == "static"
        client.change(uri, 0, 0, "import os\n")
        client.change(uri, SHOP.index("box.left") + 10, SHOP.index("box.left") + 11, "b")
        await until(lambda: len(pushed(client, uri)) == 2)
        assert pushed(client, uri)[-1] == []


async def test_a_client_that_pulls_is_refreshed_and_gets_what_is_unchanged_in_a_word(tmp_path: Path) -> None:
    for spelling in ("diagnostics", "diagnostic"):  # the second is Helix's
        async with session(tmp_path, QUIET, capabilities=pulling(spelling)) as client:
            assert client.capabilities["diagnosticProvider"]["identifier"] == "ai-lsp"
            await ready(client)
            uri = open_file(client, tmp_path, "a.py", SHOP)

            async def count(client: LspClient = client, uri: str = uri) -> int:
                return len((await pull(client, uri))["items"])

            await until_async(count, 1)
            report = await pull(client, uri)
            again = await pull(client, uri, report["resultId"])
            assert again == {"kind": "unchanged", "resultId": report["resultId"]}
            client.change(uri, 0, 0, "import os\n")
            (item,) = (await pull(client, uri))["items"]
            assert item["range"]["start"]["line"] == 2
            assert pushed(client, uri) == []


async def test_what_is_not_a_bug_stays_away_in_the_next_session_too(tmp_path: Path) -> None:
    literals = {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["quickfix"]}}}
    text_document = {**DEFAULT_CAPABILITIES["textDocument"], "codeAction": literals}
    capabilities = {**DEFAULT_CAPABILITIES, "textDocument": text_document}
    async with session(tmp_path, QUIET, capabilities=capabilities) as client:
        uri = open_file(client, tmp_path, "a.py", SHOP)
        await until(lambda: pushed(client, uri))
        span = {"start": {"line": 1, "character": 8}, "end": {"line": 1, "character": 8}}
        params = {
            "textDocument": {"uri": uri},
            "range": span,
            "context": {"diagnostics": pushed(client, uri)[-1]},
        }
        actions = await client.request("textDocument/codeAction", params)
        titles = [action["title"] for action in actions]
        assert titles == ["Explain `same-operands`", "Not a bug: `same-operands` here"]
        assert actions[0]["diagnostics"] == pushed(client, uri)[-1]
        for action in actions:
            await client.request("workspace/executeCommand", action["command"])
        assert "stands on both sides" in client.seen.messages[-1]["message"]
        await until(lambda: pushed(client, uri)[-1] == [])
        await until(lambda: list((tmp_path.parent / "state").rglob("review/*.json")))
    async with session(tmp_path, QUIET) as client:
        uri = open_file(client, tmp_path, "a.py", "import os\n" + SHOP)
        other = open_file(client, tmp_path, "b.py", SHOP)
        await until(lambda: pushed(client, other))
        assert pushed(client, uri) == []


COPIED = """def move(self, other):
    self.left = other.left
    self.top = other.top
    self.right = other.right
    self.bottom = other.right
"""


async def actions_at(client: LspClient, uri: str, line: int) -> dict[str, Any]:
    place = {"line": line, "character": 6}
    context = {"diagnostics": pushed(client, uri)[-1]}
    params = {"textDocument": {"uri": uri}, "range": {"start": place, "end": place}, "context": context}
    return {a["title"]: a for a in await client.request("textDocument/codeAction", params)}


async def test_a_fix_is_a_command_and_one_versioned_edit(tmp_path: Path) -> None:
    options = {**QUIET, "review": {"disabled": [code for code in CODES if code != "sibling-mismatch"]}}
    literals = {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["quickfix"]}}}
    text_document = {**DEFAULT_CAPABILITIES["textDocument"], "codeAction": literals}
    capabilities = {**DEFAULT_CAPABILITIES, "textDocument": text_document}
    async with session(tmp_path, options, capabilities=capabilities) as client:
        assert "ai-lsp.fix" in client.capabilities["executeCommandProvider"]["commands"]
        uri = open_file(client, tmp_path, "a.py", COPIED)
        await until(lambda: pushed(client, uri))
        found = await actions_at(client, uri, 4)
        fix = found["Change `right` to `bottom`"]
        assert (fix["isPreferred"], "edit" in fix) == (True, False)
        assert fix["diagnostics"] == pushed(client, uri)[-1]
        assert await client.request("workspace/executeCommand", fix["command"]) is None
        wanted = COPIED.removesuffix("right\n") + "bottom\n"
        await until(lambda: client.documents[uri].text == wanted)
        await until(lambda: pushed(client, uri)[-1] == [])
        await client.request("workspace/executeCommand", fix["command"])
        await until(lambda: "no longer there" in client.seen.messages[-1]["message"])


async def test_without_a_sure_fix_a_model_is_instructed(tmp_path: Path) -> None:
    reply = (
        "<<<<<<< SEARCH\n    if box.left == box.left:\n=======\n    if box.left == box.right:\n>>>>>>> REPLACE\n"
    )
    literals = {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["quickfix"]}}}
    text_document = {**DEFAULT_CAPABILITIES["textDocument"], "codeAction": literals}
    capabilities = {**DEFAULT_CAPABILITIES, "textDocument": text_document}
    async with ScriptedModel(reply=reply, dialect="openai") as model:
        options = {
            **QUIET,
            "models": {"big": {"api": "openai", "url": model.url, "model": "any"}},
            "routes": {**QUIET["routes"], "edit": "big"},
        }
        async with session(tmp_path, options, capabilities=capabilities) as client:
            await ready(client)
            client.answers.append("Apply")
            uri = open_file(client, tmp_path, "a.py", SHOP)
            await until(lambda: pushed(client, uri))
            fix = (await actions_at(client, uri, 1))["Fix with AI: `same-operands`"]
            await client.request("workspace/executeCommand", fix["command"])
            await until(lambda: "box.left == box.right" in client.documents[uri].text)
            assert "Both sides of `==`" in json.dumps(model.requests[0].body)


async def test_the_place_that_a_change_missed_is_pointed_out_without_git(tmp_path: Path) -> None:
    text = "def load(path):\n    a = fetch(path)\n    b = fetch(path.parent)\n    return a, b, fetch(path.root)\n"
    options = {**QUIET, "review": {"disabled": [code for code in CODES if code != "missed-change"]}}
    async with session(tmp_path, options) as client:
        uri = open_file(client, tmp_path, "a.py", text)
        for place in ("path)\n    b", "parent)"):
            at = client.documents[uri].text.index(place) + place.index(")")
            client.change(uri, at, at, ", retries=3")
        client.notify("textDocument/didSave", {"textDocument": {"uri": uri}})
        await until(lambda: pushed(client, uri))
        (found,) = pushed(client, uri)[-1]
        assert (found["code"], found["range"]["start"]["line"]) == ("missed-change", 3)
        assert (
            found["message"]
            == "`retries=3` was added to calls of `fetch` in 2 places by this change, and not here"
        )


async def test_an_error_of_a_checker_in_the_line_makes_a_finding_an_error(tmp_path: Path) -> None:
    text = "def area(box: int) -> int:\n    return box.left - box.left\n"
    (tmp_path / "b.py").write_text(text)
    async with session(tmp_path, QUIET) as client:
        uri = open_file(client, tmp_path, "a.py", text)
        await until(lambda: pushed(client, uri) and pushed(client, uri)[-1][0]["severity"] == 1)
        (found,) = pushed(client, uri)[-1]
        (evidence,) = [e for e in found["data"]["evidence"] if e["kind"] == "checker"]
        assert (evidence["source"], "`ty check a.py`" in evidence["detail"]) == ("ty", True)
        call = {"command": "ai-lsp.review", "arguments": [{"paths": ["b.py"], "wait": True}]}
        done = await client.request("workspace/executeCommand", call, timeout=60.0)
        assert (done["unheard"], len(done["files"])) == ([], 1)
        (on_disk,) = pushed(client, (tmp_path / "b.py").as_uri())[-1]
        assert on_disk["severity"] == 1
    options = {**QUIET, "shadow": {"wait_for": ["edit"]}}
    async with session(tmp_path, options) as client:
        uri = open_file(client, tmp_path, "a.py", text)
        await until(lambda: pushed(client, uri))
        await client.request("workspace/executeCommand", {**call, "arguments": [{"uri": uri, "wait": True}]})
        assert pushed(client, uri)[-1][0]["severity"] == 4


async def test_ignored_and_secret_files_are_not_reviewed(tmp_path: Path) -> None:
    (tmp_path / ".aiignore").write_text("private.py\n")
    async with session(tmp_path, QUIET) as client:
        private = open_file(client, tmp_path, "private.py", SHOP)
        plain = open_file(client, tmp_path, "a.py", SHOP)
        await until(lambda: pushed(client, plain))
        assert pushed(client, private) == []


def git(root: Path, *arguments: str) -> None:
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    subprocess.run(["git", *who, *arguments], cwd=root, check=True, capture_output=True)


async def test_a_change_is_reviewed_as_a_whole_with_unsaved_text(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "old.py").write_text(SHOP)
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "one")
    (tmp_path / "new.py").write_text(SHOP)
    (tmp_path / "picture.py").write_bytes(b"\0\1\2")
    async with session(tmp_path, QUIET) as client:
        await ready(client)
        text = SHOP + "\n\ndef other(a):\n    return a.b - a.b\n"
        uri = open_file(client, tmp_path, "old.py", SHOP)
        client.change(uri, len(SHOP), len(SHOP), text[len(SHOP) :])
        call = {"command": "ai-lsp.review", "arguments": [{"diff": "HEAD", "wait": True}]}
        done = await client.request("workspace/executeCommand", call)
        new = (tmp_path / "new.py").as_uri()
        assert [file["uri"] for file in done["files"]] == [new]
        assert [each["uri"] for each in done["skipped"]] == [(tmp_path / "picture.py").as_uri()]
        assert len(pushed(client, new)[-1]) == 1
        unknown = {"command": "ai-lsp.review", "arguments": [{"diff": "nowhere", "wait": True}]}
        done = await client.request("workspace/executeCommand", unknown)
        assert "no revision 'nowhere'" in done["problem"]


async def test_a_model_is_asked_by_the_command_and_adds_to_what_is_known(tmp_path: Path) -> None:
    claim = '[{"path": "a.py", "line": 4, "what": "The width is not the area"}, {"line": 2, "what": "Always"}]'
    async with ScriptedModel(reply=claim, dialect="openai") as model:
        options = {
            "models": {"big": {"api": "openai", "url": model.url, "model": "any"}},
            "routes": {**QUIET["routes"], "review": "big"},
            "review": {**QUIET["review"], "passes": 3},
        }
        async with session(tmp_path, options) as client:
            await ready(client)
            uri = open_file(client, tmp_path, "a.py", SHOP)
            await until(lambda: pushed(client, uri))
            assert model.requests == [], "opening a file costs no model anything"
            call = {"command": "ai-lsp.review", "arguments": [{"uri": uri}]}
            assert await client.request("workspace/executeCommand", call) is None
            await until(lambda: len(pushed(client, uri)) == 2)
            both = {item["range"]["start"]["line"]: item for item in pushed(client, uri)[-1]}
            assert (both[1]["code"], both[1]["severity"]) == ("same-operands", 2)
            assert {e["kind"] for e in both[1]["data"]["evidence"]} == {"static", "model"}
            assert (both[3]["code"], both[3]["severity"]) == ("model-review", 4)
            assert both[3]["message"] == "The width is not the area"
            assert len(model.requests) == 5  # three passes, two claims checked
            bars = [
                n["params"]["value"]["kind"] for n in client.seen.notifications if n["method"] == "$/progress"
            ]
            await until(lambda: bars[:1] == ["begin"])
