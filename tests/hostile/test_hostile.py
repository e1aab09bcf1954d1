"""What a repository tries, and what it gets: no request to another host, no command run, nothing private sent.

Each file of `corpus` is laid out in a folder, the real server started there as an editor does it, with a model of
the user's; every file is opened and asked about, then those that come later are written and all is asked again.
"""

from __future__ import annotations

import asyncio
import secrets
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ai_lsp.cli.lsp_client import LspClient
from tests.hostile.repository import lay_out, parse, render, write
from tests.hostile.wire import Wire, leaks
from tests.scripted_model import ScriptedModel
from tests.server.driving import inline, ready, route

CORPUS = sorted((Path(__file__).parent / "corpus").glob("*.txt"))
COMMAND = [str(Path(sys.executable).with_name("ai-lsp")), "--stdio"]
MAIN = "def total(rows):\n    count = len(rows)\n    return "
LARGEST_OPENED = 200_000
AT_ONCE = 4


def test_the_corpus_is_large_enough() -> None:
    assert len(CORPUS) >= 30


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_hostile(path: Path, outcomes: dict[Path, Outcome], request: pytest.FixtureRequest) -> None:
    repository, outcome = parse(path.read_text(encoding="utf-8")), outcomes[path]
    if request.config.getoption("--update-golden"):
        path.write_text(render(repository, outcome.sent), encoding="utf-8")
        return
    assert outcome.attacked == 0, repository.preface
    assert not outcome.is_marked, "a program of the repository was run"
    assert leaks(outcome.private, outcome.wire) == [], repository.preface
    assert leaks(outcome.private, outcome.said) == [], repository.preface
    assert outcome.sent == repository.sent, repository.preface


@dataclass(frozen=True)
class Outcome:
    """What came of a repository: `attacked` counts connections to its server, `said` is the log and all messages,
    `sent` says for which files the model was asked."""

    sent: str
    attacked: int
    is_marked: bool
    private: tuple[str, ...]
    wire: bytes
    said: bytes


@pytest.fixture(scope="module")
def outcomes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Outcome]:
    """Every repository that a selected test asks for, several at a time."""
    items = [item for item in request.session.items if isinstance(item, pytest.Function)]
    paths = [i.callspec.params["path"] for i in items if i.path == Path(__file__) and hasattr(i, "callspec")]
    return asyncio.run(all_of(paths, tmp_path_factory.mktemp("hostile")))


async def all_of(paths: list[Path], folder: Path) -> dict[Path, Outcome]:
    limit = asyncio.Semaphore(AT_ONCE)

    async def one(path: Path) -> Outcome:
        async with limit:
            place = folder / path.stem[:20] / str(paths.index(path))
            place.mkdir(parents=True)
            return await outcome_of(path, place)

    return dict(zip(paths, await asyncio.gather(*map(one, paths)), strict=True))


async def outcome_of(path: Path, place: Path) -> Outcome:
    repository = parse(path.read_text(encoding="utf-8"))
    async with (
        ScriptedModel(dialect="llamacpp", reply="count") as model,
        Wire(model.port) as wire,
        Wire() as attacker,
    ):
        words, environment = surroundings(place, attacker)
        root = place / "repository"
        root.mkdir()
        files = lay_out(repository, root, words)
        options = route(wire.url, timeout_s=5)
        client = await LspClient.start(COMMAND, root, options=options, environment=environment)
        async with client:
            await ready(client)
            sent = await visit(client, model, root, files)
            if repository.later:
                later = [write(root, name, text, words) for name, text in repository.later.items()]
                await tell_of(client, later, options)
                sent += "later\n" + await visit(client, model, root, [*dict.fromkeys([*files, *later])])
            shown = "\n".join(str(each) for each in client.seen.messages)
        said = "\n".join([*client.stderr, shown]).encode() + attacker.received
        private = (words["secret"], words["other"], words["key"])
        is_marked = Path(words["mark"]).exists()
        return Outcome(sent, attacker.connections, is_marked, private, wire.received, said)


def surroundings(tmp_path: Path, attacker: Wire) -> tuple[dict[str, str], dict[str, str]]:
    """What stands around a repository: private files, a program that leaves a mark, an environment with a key."""
    words = {
        "attacker": attacker.url,
        "secret": "q9Z" + secrets.token_hex(12),
        "other": "q8Y" + secrets.token_hex(12),
        "key": "q7X" + secrets.token_hex(12),
        "outside": str(tmp_path / "outside"),
        "mark": str(tmp_path / "mark"),
        "canary": str(tmp_path / "canary.sh"),
    }
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "notes.py").write_text(f"diary = '{words['other']} and more of it'\n")
    (outside / "id_rsa").write_text(words["other"])
    canary = tmp_path / "canary.sh"
    canary.write_text(f"#!/bin/sh\ntouch {words['mark']}\n")
    canary.chmod(0o755)
    homes = {f"XDG_{name}_HOME": str(tmp_path / name.lower()) for name in ("CONFIG", "CACHE", "STATE")}
    environment = {**homes, "HOME": str(tmp_path / "home"), "MODEL_KEY": words["key"], "NO_PROXY": "*"}
    (tmp_path / "home").mkdir()
    return words, environment


async def visit(client: LspClient, model: ScriptedModel, root: Path, files: list[Path]) -> str:
    """Open every file and ask at its end, main.py last; says for which of them the model was asked."""
    said = ""
    for file in [*files, root / "main.py"]:
        uri = file.as_uri()
        if uri in client.documents:
            client.change(uri, (end := len(client.documents[uri].text)), end, "n")
        else:
            text = MAIN if file.name == "main.py" else file.read_bytes()[:LARGEST_OPENED].decode(errors="replace")
            client.open(uri, text.removesuffix("\n"))
        asked = len(model.requests)
        await asyncio.wait_for(inline(client, uri, len(client.documents[uri].text)), 20)
        said += f"{file.relative_to(root).as_posix()!a}\n" if len(model.requests) > asked else ""
    return said


async def tell_of(client: LspClient, files: list[Path], options: dict[str, Any]) -> None:
    """What an editor says when files change on disk, and its settings are sent again."""
    changes = [{"uri": file.as_uri(), "type": 2} for file in files]
    client.notify("workspace/didChangeWatchedFiles", {"changes": changes})
    client.notify("workspace/didChangeConfiguration", {"settings": {"ai-lsp": options}})
    await asyncio.sleep(0.3)
    await ready(client)
