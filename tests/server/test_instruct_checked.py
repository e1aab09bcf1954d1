"""An instructed edit that breaks something goes back to the model once, with what the checkers say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.scripted_model import ScriptedModel
from tests.server.driving import session
from tests.server.test_instruct import edit, edits_of, settings, started

AREA = "def area(side: int) -> int:\n    return side * side\n"
WRONG = "<<<<<<< SEARCH\n    return side * side\n=======\n    return sidee ** 2\n>>>>>>> REPLACE\n"
RIGHT = WRONG.replace("sidee", "side")
CHECKED: dict[str, Any] = {"shadow": {"budget_ms": 20_000}}
WHOLE = {"start": {"line": 0, "character": 0}, "end": {"line": 2, "character": 0}}


async def test_what_introduces_an_error_is_asked_for_again_with_the_error(tmp_path: Path) -> None:
    async with ScriptedModel(dialect="openai", reply=[WRONG, RIGHT]) as model:
        async with session(tmp_path, settings(model) | CHECKED) as client:
            uri = await started(client, tmp_path, AREA, "area.py")
            result = await edit(client, uri, "use a power", range=WHOLE)
            client.apply_edits(uri, edits_of(result["edit"]))
            assert client.documents[uri].text == AREA.replace("side * side", "side ** 2")
        assert len(model.requests) == 2
        assert "sidee" in str(model.requests[1].body)


async def test_one_that_stays_wrong_is_shown_with_a_warning(tmp_path: Path) -> None:
    async with ScriptedModel(dialect="openai", reply=WRONG) as model:
        async with session(tmp_path, settings(model) | CHECKED) as client:
            uri = await started(client, tmp_path, AREA, "area.py")
            result = await edit(client, uri, "use a power", range=WHOLE)
            assert "sidee" in str(edits_of(result["edit"])), "it is the user's to decide"
            assert "introduces" in result["warning"]
        assert len(model.requests) == 2


async def test_without_checkers_nothing_waits(tmp_path: Path) -> None:
    async with ScriptedModel(dialect="openai", reply=WRONG) as model:
        async with session(tmp_path, settings(model)) as client:
            uri = await started(client, tmp_path, AREA, "area.py")
            await edit(client, uri, "use a power", range=WHOLE)
        assert len(model.requests) == 1
