"""What the documentation says about settings is what the schema says, and a page that lags behind is noticed."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ai_lsp.config import ROWS, Kind, Source, load

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def docs() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_tables", ROOT / "scripts" / "docs_tables.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def page(root: Path, text: str) -> Path:
    path = root / "README.md"
    path.write_text(text, "utf-8")
    return path


def test_a_page_with_markers_gets_every_setting_once(docs: ModuleType, tmp_path: Path) -> None:
    path = page(tmp_path, f"before\n{docs.BEGIN}\nSTALE\n{docs.END}\nafter\n")
    editor = tmp_path / "editors" / "ed"
    editor.mkdir(parents=True)
    untouched = page(editor, "no markers here\n")
    assert docs.main(["--check", "--root", str(tmp_path)]) == 1
    assert "STALE" in path.read_text("utf-8"), "--check changes nothing"
    assert docs.main(["--root", str(tmp_path)]) == 0
    assert docs.main(["--check", "--root", str(tmp_path)]) == 0
    text = path.read_text("utf-8")
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "STALE" not in text
    for row in ROWS:
        assert text.count(f"| `{row.key.replace('*', 'NAME')}` |") == 1
    assert untouched.read_text("utf-8") == "no markers here\n"


def test_a_stale_schema_is_noticed(docs: ModuleType, tmp_path: Path) -> None:
    assert docs.main(["--root", str(tmp_path)]) == 0
    schema = tmp_path / "editors" / "settings.schema.json"
    schema.write_text(schema.read_text("utf-8").replace("128", "129"), "utf-8")
    assert docs.main(["--check", "--root", str(tmp_path)]) == 1


@pytest.mark.parametrize("marks", ["{b}", "{e}", "{e}{b}", "{b}{e}{b}{e}"])
def test_broken_markers_are_said_and_the_page_is_left_alone(
    docs: ModuleType, tmp_path: Path, marks: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = marks.format(b=docs.BEGIN, e=docs.END)
    path = page(tmp_path, text)
    assert docs.main(["--root", str(tmp_path)]) == 1
    assert str(path) in capsys.readouterr().err
    assert path.read_text("utf-8") == text


def test_the_schema_names_the_same_keys_and_its_defaults_are_valid(docs: ModuleType) -> None:
    schema = json.loads(json.dumps(docs.schema()))
    keys: set[str] = set()
    options: dict[str, Any] = {}
    for table, content in schema["properties"].items():
        fields = content["additionalProperties"] if table == "models" else content
        prefix = "models.*" if table == "models" else table
        keys |= {f"{prefix}.{name}" for name in fields["properties"]}
        assert fields["additionalProperties"] is False
        defaults = {name: field["default"] for name, field in fields["properties"].items() if "default" in field}
        if table == "models":
            assert set(fields["required"]) == set(fields["properties"]) - set(defaults)
            defaults = {"tab": {**defaults, "api": "openai", "url": "https://host"}}
        options[table] = defaults
    assert keys == {row.key for row in ROWS}
    assert load([Source(Kind.CLIENT, "c", {"ai-lsp": options})]).problems == ()


def test_vscode_takes_every_setting_from_the_user_alone(docs: ModuleType) -> None:
    """Scope `machine` keeps a repository's .vscode/settings.json out (invariant 7)."""
    manifest = json.loads((ROOT / "editors" / "vscode" / "package.json").read_text("utf-8"))
    own, server = docs.vscode_manifest(manifest)["contributes"]["configuration"]
    assert {f"ai-lsp.{row.table}" for row in ROWS if row.table == "models"} <= set(server["properties"])
    assert {f"ai-lsp.{row.key}" for row in ROWS if row.table != "models"} <= set(server["properties"])
    for name, entry in {**own["properties"], **server["properties"]}.items():
        assert entry["scope"] == "machine" or name == "ai-lsp.nextEdit.show", name
