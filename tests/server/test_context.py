"""What the real server puts into prompts beside the document, and what it never does."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ai_lsp.cli.lsp_client import LspClient
from tests.scripted_model import Received, ScriptedModel
from tests.server.driving import inline, open_file, ready, route, session

FILES = {
    "src/price.py": "def discounted(price, percent):\n    return price * (100 - percent) // 100\n",
    "AGENTS.md": "Use integers for money.\n",
}
CART = "from src.price import discounted\n\n\ndef total(items):\n    return "


@pytest.fixture
async def model() -> AsyncIterator[ScriptedModel]:
    async with ScriptedModel(dialect="llamacpp", reply="compute(value)") as server:
        yield server


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


async def ask_until(client: LspClient, model: ScriptedModel, uri: str, wanted: str, tries: int = 60) -> str:
    """Ask on new lines, as context comes with them, until a prompt holds the text."""
    for n in range(tries):
        end = len(client.documents[uri].text)
        client.change(uri, end, end, f"\n    x{n:02} = ")
        await inline(client, uri, end + 11)
        if wanted in model.requests[-1].prompt:
            return model.requests[-1].prompt
        await asyncio.sleep(0.05)
    raise AssertionError(model.requests[-1].prompt)


async def test_definitions_of_what_is_used_and_edits_elsewhere_are_in_the_prompt(
    root: Path, model: ScriptedModel
) -> None:
    async with session(root, route(model.url)) as client:
        await ready(client)
        other = open_file(client, root, "src/stock.py", "a = 1\n")
        client.change(other, 0, 5, "amount = 1")
        uri = open_file(client, root, "src/cart.py", CART)
        prompt = await ask_until(client, model, uri, "def discounted(price, percent):")
        front, _, document = prompt.partition("<|fim_prefix|>")
        assert "<|file_sep|>src/price.py\n" in front
        assert "-a = 1\n+amount = 1\n" in front
        assert "def discounted" not in document
        assert front.index("def discounted") < front.index("+amount = 1")  # what changes most stands last
        assert "integers for money" not in prompt  # this folder is not trusted
        before = len(model.requests)
        for key in "abc":
            end = len(client.documents[uri].text)
            client.change(uri, end, end, key)
            await inline(client, uri, end + 1)
        fronts = {each.prompt.partition("<|fim_middle|>")[0] for each in model.requests[before - 1 :]}
        assert len(fronts) == 1  # within a line only its own text changes


async def test_rules_of_trusted_folders_only_and_none_of_it_when_switched_off(
    root: Path, model: ScriptedModel
) -> None:
    (root.parent / "home" / "ai-lsp").mkdir(parents=True)
    config = root.parent / "home" / "ai-lsp" / "config.toml"
    config.write_text(f'[context]\ntrusted_folders = ["{root.parent}"]\n')
    async with session(root, route(model.url)) as client:
        await ready(client)
        uri = open_file(client, root, "src/cart.py", CART)
        prompt = await ask_until(client, model, uri, "Use integers for money.")
        assert "<|file_sep|>AGENTS.md\n" in prompt
    config.write_text("")
    options: dict[str, Any] = {**route(model.url), "context": {"enabled": False}}
    async with session(root, options) as client:
        await ready(client)
        uri = open_file(client, root, "src/cart.py", CART)
        with pytest.raises(AssertionError):
            await ask_until(client, model, uri, "<|file_sep|>", tries=8)


def ahead(model: ScriptedModel) -> list[str]:
    """Prompts that were only read."""
    return [each.prompt for each in model.requests if each.body.get("n_predict") == 0]


async def test_while_the_user_rests_the_server_reads_the_prompt_that_comes_next(
    root: Path, model: ScriptedModel
) -> None:
    async with session(root, route(model.url)) as client:
        await ready(client)
        uri = open_file(client, root, "src/cart.py", CART)
        await inline(client, uri, len(CART))
        for _ in range(8):
            client.change(uri, len(CART), len(CART), "\n")
            client.change(uri, len(CART), len(CART) + 1, "")
            await asyncio.sleep(1.0)
            if ahead(model) and "def discounted" in ahead(model)[-1]:
                break
        known = ahead(model)[-1]
        assert "def discounted" in known
        seen = len(ahead(model))
        client.change(uri, len(CART), len(CART), "y")
        await inline(client, uri, len(CART) + 1)
        assert model.requests[-1].prompt == known + "y"  # a token more than what was read
        await asyncio.sleep(1.2)
        assert len(ahead(model)) == seen  # it has been read already


@pytest.mark.parametrize("tokens", [0, 5])
async def test_nothing_is_read_ahead_beyond_the_budget(root: Path, model: ScriptedModel, tokens: int) -> None:
    async with session(root, {**route(model.url), "context": {"warm_tokens": tokens}}) as client:
        await ready(client)
        uri = open_file(client, root, "src/cart.py", CART)
        client.change(uri, len(CART), len(CART), "p")
        await asyncio.sleep(1.2)
        assert ahead(model) == []


OVER = "the request exceeds the available context size, try increasing it"


class Strict(ScriptedModel):
    """Counts by a tokenizer of its own, and refuses what is too long as llama.cpp does."""

    LIMIT = 450

    async def _answer(self, received: Received, *more: Any) -> bool:
        tokens = len(re.findall(r"\s*\w{1,6}|\s*[^\w\s]|\s+", received.prompt))
        said = {"code": 400, "type": "exceed_context_size_error", "n_ctx": self.LIMIT, "message": OVER}
        body = json.dumps({"error": said}).encode()
        self.change(status=400 if tokens > self.LIMIT else 200, body=body)
        return await super()._answer(received, *more)


async def test_a_server_that_counts_otherwise_is_asked_once_more_with_less(root: Path) -> None:
    async with (
        Strict(dialect="llamacpp", reply="compute(value)") as model,
        session(root, route(model.url, context_tokens=4_000)) as client,
    ):
        await ready(client)
        lines = [f"discounted_{n} = total(items, {n})\n" for n in range(400)]
        open_file(client, root, "src/big.py", "".join(lines))
        uri = open_file(client, root, "src/cart.py", "import os\n" * 900 + CART)
        for n in range(3):
            end = len(client.documents[uri].text)
            client.change(uri, end, end, f"\n    y{n} = ")
            assert (await inline(client, uri, end + 10))[0] == "compute(value)"
        sizes = [len(each.prompt) for each in model.requests]
        assert sizes[1] < sizes[0]


async def test_what_takes_long_to_read_is_read_ahead_in_a_long_rest_only(
    root: Path, model: ScriptedModel
) -> None:
    """Somebody who comes back in the middle of it waits until all of their own prompt is read again."""
    async with session(root, route(model.url, context_tokens=4_000)) as client:
        await ready(client)
        text = "".join(f"discounted_{n} = total(items, {n})\n" for n in range(400)) + CART
        uri = open_file(client, root, "src/cart.py", text)
        model.change(first_token_ms=1_000)
        await inline(client, uri, len(text))  # 1,500 tokens: how fast it reads is not known yet
        model.change(first_token_ms=0)
        size = len(model.requests[-1].prompt)
        client.change(uri, len(text), len(text), "y")
        began = time.monotonic()
        while not ahead(model):
            await asyncio.sleep(0.05)
        assert time.monotonic() - began > 1.5
        assert len(ahead(model)[0]) > 2 * size
        client.change(uri, len(text) + 1, len(text) + 1, "z")
        await inline(client, uri, len(text) + 2)
        assert model.requests[-1].prompt == ahead(model)[0] + "z"
