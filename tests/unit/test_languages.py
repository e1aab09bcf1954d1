"""Every row of LANGUAGES: its ids and extensions are its own, its grammar loads, its queries compile."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from ai_lsp.context import languages
from ai_lsp.context.languages import LANGUAGES, SECTIONS, Row, language_of, syntax_of

ROOT = Path(__file__).parents[2]
QUERIES = Path(languages.__file__).parent / "queries"
EVERY = pytest.mark.parametrize("row", LANGUAGES, ids=lambda row: row.name)


@EVERY
def test_each_section_of_its_query_compiles(row: Row) -> None:
    syntax = syntax_of(row)
    for section in SECTIONS:
        assert getattr(syntax, section).pattern_count > 0, section


@EVERY
def test_its_query_has_only_captures_that_something_reads(row: Row) -> None:
    syntax = syntax_of(row)
    allowed = {
        "outline": {"name", "body", "signature", "import", "callee", "key", "tag"},
        "quiet": {"string", "comment", "text", "code"},
        "blocks": {"block"},
        "names": {"reference"},
    }
    for section in SECTIONS:
        query = getattr(syntax, section)
        found = {query.capture_name(i) for i in range(query.capture_count)}
        assert {name for name in found if not name.startswith("definition.")} <= allowed[section]


@EVERY
def test_its_ids_and_extensions_lead_to_it(row: Row) -> None:
    for name in row.ids:
        assert language_of(name) is row
        assert language_of(name.upper()) is row
    for extension in row.extensions:
        assert language_of("plaintext", f"file:///some.folder/x{extension}") is row


def test_no_two_rows_share_an_id_an_extension_or_a_name() -> None:
    for values in ("ids", "extensions"):
        every = [value for row in LANGUAGES for value in getattr(row, values)]
        assert len(every) == len(set(every))
    assert len({row.name for row in LANGUAGES}) == len(LANGUAGES)


def test_the_language_id_counts_more_than_the_extension() -> None:
    found = language_of("cpp", "file:///x.h")
    assert found is not None
    assert found.name == "cpp"


@pytest.mark.parametrize("uri", ["", "file:///x", "file:///a.py/x", "file:///x.unknown", "untitled:Untitled-1"])
def test_an_unknown_language_has_no_row(uri: str) -> None:
    assert language_of("", uri) is None
    assert language_of("cobol", uri) is None


def test_each_query_file_belongs_to_a_row() -> None:
    assert {path.stem for path in QUERIES.glob("*")} == {row.name for row in LANGUAGES}


def test_each_grammar_is_a_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = {line.split(">")[0].strip() for line in project["dependencies"]}
    assert {row.package.replace("_", "-") for row in LANGUAGES} <= named


def test_no_grammar_is_imported_before_it_is_used() -> None:
    """Start-up time and memory do not grow with the number of languages."""
    code = "import sys, ai_lsp.context.syntax; print([m for m in sys.modules if m.startswith('tree_sitter_')])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert out.stdout.strip() == "[]"
