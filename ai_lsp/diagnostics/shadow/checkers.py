"""The language servers that may check an edit: a row each.

Facts of each server (what it publishes, what it weighs) were measured with bench/shadow.py on the versions named.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PYTHON = {".py": "python", ".pyi": "python"}
TYPESCRIPT = {
    ".ts": "typescript",
    ".mts": "typescript",
    ".cts": "typescript",
    ".tsx": "typescriptreact",
    ".js": "javascript",
    ".mjs": "javascript",
    ".cjs": "javascript",
    ".jsx": "javascriptreact",
}
C = {".c": "c", ".h": "c", ".cc": "cpp", ".cpp": "cpp", ".cxx": "cpp", ".hh": "cpp", ".hpp": "cpp"}


@dataclass(frozen=True, slots=True)
class Checker:
    """One server. `command` is looked up beside our own Python, then on PATH; never in the workspace, whose files
    may not run anything.

    `pulls`: it answers `textDocument/diagnostic`; the others must publish with the document's version. One that
    does not is given `sentinel` at the text's end, a statement with an error that it names `sentinel_word` in:
    a report that holds it is about this very text. `patience_s` is the longest start; `memory_mb` a cap.
    Some load what the workspace holds, so only the user's own settings name those beyond ruff and ty.
    """

    name: str
    command: tuple[str, ...]
    languages: Mapping[str, str]
    pulls: bool
    memory_mb: int
    patience_s: float = 10.0
    options: Mapping[str, Any] = field(default_factory=dict)
    sentinel: str = ""
    sentinel_word: str = ""
    is_swift: bool = False
    """It answers within some 20 ms, so that it may be asked while one types."""
    by_hand: str = ""
    blind: frozenset[str] = frozenset()


_NOT_FOUND = frozenset({"reportMissingImports", "reportMissingModuleSource"})

CHECKERS: tuple[Checker, ...] = (
    Checker(
        "ruff",
        ("ruff", "server"),
        PYTHON,
        pulls=True,
        memory_mb=150,
        by_hand="ruff check {path}",
        is_swift=True,
    ),  # 0.17.6
    Checker(
        "ty",
        ("ty", "server"),
        PYTHON,
        pulls=True,
        memory_mb=400,
        by_hand="ty check {path}",
        blind=frozenset({"unresolved-import"}),
    ),  # 0.0.105
    Checker(
        "pyrefly",
        ("pyrefly", "lsp"),
        PYTHON,
        pulls=False,
        memory_mb=600,
        by_hand="pyrefly check {path}",
        blind=frozenset({"missing-import", "import-error"}),
    ),  # 1.4.1
    Checker(
        "basedpyright",
        ("basedpyright-langserver", "--stdio"),
        PYTHON,
        pulls=False,
        memory_mb=900,
        patience_s=30.0,
        by_hand="basedpyright {path}",
        blind=_NOT_FOUND,
    ),  # 1.40.2; asks the environment's interpreter for its folders
    Checker(
        "pyright",
        ("pyright-langserver", "--stdio"),
        PYTHON,
        pulls=False,
        memory_mb=900,
        patience_s=30.0,
        by_hand="pyright {path}",
        blind=_NOT_FOUND,
    ),
    Checker(
        "tsgo",
        ("tsc", "--lsp", "--stdio"),
        TYPESCRIPT,
        pulls=True,
        memory_mb=600,
        by_hand="tsc --noEmit {path}",
        blind=frozenset({"2307", "7016"}),
    ),  # TypeScript 7.0.2
    Checker(
        "typescript-language-server",  # loads the TypeScript that lies in node_modules
        ("typescript-language-server", "--stdio"),
        TYPESCRIPT,
        pulls=False,
        memory_mb=900,
        patience_s=30.0,
        sentinel="\n;const ai_lsp_sentinel: never = 0;\n",
        sentinel_word="'never'",
        by_hand="tsc --noEmit {path}",
        blind=frozenset({"2307", "7016"}),
    ),  # 5.3.0
    Checker(
        "gopls",
        ("gopls", "serve"),
        {".go": "go"},
        pulls=False,
        memory_mb=900,
        patience_s=30.0,
        by_hand="gopls check {path}",
        blind=frozenset({"BrokenImport"}),
    ),  # 0.22.0
    Checker(
        "clangd",
        ("clangd", "--background-index=0"),
        C,
        pulls=False,
        memory_mb=600,
        by_hand="clangd --check={path}",
        blind=frozenset({"pp_file_not_found"}),
    ),  # 21.1.8
)
"""A tool is named as its users know it. rust-analyzer is absent: on unsaved text it says little."""

BY_NAME: Mapping[str, Checker] = {checker.name: checker for checker in CHECKERS}


def executable(checker: Checker) -> Path | None:
    """Where the server is: beside the Python we run in, else on PATH; None where it is not installed."""
    beside = Path(sys.executable).with_name(checker.command[0])
    if beside.is_file():
        return beside
    found = shutil.which(checker.command[0])
    return Path(found) if found else None


def for_path(path: str, names: tuple[str, ...]) -> list[Checker]:
    """The named checkers that know a file's language, in the order named."""
    suffix = Path(path).suffix.lower()
    return [BY_NAME[name] for name in names if name in BY_NAME and suffix in BY_NAME[name].languages]
