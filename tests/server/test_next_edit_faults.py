"""What an edit breaks elsewhere, as the real checkers say: mended where a rename explains it, else shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ai_lsp.cli.lsp_client import LspClient
from tests.server.driving import open_file, ready, session, until, until_async
from tests.server.test_next_edit import ask

TEXT = """def area(side: int) -> int:
    return side * side


def price(side: int, fee: int) -> int:
    return area(side) + fee


def cost(width: int) -> int:
    return area(width)
"""
DRAWS = {"experimental": {"aiLsp": {"nextEdit": True}}}


async def suggestions(client: LspClient, uri: str, offset: int) -> list[Any]:
    found: list[Any] = (await ask(client, uri, offset, context={"max": 9}))["suggestions"]
    return found


async def test_a_renamed_function_is_mended_where_it_is_called(tmp_path: Path) -> None:
    """The client is told that there is more to be had, and gets the whole rename, surely and nothing else."""
    async with session(tmp_path, {}, initialize={"capabilities": DRAWS}) as client:
        await ready(client)
        uri = open_file(client, tmp_path, "area.py", TEXT)
        at = TEXT.index("area")
        for number, key in enumerate("surface_"):
            client.change(uri, at + number, at + number, key)
        await until(lambda: any(m["method"] == "aiLsp/nextEditReady" for m in client.seen.notifications))
        wanted = TEXT.replace("area", "surface_area")
        for _ in range(TEXT.count("area") - 1):

            async def is_there() -> bool:
                return bool((found := await suggestions(client, uri, at)) and found[0]["confidence"] >= 0.85)

            await until_async(is_there, True)
            first = (await suggestions(client, uri, at))[0]
            assert first["why"] == "you renamed area to surface_area"
            client.apply_edits(uri, first["edits"])
            await client.request("workspace/executeCommand", first["command"])
        assert client.documents[uri].text == wanted
        assert not [s for s in await suggestions(client, uri, at) if s["kind"] == "edit"]


async def test_a_call_that_lacks_an_argument_now_is_a_place_to_go_to(tmp_path: Path) -> None:
    (tmp_path / "area.py").write_text(TEXT)
    (tmp_path / "use.py").write_text("from area import price\n\nprint(price(1, 2))\n")
    async with session(tmp_path, {"next_edit": {"min_confidence": 0.99}}) as client:
        await ready(client)
        uri = open_file(client, tmp_path, "area.py", TEXT)
        at = TEXT.index("fee: int") + len("fee: int")
        client.change(uri, at, at, ", tax: int")

        async def places() -> list[Any]:
            found = await suggestions(client, uri, at)
            return [s["uri"].rsplit("/", 1)[-1] for s in found if "No argument provided" in s["why"]]

        await until_async(places, ["use.py"])
