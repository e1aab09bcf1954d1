"""`ai-lsp setup`: printed by default, written only where asked, and never over what the user has."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from ai_lsp.cli import setup
from ai_lsp.cli.setup import SETUPS

WRITABLE = [name for name, each in SETUPS.items() if each.add]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    return tmp_path


def place(home: Path, editor: str, text: str | None = None) -> Path:
    """The file that an editor reads; with a text, as the user has it."""
    where = SETUPS[editor].place
    assert where is not None
    path = where(home)
    if text is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("editor", SETUPS)
def test_stdout_has_the_lines_and_nothing_else_and_nothing_is_written(
    editor: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert setup.main([editor]) == 0
    said = capsys.readouterr()
    files = setup.editor_files()
    assert files is not None
    assert said.out == SETUPS[editor].text(setup.server_path(), files)
    assert Path(setup.server_path()).is_absolute()
    assert setup.server_path() in said.out or str(Path(setup.server_path()).parent) in said.out
    assert SETUPS[editor].then in said.err
    assert list(home.iterdir()) == []


@pytest.mark.parametrize(
    ("editor", "mine"),
    [
        ("neovim", "-- mine, without a line end"),
        ("emacs", ";; mine"),
        ("vim", '" mine'),
        ("helix", '[[language]]\nname = "python"\nlanguage-servers = ["ty"]'),
        ("vscode", '{\n  // mine\n  "editor.fontSize": 14,\n}\n'),
    ],
)
def test_written_once_beside_what_the_user_has(editor: str, mine: str, home: Path) -> None:
    path = place(home, editor, mine)
    for _ in range(2):
        assert setup.main([editor, "--write"]) == 0
    text = path.read_text(encoding="utf-8")
    assert all(line in text for line in mine.split("\n"))
    assert text.count("bin/ai-lsp") + text.count("exec-path") == 1 or editor == "emacs"
    assert [p for p in path.parent.iterdir() if "ai-lsp-new" in p.name] == []


@pytest.mark.parametrize("editor", WRITABLE)
def test_a_second_run_changes_nothing(editor: str, home: Path) -> None:
    assert setup.main([editor, "--write"]) == 0
    path = place(home, editor)
    first = path.read_text(encoding="utf-8")
    assert setup.configured(editor, home) == path
    assert setup.main([editor, "--write"]) == 0
    assert path.read_text(encoding="utf-8") == first


def test_languages_that_the_user_wrote_down_stay_theirs(home: Path) -> None:
    path = place(home, "helix", '[[language]]\nname = "python"\nlanguage-servers = ["ty"]\n')
    assert setup.main(["helix", "--write"]) == 0
    languages = tomllib.loads(path.read_text(encoding="utf-8"))["language"]
    assert [each["language-servers"] for each in languages if each["name"] == "python"] == [["ty"]]
    assert [each["language-servers"][-1] for each in languages if each["name"] == "go"] == ["ai-lsp"]


@pytest.mark.parametrize(
    ("editor", "text"),
    [("helix", "[[language\n"), ("helix", "language-server = 1\n"), ("vscode", "// nothing\n"), ("zed", "{}")],
)
def test_a_file_that_cannot_be_added_to_is_left_alone(
    editor: str, text: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = place(home, editor, text)
    assert setup.main([editor, "--write"]) == 0
    assert path.read_text(encoding="utf-8") == text
    assert "by hand" in capsys.readouterr().err


@pytest.mark.parametrize("old", ["", "{}", "{ }\n", '{"a": {"b": 1}}'])
def test_settings_of_vs_code_stay_json(old: str, home: Path) -> None:
    path = place(home, "vscode", old)
    assert setup.main(["vscode", "--write"]) == 0
    settings = json.loads(path.read_text(encoding="utf-8"))
    assert settings == {**json.loads(old or "{}"), setup.VSCODE_KEY: setup.server_path()}


def test_another_checkouts_path_is_replaced(home: Path) -> None:
    path = place(home, "vscode", '{\n  // mine\n  "ai-lsp.server.path" : "/old \\"one",\n}\n')
    assert setup.main(["vscode", "--write"]) == 0
    assert path.read_text(encoding="utf-8") == (
        f'{{\n  // mine\n  "ai-lsp.server.path" : "{setup.server_path()}",\n}}\n'
    )


def test_the_file_that_the_editor_really_reads_is_written(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Emacs hides one file behind another; Neovim refuses an init.lua beside an init.vim."""
    (home / ".emacs.d").mkdir()
    assert place(home, "emacs") == home / ".emacs.d" / "init.el"
    (home / ".emacs").touch()
    assert place(home, "emacs") == home / ".emacs"
    vim = home / ".config" / "nvim" / "init.vim"
    vim.parent.mkdir(parents=True)
    vim.write_text("set number\n", encoding="utf-8")
    assert setup.main(["neovim", "--write"]) == 0
    assert "lua << EOF\n" in vim.read_text(encoding="utf-8")
    assert not vim.with_name("init.lua").exists()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "elsewhere"))
    assert place(home, "neovim") == home / "elsewhere" / "nvim" / "init.lua"


def test_a_link_stays_a_link(home: Path) -> None:
    real = home / "dotfiles" / "init.lua"
    real.parent.mkdir()
    real.write_text("-- mine\n", encoding="utf-8")
    link = place(home, "neovim")
    link.parent.mkdir(parents=True)
    link.symlink_to(real)
    assert setup.main(["neovim", "--write"]) == 0
    assert link.is_symlink()
    assert "ai_lsp" in real.read_text(encoding="utf-8")


def test_a_home_that_cannot_be_written_is_said(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / ".config").write_text("a file where a folder should be", encoding="utf-8")
    assert setup.main(["neovim", "--write"]) == 2
    assert "nothing was written" in capsys.readouterr().err
