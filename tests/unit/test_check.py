"""`ai-lsp check` as CI runs it: formats, exit codes, and plain words where nothing can be checked."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from ai_lsp.cli.check import main

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
