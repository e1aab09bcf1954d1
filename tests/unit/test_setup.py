"""`ai-lsp setup`: printed by default, written only where asked, and never over what the user has."""

from __future__ import annotations

from pathlib import Path

import pytest

from ai_lsp.cli import setup
from ai_lsp.cli.setup import SETUPS


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("editor", SETUPS)
def test_the_real_path_is_printed_and_nothing_is_written(
    editor: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert setup.main([editor]) == 0
    said = capsys.readouterr().out
    assert Path(setup.server_path()).is_absolute()
    assert setup.server_path() in said or str(Path(setup.server_path()).parent) in said
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("editor", [name for name, each in SETUPS.items() if each.comment])
def test_written_once_beside_what_the_user_has(editor: str, home: Path) -> None:
    path = home / SETUPS[editor].place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("mine, without a line end", encoding="utf-8")
    for _ in range(2):
        assert setup.main([editor, "--write"]) == 0
    text = path.read_text(encoding="utf-8")
    assert text.startswith("mine, without a line end\n")
    assert text.count(setup.BEGIN) == text.count(setup.END) == 1
    assert [p for p in path.parent.iterdir() if "ai-lsp-new" in p.name] == []


def test_a_file_that_cannot_be_added_to_is_left_alone(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = home / SETUPS["helix"].place
    assert setup.main(["helix", "--write"]) == 0
    assert setup.server_path() in path.read_text(encoding="utf-8")
    path.write_text("[[language]]\n", encoding="utf-8")
    assert setup.main(["helix", "--write"]) == 0
    assert path.read_text(encoding="utf-8") == "[[language]]\n"
    assert "by hand" in capsys.readouterr().out


def test_a_link_stays_a_link(home: Path) -> None:
    real = home / "dotfiles" / "init.lua"
    real.parent.mkdir()
    real.write_text("-- mine\n", encoding="utf-8")
    link = home / SETUPS["neovim"].place
    link.parent.mkdir(parents=True)
    link.symlink_to(real)
    assert setup.main(["neovim", "--write"]) == 0
    assert link.is_symlink()
    assert "ai_lsp" in real.read_text(encoding="utf-8")


def test_a_home_that_cannot_be_written_is_said(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / ".config").write_text("a file where a folder should be", encoding="utf-8")
    assert setup.main(["neovim", "--write"]) == 2
    assert "nothing was written" in capsys.readouterr().err
