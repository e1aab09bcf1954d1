"""Whole behaviours as texts: each file of tests/golden/completion is one, run against a real HTTP model server.

Sections are `-- name --` lines; those with `@` are results, which `--update-golden` rewrites. `src` is the
document with its cursor, `model` the model's reply, `type` what is typed after the first answer (`⌫` deletes),
`settings.json` overrides of completion settings and `"fim"` the model's name.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from ai_lsp.completion.complete import complete
from ai_lsp.completion.query import Declined, MenuChoice, Query, Suggestion
from ai_lsp.completion.settings import CompletionSettings
from ai_lsp.completion.world import World
from ai_lsp.lsp.documents import Documents
from ai_lsp.lsp.model_routes import WatchedModel
from ai_lsp.models.registry import open_model
from ai_lsp.models.settings import ModelSettings
from ai_lsp.models.tokens import Estimate
from ai_lsp.text.edit import Span
from tests import marks
from tests.scripted_model import ScriptedModel

FOLDER = Path(__file__).parent / "golden" / "completion"
FILES = sorted(FOLDER.glob("*.txt"))
SECTION = re.compile(r"^-- (@?[\w./]+) --\n", re.MULTILINE)
LANGUAGES = {
    "py": "python", "ts": "typescript", "go": "go", "rs": "rust", "js": "javascript", "c": "c", "rb": "ruby",
    "lua": "lua", "sh": "shellscript", "html": "html", "java": "java", "yaml": "yaml", "md": "markdown",
}  # fmt: skip


def parse(text: str) -> tuple[str, dict[str, str]]:
    preface, *rest = SECTION.split(text)
    return preface, dict(zip(rest[::2], rest[1::2], strict=True))


def render(preface: str, sections: dict[str, str]) -> str:
    return preface + "".join(f"-- {name} --\n{body}" for name, body in sections.items())


def body(sections: dict[str, str], name: str) -> str:
    """A section without the line end that only closes it; `\\r` and `␠` are written so that they can be seen."""
    return sections.get(name, "").removesuffix("\n").replace("\\r", "\r").replace("␠", " ").replace("\\t", "\t")


@pytest.fixture
async def server() -> AsyncIterator[ScriptedModel]:
    async with ScriptedModel(dialect="llamacpp") as running:
        yield running


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
async def test_golden(path: Path, server: ScriptedModel, request: pytest.FixtureRequest) -> None:
    preface, sections = parse(path.read_text(encoding="utf-8"))
    results = await run(sections, server)
    if request.config.getoption("--update-golden"):
        kept = {name: text for name, text in sections.items() if not name.startswith("@")}
        path.write_text(render(preface, {**kept, **results}), encoding="utf-8")
        return
    assert {name: text for name, text in sections.items() if name.startswith("@")} == results, preface


async def run(sections: dict[str, str], server: ScriptedModel) -> dict[str, str]:
    options = json.loads(sections.get("settings.json", "{}"))
    source = next(name for name in sections if name.startswith("src"))
    text, offset = marks.read(body(sections, source))
    documents, uri = Documents(), f"file:///{source}"
    documents.open(uri, 1, LANGUAGES.get(source.rsplit(".", 1)[-1], "plaintext"), text)
    server.change(reply=body(sections, "model"), ignores_stops=True)
    model = open_model(ModelSettings("m", "llamacpp", server.url, options.pop("fim", "qwen2.5-coder")))
    menu = options.pop("menu", None)
    settings = replace(CompletionSettings(debounce_ms=0), **options.pop("completion", {}))
    ids = itertools.count(1)
    route = WatchedModel(ModelSettings("m", "llamacpp", server.url, "m"), model, Estimate(), print, lambda: 0.0)

    async def ask(at: int, shown: Suggestion | None) -> Suggestion | Declined:
        snapshot = documents.get(uri)
        assert snapshot is not None
        choice = MenuChoice(Span(at - menu["back"], at), menu["text"]) if menu else None
        world = World(
            settings, bool(options.get("off")), bool(options.get("ignored")), shown, None, route,
            documents.edits_since, lambda: str(next(ids)),
        )  # fmt: skip
        return await complete(Query(snapshot, at, options.get("invoked", False), choice, source), world)

    answer = await ask(offset, None)
    out: dict[str, str] = {}
    for key in body(sections, "type"):
        now = documents.get(uri)
        assert now is not None
        start = offset - 1 if key == "⌫" else offset
        change = {"start": now.position_at(start), "end": now.position_at(offset)}
        wire = {name: dict(zip(("line", "character"), at, strict=True)) for name, at in change.items()}
        documents.change(uri, now.version + 1, {"range": wire, "text": "" if key == "⌫" else key})
        offset = start if key == "⌫" else offset + 1
        answer = await ask(offset, answer if isinstance(answer, Suggestion) else None)
    await model.aclose()
    out["@requests"] = f"{len(server.requests)}\n"
    if "@prompt" in sections:
        out["@prompt"] = (server.requests[-1].prompt if server.requests else "") + "\n"
    now = documents.get(uri)
    assert now is not None
    if isinstance(answer, Declined):
        out["@declined"] = f"{answer.reason.name}\n"
    else:
        out["@result"] = visible(marks.show(now.text, answer.offset, answer.text, answer.covers)) + "\n"
    return out


def visible(text: str) -> str:
    """Results as they are written in the files: carriage returns as two characters."""
    return text.replace("\r", "\\r").replace("\t", "\\t")
