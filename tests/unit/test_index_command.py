"""`ai-lsp index` with the real server: a folder is learnt once, kept, and told of in figures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ai_lsp.__main__ import main as program
from ai_lsp.cli.index import main


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("config", "state", "cache"):
        monkeypatch.setenv(f"XDG_{name.upper()}_HOME", str(tmp_path / name))
    root = tmp_path / "shop"
    root.mkdir()
    (root / "price.py").write_text("def price(item):\n    return item.net * 1.2\n", encoding="utf-8")
    (root / ".env").write_text("SHOP_KEY=not-to-be-learnt\n", encoding="utf-8")
    return root


def test_a_folder_is_learnt_and_kept(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(shop), "--json"]) == 0
    index = json.loads(capsys.readouterr().out)
    assert (index["root"], index["files"]) == (str(shop), 1), "the file of secrets is left out"
    assert index["tokens"] > 5
    assert index["cache_bytes"] > 0
    assert Path(index["cache"]).is_relative_to(shop.parent / "cache")


def test_a_person_reads_the_same(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert program(["index", str(shop)]) == 0
    assert f"{shop}: 1 file, " in capsys.readouterr().out


def test_no_folder(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(shop / "nowhere")]) == 2
    assert "nowhere is no folder" in capsys.readouterr().err


def test_where_nothing_learns(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = shop.parent / "config" / "ai-lsp"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text('[routes]\ncompletion = ""\n', encoding="utf-8")
    assert main([str(shop)]) == 2
    assert "routes.completion" in capsys.readouterr().err


def test_the_program_tells_of_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert program(["--help"]) == 0
    assert "index" in capsys.readouterr().out
