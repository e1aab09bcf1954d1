"""`aiLsp/check` over the real server: the project's checkers look at an edit of an unsaved buffer."""

from __future__ import annotations

from pathlib import Path

from tests.server.driving import open_file, session


async def test_an_edit_of_an_unsaved_buffer_is_checked_with_those_that_import_it(tmp_path: Path) -> None:
    root = tmp_path / "work"
    root.mkdir()
    (root / "area.py").write_text("def area(side: int) -> int:\n    return side * side\n")
    (root / "use.py").write_text("from area import area\n\nprint(area(3))\n")
    unsaved = "LIMIT = 9\n\n\ndef area(side: int) -> int:\n    return side * side\n"
    async with session(root, {"shadow": {"budget_ms": 20_000}}) as client:
        uri = open_file(client, root, "area.py", unsaved)
        good = await client.request("aiLsp/check", {"changes": {uri: unsaved.replace("side * side", "LIMIT")}})
        bad = await client.request("aiLsp/check", {"changes": {uri: unsaved.replace("def area", "def surface")}})
        off = await client.request("aiLsp/check", {"changes": {(root / "notes.txt").as_uri(): "x"}})
    assert good["isClean"], good
    assert sorted(good["checkedBy"]) == ["ruff", "ty"]
    assert bad["isWorse"], bad
    assert any(each["uri"].endswith("use.py") for each in bad["introduces"])
    assert (off["isClean"], off["checkedBy"]) == (False, [])
    assert sorted(path.name for path in root.rglob("*")) == ["area.py", "use.py"], "nothing is left behind"
