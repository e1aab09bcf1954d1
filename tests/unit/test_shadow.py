"""Edits checked by language servers of our own: verdicts, faults never taken for "clean", real checkers."""

from __future__ import annotations

import asyncio
import hashlib
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ai_lsp.diagnostics.shadow import checkers
from ai_lsp.diagnostics.shadow.checkers import BY_NAME, Checker
from ai_lsp.diagnostics.shadow.importers import importers
from ai_lsp.diagnostics.shadow.pool import Candidate, Pool
from ai_lsp.diagnostics.shadow.settings import ShadowSettings
from ai_lsp.diagnostics.shadow.verdict import Unknown, Verdict, difference, reported

REPOSITORY = Path(__file__).resolve().parents[2]
CLEAN = "import os\n\n\ndef names(folder: str) -> list[str]:\n    return os.listdir(folder)\n"


@asynccontextmanager
async def pool(*servers: str, budget_ms: int = 10_000, **more: int) -> AsyncIterator[Pool]:
    made = Pool(ShadowSettings(servers=servers, budget_ms=budget_ms, **more))
    try:
        yield made
    finally:
        await made.aclose()


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Checkers named after the way in which they go wrong; `push` and `pull` do their duty."""
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    ways = ["push", "stale", "unversioned", "flood", "garbage", "crash", "no-start", "hang", "silent"]
    for way in [*ways, "pull", "pull-late"]:
        program = (Path(sys.executable).name, "-m", "tests.broken_checker", way)
        row = Checker(
            way, program, {".py": "python"}, pulls=way.startswith("pull"), memory_mb=500, patience_s=2.0
        )
        monkeypatch.setitem(BY_NAME, way, row)  # type: ignore[misc]


def candidate(root: Path, before: str, after: str, name: str = "a.py") -> Candidate:
    uri = (root / name).as_uri()
    return Candidate(root, {uri: before}, {uri: after})


@pytest.mark.parametrize("way", ["push", "pull"])
async def test_what_an_edit_introduces_and_fixes(broken: None, tmp_path: Path, way: str) -> None:
    async with pool(way) as shadow:
        worse = await shadow.check(candidate(tmp_path, "fine\n", "fine\nwrong\n"))
        better = await shadow.check(candidate(tmp_path, "wrong 1\nwrong 2\n", "wrong 2\n"))
        same = await shadow.check(candidate(tmp_path, "wrong\n", "new above\nwrong\n"))
    assert (len(worse.introduces), len(worse.fixes), worse.is_worse) == (1, 0, True)
    assert (len(better.introduces), len(better.fixes), better.is_clean) == (0, 1, True)
    assert (same.introduces, same.fixes) == ((), ()), "a finding that only moved is the same finding"


@pytest.mark.parametrize(
    ("way", "why"),
    [
        ("silent", Unknown.SLOW),
        ("stale", Unknown.SLOW),
        ("unversioned", Unknown.SLOW),
        ("pull-late", Unknown.SLOW),
        ("flood", Unknown.FLOODED),
        ("garbage", Unknown.GARBAGE),
        ("crash", Unknown.CRASHED),
        ("no-start", Unknown.CRASHED),
    ],
)
async def test_a_fault_is_unknown_and_never_clean(broken: None, tmp_path: Path, way: str, why: Unknown) -> None:
    async with pool(way, budget_ms=10_000 if why is not Unknown.SLOW else 700) as shadow:
        verdict = await shadow.check(candidate(tmp_path, "fine\n", "still fine\n"))
        assert verdict.unknown == {way: why}
        assert not verdict.is_clean
        assert not verdict.is_worse
        again = await shadow.check(candidate(tmp_path, "fine\n", "wrong\n"))
        assert not again.is_clean


@pytest.mark.parametrize("way", ["push", "pull", "silent", "stale", "garbage", "crash"])
async def test_what_a_checker_says_of_a_text_as_it_stands(broken: None, tmp_path: Path, way: str) -> None:
    uri = (tmp_path / "a.py").as_uri()
    async with pool(way) as shadow:
        said = await shadow.said(tmp_path, {uri: "fine\nwrong\n"}, uri, 10.0 if way in ("push", "pull") else 0.7)
    if way in ("push", "pull"):
        assert ([(r.line, r.code) for r in said.reports], said.checked_by) == ([(1, "wrong")], (way,))
    else:
        assert (said.reports, said.checked_by, set(said.unknown)) == ((), (), {way})


async def test_a_server_that_starts_slowly_does_not_hold_the_question(broken: None, tmp_path: Path) -> None:
    async with pool("hang", budget_ms=300) as shadow:
        began = asyncio.get_running_loop().time()
        verdict = await shadow.check(candidate(tmp_path, "fine\n", "fine too\n"))
        assert asyncio.get_running_loop().time() - began < 1.5
    assert verdict.unknown == {"hang": Unknown.SLOW}


async def test_a_checker_that_is_killed_comes_back_after_a_rest(broken: None, tmp_path: Path) -> None:
    now = 1000.0
    shadow = Pool(ShadowSettings(servers=("pull",), budget_ms=10_000), clock=lambda: now)
    try:
        assert (await shadow.check(candidate(tmp_path, "a\n", "b\n"))).is_clean
        (seat,) = shadow._seats.values()
        assert seat.connection is not None
        os.kill(seat.connection.process.pid, 9)
        await seat.connection.process.wait()
        await asyncio.sleep(0.1)
        assert (await shadow.check(candidate(tmp_path, "a\n", "wrong\n"))).is_worse, "it is started anew"
    finally:
        await shadow.aclose()


async def test_one_that_is_not_installed_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BY_NAME, "gone", Checker("gone", ("no-such-program",), {".py": "python"}, True, 10))  # type: ignore[misc]
    async with pool("gone") as shadow:
        verdict = await shadow.check(candidate(tmp_path, "a\n", "b\n"))
    assert verdict.unknown == {"gone": Unknown.MISSING}
    assert "is not installed" in verdict.sentence


async def test_a_language_that_nobody_checks_has_no_verdict(tmp_path: Path) -> None:
    async with pool("ruff", "ty") as shadow:
        verdict = await shadow.check(candidate(tmp_path, "a\n", "b\n", "notes.txt"))
    assert verdict == Verdict()
    assert not verdict.is_clean


def test_programs_are_never_taken_from_the_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repository that brings its own `ruff` does not get it run."""
    for folder in (tmp_path / ".venv" / "bin", tmp_path / "node_modules" / ".bin", tmp_path):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "ruff").write_text("#!/bin/sh\ntouch owned\n")
        (folder / "ruff").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    found = checkers.executable(BY_NAME["ruff"])
    assert found is not None
    assert tmp_path not in found.parents


def test_equal_findings_are_counted() -> None:
    item = {"range": {"start": {"line": 0}}, "message": "m", "severity": 1}
    one, two = reported("c", "u", "x\n", [item]), reported("c", "u", "x\n", [item, item])
    assert len(difference(one, two)[0]) == 1
    assert len(difference(two, one)[1]) == 1


def test_importers_are_found_by_their_imports(tmp_path: Path) -> None:
    files = {
        "pkg/area.py": "x = 1\n",
        "pkg/use.py": "from pkg.area import x\n",
        "pkg/near.py": "from . import area\n",
        "pkg/words.py": "# the area of a circle\n",
        "secret/.env": "import area\n",
        "web/a.ts": "export const a = 1\n",
        "web/b.tsx": "import { a } from './a'\n",
        "c/a.h": "int a;\n",
        "c/b.c": '#include "a.h"\n',
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)

    def found(name: str) -> set[str]:
        return {str(Path(path).relative_to(tmp_path)) for path in importers(tmp_path, tmp_path / name)}

    assert found("pkg/area.py") == {"pkg/use.py", "pkg/near.py"}
    assert found("web/a.ts") == {"web/b.tsx"}
    assert found("c/a.h") == {"c/b.c"}
    assert found("secret/.env") == set()


def state_of(root: Path) -> dict[str, tuple[int, str]]:
    files = [path for path in sorted(root.rglob("*")) if path.is_file()]
    return {str(p): (p.stat().st_mtime_ns, hashlib.sha256(p.read_bytes()).hexdigest()) for p in files}


async def test_ruff_and_ty_check_unsaved_text_and_touch_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(CLEAN)
    (tmp_path / "b.py").write_text("from a import names\n\nprint(names('x'))\n")
    before = state_of(tmp_path)
    a, b = (tmp_path / "a.py").as_uri(), (tmp_path / "b.py").as_uri()
    unsaved = CLEAN + "\n\nLIMIT = 3\n"
    async with pool("ruff", "ty") as shadow:
        fine = await shadow.check(Candidate(tmp_path, {a: unsaved}, {a: unsaved + "\nprint(LIMIT)\n"}))
        undefined = await shadow.check(Candidate(tmp_path, {a: unsaved}, {a: unsaved + "\nprint(LIMITS)\n"}))
        renamed = unsaved.replace("def names", "def entries")
        broken = await shadow.check(
            Candidate(tmp_path, {a: unsaved}, {a: renamed}, beside={b: (tmp_path / "b.py").read_text()})
        )
        both = {a: renamed, b: "from a import entries\n\nprint(entries('x'))\n"}
        mended = await shadow.check(Candidate(tmp_path, {a: unsaved, b: (tmp_path / "b.py").read_text()}, both))
    assert fine.is_clean, fine.sentence
    assert set(fine.checked_by) == {"ruff", "ty"}
    assert undefined.is_worse
    assert "LIMITS" in undefined.sentence
    assert [each.uri for each in broken.introduces] == [b], "a file that imports the edited one is looked at"
    assert not mended.introduces, mended.sentence
    assert state_of(tmp_path) == before
