"""Replies and requests of which no edit can come: a sentence of its own for each, and nothing is changed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.scripted_model import ScriptedModel
from tests.server.driving import messages, session, until
from tests.server.test_instruct import REPLY, SHOP, WANTED, WHERE, edits_of, run, settings, started, why_not


@pytest.fixture
async def model() -> AsyncIterator[ScriptedModel]:
    async with ScriptedModel(dialect="openai", reply=REPLY) as server:
        yield server


def block(path: str, old: str = "x = 1", new: str = "x = 2") -> str:
    return f"{path}\n<<<<<<< SEARCH\n{old}\n=======\n{new}\n>>>>>>> REPLACE\n"


@dataclass(frozen=True, slots=True)
class Case:
    """A reply, what the user is told, and how often the model is asked."""

    name: str
    reply: str
    said: str
    asked: int = 3


CASES = [
    Case("empty", "", "The model answered with nothing."),
    Case("blank", " \n\n<|im_end|>\n", "The model answered with nothing."),
    Case("prose", "I would add types to both functions.", "holds no edit. It says: “I would add types"),
    Case("echo", "Instruction: Add types!", "The model repeated the instruction instead of carrying it out."),
    Case("cut off in a block", REPLY[: REPLY.rindex("=======")], "breaks off before its end.", 1),
    Case("no change", block("shop.py", "    result = 0", "    result = 0"), "leaves the text as it is."),
    Case("a file that is not there", block("stock.py"), "There is no stock.py."),
    Case("outside", block("../../etc/hosts"), "outside of the workspace. It names ../../etc/hosts.", 1),
    Case("absolute", block("/etc/hosts"), "outside of the workspace. It names /etc/hosts.", 1),
    Case("of another system", block("C:\\stock.py"), "outside of the workspace. It names C:\\stock.py.", 1),
    Case("through a link", block("link/secret.py"), "outside of the workspace.", 1),
    Case("an ignored file", block("private/keys.py"), "private/keys.py is ignored", 1),
    Case("a secret file", block(".env"), ".env is ignored or holds secrets", 1),
    Case("a read-only file", block("frozen.py"), "frozen.py is read-only.", 1),
    Case("lines of another text", block("shop.py"), "shop.py: the lines to change are not in the file"),
    Case(
        "two places", block("twice.py", "pass", "return"), "twice.py: the lines to change fit more than one place"
    ),
    Case("deletion", "*** Begin Patch\n*** Delete File: twice.py\n*** End Patch\n", "which is left to you.", 1),
]


def surroundings(root: Path) -> None:
    (root / "private").mkdir()
    (root / ".gitignore").write_text("private/\n")
    (root / "private/keys.py").write_text("x = 1\n")
    (root / ".env").write_text("x = 1\n")
    (root / "frozen.py").write_text("x = 1\n")
    (root / "frozen.py").chmod(0o444)
    (root / "twice.py").write_text("def a():\n    pass\n\n\ndef b():\n    pass\n")
    (root / "link").symlink_to(root.parent, target_is_directory=True)


async def test_each_reply_has_its_own_sentence_and_changes_nothing(tmp_path: Path, model: ScriptedModel) -> None:
    root = tmp_path / "root"
    root.mkdir()
    surroundings(root)
    (tmp_path / "secret.py").write_text("x = 1\n")
    async with session(root, settings(model)) as client:
        uri = await started(client, root)
        for case in CASES:
            model.change(reply=case.reply)
            before = len(model.requests)
            told = await why_not(client, uri, "Add types.")
            assert case.said in told, (case.name, told)
            assert len(model.requests) - before == case.asked, case.name
        before = {p: p.read_bytes() for p in root.rglob("*.py")}
        client.answers = ["Apply"]
        for case in CASES[:5]:  # the command tells the same
            model.change(reply=case.reply)
            await run(client, {"uri": uri, "range": WHERE, "instruction": "Add types."})
            await until(lambda case=case: any(case.said in m for m in messages(client)))
        assert client.seen.edits == []
        assert client.documents[uri].text == SHOP
        assert {p: p.read_bytes() for p in root.rglob("*.py")} == before


@pytest.mark.parametrize(
    "dressed",
    [
        f"Sure! Here is the edit:\n\n```python\n{REPLY}```\n\nI added types.",
        f"<think>Which types?</think>\n{REPLY}<|im_end|>",
        f"<|im_start|>assistant\n{REPLY}</s>",
    ],
    ids=["prose and a fence", "thoughts", "prompt tokens"],
)
async def test_what_stands_around_an_edit_is_taken_off(
    dressed: str, tmp_path: Path, model: ScriptedModel
) -> None:
    model.change(reply=dressed)
    async with session(tmp_path, settings(model)) as client:
        uri = await started(client, tmp_path)
        params = {"textDocument": {"uri": uri}, "range": WHERE, "instruction": "add types"}
        client.apply_edits(uri, edits_of((await client.request("aiLsp/edit", params))["edit"]))
        assert client.documents[uri].text == WANTED


async def test_requests_of_which_nothing_can_come(tmp_path: Path, model: ScriptedModel) -> None:
    (tmp_path / ".aiignore").write_text("hidden.py\n")
    async with session(tmp_path, settings(model)) as client:
        uri = await started(client, tmp_path)
        far = {"start": {"line": 400, "character": 0}, "end": {"line": 410, "character": 0}}
        assert "is not there any more. The document has" in await why_not(client, uri, range=far)
        old = {"textDocument": {"uri": uri, "version": 99}}
        assert "It was selected in version 99; the document is at" in await why_not(client, uri, **old)
        assert "The instruction is empty." in await why_not(client, uri, "  ")
        assert "The document is not open." in await why_not(client, (tmp_path / "other.py").as_uri())
        hidden = (tmp_path / "hidden.py").as_uri()
        client.open(hidden, SHOP)
        assert "hidden.py is ignored or holds secrets" in await why_not(client, hidden)
        (tmp_path / "shop.py").chmod(0o444)
        assert "shop.py is read-only." in await why_not(client, uri)
        assert model.requests == []


async def test_a_selection_of_2000_lines_is_refused_with_numbers_or_done_where_it_fits(
    tmp_path: Path, model: ScriptedModel
) -> None:
    long = SHOP + "".join(f"value_{n} = compute_the_value_of(number={n}, kind='ordinary')\n" for n in range(2000))
    everything = {"start": {"line": 0, "character": 0}, "end": {"line": 2012, "character": 0}}
    async with session(tmp_path, settings(model)) as client:
        uri = await started(client, tmp_path, long)
        told = await why_not(client, uri, range=everything)
        assert "larger than what the model can read at once. It has 2013 lines; the model reads 16000" in told
        assert model.requests == []
    roomy: dict[str, Any] = settings(model)
    roomy["models"]["big"]["context_tokens"] = 200_000
    async with session(tmp_path, roomy) as client:
        uri = await started(client, tmp_path, long)
        params = {"textDocument": {"uri": uri}, "range": everything, "instruction": "add types"}
        client.apply_edits(uri, edits_of((await client.request("aiLsp/edit", params))["edit"]))
        assert client.documents[uri].text == WANTED + long[len(SHOP) :]


async def test_a_selection_typed_over_before_the_action_was_chosen_is_gone(
    tmp_path: Path, model: ScriptedModel
) -> None:
    async with session(tmp_path, settings(model)) as client:
        uri = await started(client, tmp_path)
        asked = {"textDocument": {"uri": uri}, "range": WHERE, "context": {"diagnostics": []}}
        *_, last = await client.request("textDocument/codeAction", asked)
        client.change(uri, 0, len(SHOP), "print(1)\n")
        await run(client, {**last["arguments"][0], "instruction": "add types"})
        await until(lambda: any("is not there any more" in m for m in messages(client)))
        assert model.requests == []


async def test_protected_files_are_named_and_need_a_yes(tmp_path: Path, model: ScriptedModel) -> None:
    (tmp_path / ".github/workflows").mkdir(parents=True)
    (tmp_path / ".github/workflows/ci.yml").write_text("x = 1\n")
    model.change(reply=block(".github/workflows/ci.yml"))
    async with session(tmp_path, settings(model)) as client:
        uri = await started(client, tmp_path)
        assert "discarded" in await why_not(client, uri)
        assert ".github/workflows/ci.yml is read by the code host" in messages(client)[-1]
        client.answers = ["Apply"]
        params = {"textDocument": {"uri": uri}, "instruction": "change the workflow"}
        assert (await client.request("aiLsp/edit", params))["edit"]["documentChanges"]


async def test_a_model_that_fails_is_told_once_and_in_its_own_words(tmp_path: Path, model: ScriptedModel) -> None:
    model.change(status=500, body=b'{"error": {"message": "out of memory"}}')
    async with session(tmp_path, settings(model)) as client:
        uri = await started(client, tmp_path)
        await run(client, {"uri": uri, "range": WHERE, "instruction": "add types"})
        await until(lambda: any("The model failed." in m and "500" in m for m in messages(client)))
        assert len(messages(client)) == 1
