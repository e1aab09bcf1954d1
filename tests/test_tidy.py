"""Rules of the code that no linter says: sizes, names, first sentences, tables in step with their tests."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "ai_lsp").rglob("*.py"))
VAGUE = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}
MAX_LINES, MAX_FUNCTION = 420, 70


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_a_module_is_short_named_and_says_what_it_is_for(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert path.stem not in VAGUE
    assert ast.get_docstring(tree), "the first line says in one sentence what the module is for"
    is_table = len(re.findall(r"^    (?:Row|FimTemplate)\(", text, re.MULTILINE)) > 10
    assert is_table or text.count("\n") <= MAX_LINES
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or 0) - node.lineno + 1
            assert lines <= MAX_FUNCTION, f"{node.name} has {lines} lines"


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_lines_of_documents_are_never_split_by_pythons_rules(path: Path) -> None:
    """str.splitlines also breaks at \\x0c, \\x85 and U+2028, where LSP does not."""
    allowed = {"workspace_files.py", "doctor.py", "worker_process.py"}  # ignore files and other programs' output
    assert path.name in allowed or ".splitlines(" not in path.read_text(encoding="utf-8")


def test_tasks_are_made_where_they_are_kept() -> None:
    """A task that nobody keeps may vanish, and its failure with it."""
    makers = {relative(p) for p in SOURCES if "asyncio.create_task(" in p.read_text(encoding="utf-8")}
    kept = {"ai_lsp/context/worker_process.py", "ai_lsp/cli/lsp_client.py"}
    kept |= {f"ai_lsp/diagnostics/shadow/{name}.py" for name in ("connection", "pool")}  # ended with their server
    assert makers <= kept


def test_edits_go_to_the_editor_by_one_way() -> None:
    senders = {relative(p) for p in SOURCES if '"workspace/applyEdit"' in p.read_text(encoding="utf-8")}
    refuser = "ai_lsp/diagnostics/shadow/connection.py"  # a checker that wants to change the user's files may not
    assert senders == {"ai_lsp/lsp/deliver.py", "ai_lsp/cli/lsp_client.py", refuser}


def test_each_dependency_says_what_it_is_for() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    block = text.split("dependencies = [", 1)[1].split("\n]", 1)[0]
    for line in filter(None, map(str.strip, block.splitlines())):
        assert "#" in line, line
