"""Writes what documentation says about settings from their schema; `--check` only says whether it is up to date.

The table goes between the two markers of README.md and of each editors/*/README.md that has them. The same schema
goes into editors/settings.schema.json, for editors that complete and check settings, and into the manifest of the
VS Code extension.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))  # a script of this folder, wherever it is loaded from
import editor_table

from ai_lsp.config import ROWS, Merge, Narrowing, Row
from ai_lsp.config.rows import MODELS, REQUIRED
from ai_lsp.config.values import Flag, Text

BEGIN, END = "<!-- settings:begin -->", "<!-- settings:end -->"


class BrokenMarkers(Exception):
    """A page has one marker without the other, or in the wrong order."""


def table() -> str:
    """The settings as a Markdown table."""
    lines = ["| setting | default | what it does | a repository's `.ai-lsp.toml` |", "|---|---|---|---|"]
    for row in ROWS:
        key = row.key.replace("*", "NAME")
        may = "" if row.workspace is Narrowing.NEVER else f"may {row.workspace.value}"
        says_more = not isinstance(row.value, Flag | Text)
        about = f"{row.about} {_sentence(row.value.expected())}" if says_more else row.about
        if row.merge is Merge.UNION:
            about += " What several places say adds up."
        lines.append(f"| `{key}` | {_default(row)} | {about.replace('|', chr(92) + '|')} | {may} |")
    return "\n".join(lines)


def schema() -> dict[str, Any]:
    """The settings as JSON Schema, as they stand under the section `ai-lsp`."""
    tables: dict[str, dict[str, Any]] = {}
    required: list[str] = []
    for row in ROWS:
        entry = {"description": row.about, **row.value.schema()}
        if row.default is REQUIRED:
            required.append(row.field)
        else:
            entry["default"] = _plain(row.default)
        tables.setdefault(row.table, {})[row.field] = entry
    model = _object(tables.pop(MODELS)) | {"required": required}
    properties: dict[str, Any] = {
        MODELS: {
            "description": "Model servers by names of your choosing.",
            "type": "object",
            "propertyNames": {"not": {"enum": ["", "local"]}},
            "additionalProperties": model,
        }
    }
    properties |= {name: _object(fields) for name, fields in tables.items()}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Settings of ai-lsp",
        **_object(properties),
    }


def _plain(default: object) -> object:
    if isinstance(default, tuple):
        return list(default)
    return dict(default) if isinstance(default, Mapping) else default


def vscode_manifest(manifest: dict[str, Any]) -> dict[str, Any]:
    """The extension's manifest with the server's settings behind its own ones.

    Every one is of scope `machine`: VS Code then takes it from the user and never from a repository.
    """
    properties = {}
    for table, fields in schema()["properties"].items():
        if table == MODELS:
            properties[f"ai-lsp.{table}"] = {**fields, "default": {}, "scope": "machine"}
            continue
        for name, field in fields["properties"].items():
            properties[f"ai-lsp.{table}.{name}"] = {**field, "scope": "machine"}
    own = manifest["contributes"]["configuration"][0]
    server = {"title": "ai-lsp: the server", "properties": properties}
    return {**manifest, "contributes": {**manifest["contributes"], "configuration": [own, server]}}


def with_editors(page: str, root: Path) -> str:
    """A page with the table of editors between its markers; unchanged where it has none."""
    if editor_table.BEGIN not in page:
        return page
    before, begin, rest = page.partition(editor_table.BEGIN)
    _, end, after = rest.partition(editor_table.END)
    if not end:
        raise BrokenMarkers(f"{editor_table.END} is missing")
    return f"{before}{begin}\n{editor_table.table(root)}\n{end}{after}"


def with_table(page: str) -> str:
    """A page with the table between its markers; unchanged where it has none. Raises BrokenMarkers."""
    if (page.count(BEGIN), page.count(END)) == (0, 0):
        return page
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if page.count(BEGIN) != 1 or page.count(END) != 1 or not end:
        raise BrokenMarkers(f"{BEGIN} and {END} must stand once each, in this order")
    return f"{before}{begin}\n{table()}\n{end}{after}"


def wanted(root: Path) -> Iterator[tuple[Path, str]]:
    """Every file that is written here, and what it should hold."""
    for path in (root / "README.md", *sorted(root.glob("editors/*/README.md"))):
        if path.is_file():
            try:
                yield path, with_editors(with_table(path.read_text("utf-8")), root)
            except BrokenMarkers as problem:
                raise BrokenMarkers(f"{path}: {problem}") from None
    yield root / "editors" / "settings.schema.json", json.dumps(schema(), indent=2) + "\n"
    manifest = root / "editors" / "vscode" / "package.json"
    if manifest.is_file():
        filled = vscode_manifest(json.loads(manifest.read_text("utf-8")))
        yield manifest, json.dumps(filled, indent=2, ensure_ascii=False) + "\n"


def main(argv: list[str] | None = None) -> int:
    """Exit code 0, or 1 where `--check` found a file out of date or a page's markers are broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="change nothing; fail where something is out of date"
    )
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent)
    asked = parser.parse_args(argv)
    stale: list[Path] = []
    try:
        for path, text in wanted(asked.root):
            if not path.is_file() or path.read_text("utf-8") != text:
                stale.append(path)
                if not asked.check:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_text(text, "utf-8")
    except (BrokenMarkers, editor_table.NoSuchTest) as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    for path in stale:
        state = "is out of date: run scripts/docs_tables.py" if asked.check else "written"
        sys.stdout.write(f"{path.relative_to(asked.root)} {state}\n")
    return 1 if asked.check and stale else 0


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _default(row: Row) -> str:
    if row.default is REQUIRED:
        return "required"
    return f"`{json.dumps(_plain(row.default))}`"


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


if __name__ == "__main__":
    sys.exit(main())
