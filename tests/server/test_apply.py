"""Sketches applied by the real server: exact edits, a command, a model's help, a word for each refusal."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

from ai_lsp.cli.lsp_client import DEFAULT_CAPABILITIES, LspClient
from tests.scripted_model import ScriptedModel
from tests.server.driving import messages, open_file, session, until, until_async

QUIET = {"routes": {"completion": "", "next_edit": ""}}
SHOP = "def area(box):\n    return box.width\n\n\ndef edge(box):\n    return box.width\n"
GOLDEN = Path(__file__).parents[1] / "golden" / "apply_refusals.json"
BLOCK = (
    "<<<<<<< SEARCH\ndef area(box):\n    return box.width\n=======\n"
    "def area(box):\n    return 1\n>>>>>>> REPLACE\n"
)


async def apply(client: LspClient, uri: str, sketch: str, **more: Any) -> Any:
    return await client.request("aiLsp/apply", {"textDocument": {"uri": uri}, "sketch": sketch, **more})


async def started(client: LspClient) -> None:
    async def is_ready() -> bool:
        return bool((await client.request("aiLsp/status", {}))["ready"])

    await until_async(is_ready, True)


def text_edits(result: Any) -> list[Any]:
    edit = result["edit"]
    if "changes" in edit:
        (edits,) = edit["changes"].values()
    else:
        (edits,) = [change["edits"] for change in edit["documentChanges"]]
    return list(edits)


async def test_a_sketch_becomes_exact_edits_of_the_version_it_was_made_for(tmp_path: Path) -> None:
    async with session(tmp_path, QUIET) as client:
        uri = open_file(client, tmp_path, "a.py", SHOP)
        result = await apply(client, uri, BLOCK, partialResultToken="t1")
        (edit,) = text_edits(result)
        assert edit["newText"] == "    return 1\n"
        assert edit["range"]["start"] == {"line": 1, "character": 0}
        partial = [n["params"] for n in client.seen.notifications if n["method"] == "$/progress"]
        sent = [p["value"] for p in partial if p["token"] == "t1"]
        assert [e["newText"] for e in sent[0]] == ["    return 1\n"]
        assert result["evidence"] == [""]


async def test_the_command_applies_and_says_how_the_place_was_recognised(tmp_path: Path) -> None:
    edits = {"documentChanges": True, "changeAnnotationSupport": {"groupsOnLabel": True}}
    workspace = {**DEFAULT_CAPABILITIES["workspace"], "workspaceEdit": edits, "applyEdit": True}
    able = {**DEFAULT_CAPABILITIES, "workspace": workspace}
    async with session(tmp_path, QUIET, capabilities=able) as client:
        uri = open_file(client, tmp_path, "a.py", SHOP)
        await started(client)
        sketch = BLOCK.replace("def area(box)", "def  area(box)")
        call = {"command": "ai-lsp.apply", "arguments": [{"uri": uri, "sketch": sketch}]}
        assert await client.request("workspace/executeCommand", call) is None
        await until(lambda: client.seen.edits or messages(client))
        (sent,) = client.seen.edits
        (annotation,) = sent["edit"]["changeAnnotations"].values()
        assert annotation["needsConfirmation"]
        assert annotation["description"] == "whitespace match"
        assert sent["edit"]["documentChanges"][0]["textDocument"]["version"] == 1


async def test_what_is_refused_goes_to_the_model_with_the_old_text_as_its_draft(tmp_path: Path) -> None:
    sketch = "```python\n# ... existing code ...\nlog(1)\n# ... existing code ...\n```"
    wanted = SHOP.replace("def edge", "log(1)\n\n\ndef edge")
    async with ScriptedModel(reply=f"```python\n{wanted}```", dialect="openai") as server:
        model = {"api": "openai", "url": server.url, "model": "gpt-4o-mini"}
        options = {"models": {"big": model}, "routes": {"completion": "", "next_edit": "", "apply": "big"}}
        async with session(tmp_path, options) as client:
            await started(client)
            uri = open_file(client, tmp_path, "a.py", SHOP)
            result = await apply(client, uri, sketch)
            (edit,) = text_edits(result)
            assert edit["newText"].strip() == "log(1)"
            (asked,) = [r for r in server.requests if "messages" in r.body]
            assert SHOP in asked.body["prediction"]["content"]
            assert "log(1)" in asked.prompt


async def test_a_model_that_loses_a_function_is_refused_too(tmp_path: Path) -> None:
    sketch = "# ... existing code ...\nlog(1)\n# ... existing code ...\n"
    async with ScriptedModel(reply="```python\nlog(1)\n```", dialect="openai") as server:
        model = {"api": "openai", "url": server.url, "model": "gpt-4o-mini"}
        options = {"models": {"big": model}, "routes": {"completion": "", "next_edit": "", "apply": "big"}}
        async with session(tmp_path, options) as client:
            await started(client)
            uri = open_file(client, tmp_path, "a.py", SHOP)
            result = await apply(client, uri, sketch)
            assert result["edit"] is None
            assert result["refusal"]["reason"] == "losesDefinition"


async def test_every_bad_proposal_has_its_own_answer(tmp_path: Path) -> None:
    """The golden file has one line for each; nothing is changed, and none of these reaches a model."""
    (tmp_path / ".aiignore").write_text("hidden.py\n")
    sketches = {
        "another file": "src/b.py\n" + BLOCK,
        "outside of the workspace": "../../etc/passwd\n" + BLOCK,
        "empty": "",
        "tokens alone": "<|im_end|>\n",
        "truncated": BLOCK[:-20],
        "prose": "I would rather not change this function.",
        "twice in the file": "<<<<<<< SEARCH\n    return box.width\n=======\n    return 1\n>>>>>>> REPLACE\n",
        "not there": "<<<<<<< SEARCH\n    nothing.like = it(at, all)\n=======\n    return 1\n>>>>>>> REPLACE\n",
        "nothing says where": "# ... existing code ...\nlog(1)\n# ... existing code ...\n",
        "deletes the file": "*** Begin Patch\n*** Delete File: a.py\n*** End Patch\n",
        "huge": "x" * 2_000_001,
    }
    async with session(tmp_path, QUIET) as client:
        uri = open_file(client, tmp_path, "a.py", SHOP)
        hidden = open_file(client, tmp_path, "hidden.py", SHOP)
        found = {name: (await apply(client, uri, sketch))["refusal"] for name, sketch in sketches.items()}
        shop = open_file(client, tmp_path, "shop.py", "class Shop:\n" + textwrap.indent(SHOP, "    "))
        half = "```python\nclass Shop:\n    def area(box):\n        return 1\n```"
        found["loses a function"] = (await apply(client, shop, half))["refusal"]
        found["ignored"] = (await apply(client, hidden, BLOCK))["refusal"]
        found["not open"] = (await apply(client, (tmp_path / "c.py").as_uri(), BLOCK))["refusal"]
        framed = f"Sure, here you go!\n\n```\n{BLOCK}```\n\nAnything else?<|im_end|>"
        assert text_edits(await apply(client, uri, framed))[0]["newText"] == "    return 1\n"
        assert client.seen.edits == []
    said = {
        name: {
            "reason": refusal["reason"],
            "message": refusal["message"],
            "lines": [c["range"]["start"]["line"] for c in refusal["candidates"]],
        }
        for name, refusal in found.items()
    }
    assert len({row["message"] for row in said.values()}) >= len(said) - 2
    assert said == json.loads(GOLDEN.read_text(encoding="utf-8")), json.dumps(said, indent=1, ensure_ascii=False)
