"""`ai-lsp setup EDITOR`: the configuration for one editor, with the real path of this server."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

BEGIN, END = "begin ai-lsp", "end ai-lsp"
"""Comments around what `--write` adds, so that a second run replaces it."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What one editor needs. `text` makes the lines from the server's path and the folder of our editor files;
    `place` is where they go below the user's home, and `comment` begins a comment there. Without a comment the
    file is one that a program cannot safely add to: it is made where there is none (`may_create`), or printed."""

    title: str
    place: str
    text: Callable[[str, Path], str]
    then: str
    comment: str = ""
    may_create: bool = False


def _neovim(server: str, files: Path) -> str:
    return (
        f"vim.opt.runtimepath:append({json.dumps(str(files / 'neovim'))})\n"
        f"vim.lsp.config('ai_lsp', {{ cmd = {{ {json.dumps(server)}, '--stdio' }} }})\n"
    )


def _emacs(server: str, files: Path) -> str:
    folder = json.dumps(str(Path(server).parent))
    return f"(add-to-list 'exec-path {folder})\n(load {json.dumps(str(files / 'emacs' / 'ai-lsp.el'))})\n"


def _helix(server: str, files: Path) -> str:
    shipped = (files / "helix" / "languages.toml").read_text(encoding="utf-8")
    return shipped.replace('command = "ai-lsp"', f"command = {json.dumps(server)}")


def _vscode(server: str, files: Path) -> str:
    return json.dumps({"ai-lsp.server.path": server}, indent=2) + "\n"


def _vim(server: str, files: Path) -> str:
    return f"let g:copilot_command = {json.dumps(server)}\n"


def _zed(server: str, files: Path) -> str:
    lsp = {"lsp": {"ai-lsp": {"binary": {"path": server, "arguments": ["--stdio"]}}}}
    return json.dumps(lsp, indent=2) + "\n"


def _jetbrains(server: str, files: Path) -> str:
    return f"{server} --stdio\n"


SETUPS: Mapping[str, Setup] = {
    "neovim": Setup("Neovim 0.11 or newer", ".config/nvim/init.lua", _neovim, "Open a file and type.", "--"),
    "emacs": Setup("Emacs 30, eglot", ".config/emacs/init.el", _emacs, "Open a file and type.", ";;"),
    "helix": Setup(
        "Helix 25.07",
        ".config/helix/languages.toml",
        _helix,
        "`hx --health python` lists ai-lsp; C-x opens the menu.",
        may_create=True,
    ),
    "vscode": Setup(
        "VS Code 1.91 or newer",
        ".config/Code/User/settings.json",
        _vscode,
        "Build and install the extension: editors/vscode/make-vsix.sh, then `code --install-extension` its file.",
    ),
    "vim": Setup(
        "Vim 9 with github/copilot.vim",
        ".vimrc",
        _vim,
        "The plugin must be installed; this line goes before it is loaded.",
        '"',
    ),
    "zed": Setup(
        "Zed",
        ".config/zed/settings.json",
        _zed,
        "See editors/zed/README.md for what works there and what does not.",
    ),
    "jetbrains": Setup(
        "JetBrains IDEs with LSP4IJ",
        "",
        _jetbrains,
        "Settings, Languages & Frameworks, Language Servers, +: the command; see editors/jetbrains/README.md.",
    ),
}


def editor_files() -> Path | None:
    """The folder with our files for editors: beside the package in a checkout, inside it when installed."""
    here = Path(__file__).resolve().parents[1]
    return next((f for f in (here / "editors", here.parent / "editors") if (f / "neovim").is_dir()), None)


def server_path() -> str:
    """This server's executable, as an editor should start it."""
    beside = Path(sys.executable).with_name("ai-lsp")
    return str(beside) if beside.exists() else shutil.which("ai-lsp") or "ai-lsp"


def write(setup: Setup, text: str, home: Path) -> str:
    """Put the lines into the user's file; returns what was done. What stands there already stays as it is, but
    for lines that an earlier run added. Raises OSError."""
    path = home / setup.place
    old = path.read_text(encoding="utf-8") if path.exists() else None
    if not setup.comment:
        if not setup.may_create or old is not None:
            why = "has settings already" if old is not None else "is not made by programs"
            return f"Not written: {path} {why}. Add the lines above by hand."
        new = text
    else:
        begin, end = f"{setup.comment} {BEGIN}\n", f"{setup.comment} {END}\n"
        block = begin + text + end
        old = old or ""
        start, stop = old.find(begin), old.find(end)
        if 0 <= start < stop:
            new = old[:start] + block + old[stop + len(end) :]
        else:
            new = old + ("" if not old or old.endswith("\n") else "\n") + block
    if new == old:
        return f"{path} says so already."
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".ai-lsp-new")
    fresh.write_text(new, encoding="utf-8")
    os.replace(fresh, path.resolve())  # never half a file, and a link stays a link
    return f"Written to {path}."


def main(argv: list[str]) -> int:
    """Print the setup, or write it with `--write`. Exit code 2 where our files are missing or it cannot write."""
    parser = argparse.ArgumentParser(prog="ai-lsp setup", description=__doc__)
    parser.add_argument("editor", choices=SETUPS, metavar="EDITOR", help=", ".join(SETUPS))
    parser.add_argument("--write", action="store_true", help="add the lines to your own configuration")
    asked = parser.parse_args(argv)
    files = editor_files()
    if files is None:
        sys.stderr.write("ai-lsp setup: the editors' files are missing from this installation; use a checkout\n")
        return 2
    setup = SETUPS[asked.editor]
    text = setup.text(server_path(), files)
    where = f"in ~/{setup.place}" if setup.place else "in its settings"
    sys.stdout.write(f"# {setup.title}: {where}\n\n{text}\n# {setup.then}\n")
    if asked.write:
        try:
            sys.stdout.write(f"\n{write(setup, text, Path.home())}\n")
        except OSError as error:
            sys.stderr.write(f"ai-lsp setup: nothing was written: {error}\n")
            return 2
    return 0
