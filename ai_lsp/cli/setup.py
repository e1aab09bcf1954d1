"""`ai-lsp setup EDITOR`: the configuration for one editor, with the real path of this server.

The lines go to stdout, what is to be done with them to stderr: `ai-lsp setup neovim >> init.lua` is right.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import sys
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BEGIN, END = "begin ai-lsp", "end ai-lsp"
"""Comments around what `--write` adds, so that a second run replaces it."""


class ByHand(Exception):
    """A file that cannot safely be added to; the text says why."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What one editor needs. `text` makes the lines from the server's path and the folder of our editor files;
    `place` is the file they go to, from the user's home: the one it reads, where it may read several.
    `add` puts them among what that file says already (empty where it is not there), or raises ByHand; an editor
    that keeps its settings where no program may write has no `place`."""

    title: str
    text: Callable[[str, Path], str]
    then: str
    place: Callable[[Path], Path] | None = None
    add: Callable[[Path, str, str], str] | None = None


# What an editor reads


def _config(home: Path) -> Path:
    return Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")


def _application(home: Path) -> Path:
    """Where desktop programs keep a user's settings."""
    if sys.platform == "darwin":
        return home / "Library" / "Application Support"
    return home / "AppData" / "Roaming" if sys.platform == "win32" else _config(home)


def _neovim_place(home: Path) -> Path:
    folder = (home / "AppData" / "Local" if sys.platform == "win32" else _config(home)) / "nvim"
    # Neovim refuses to have both.
    return folder / ("init.vim" if (folder / "init.vim").exists() else "init.lua")


def _emacs_place(home: Path) -> Path:
    """Emacs reads the first file of these that is there; a folder `~/.emacs.d` hides the one below .config."""
    for name in (".emacs.el", ".emacs"):
        if (home / name).exists():
            return home / name
    older = home / ".emacs.d"
    return (older if older.is_dir() else _config(home) / "emacs") / "init.el"


def _vim_place(home: Path) -> Path:
    inner = home / ".vim" / "vimrc"
    return inner if inner.exists() and not (home / ".vimrc").exists() else home / ".vimrc"


# The lines


def _neovim(server: str, files: Path) -> str:
    return (
        f"vim.opt.runtimepath:append({json.dumps(str(files / 'neovim'))})\n"
        f"vim.g.ai_lsp_cmd = {{ {json.dumps(server)}, '--stdio' }}\n"
        "vim.cmd.runtime('plugin/ai_lsp.lua') -- at once: a plugin manager may have switched later loading off\n"
    )


def _emacs(server: str, files: Path) -> str:
    folder = json.dumps(str(Path(server).parent))
    return f"(add-to-list 'exec-path {folder})\n(load {json.dumps(str(files / 'emacs' / 'ai-lsp.el'))})\n"


def _helix(server: str, files: Path) -> str:
    shipped = (files / "helix" / "languages.toml").read_text(encoding="utf-8")
    return shipped.replace('command = "ai-lsp"', f"command = {json.dumps(server)}")


def _vscode(server: str, files: Path) -> str:
    return json.dumps({VSCODE_KEY: server}, indent=2) + "\n"


def _vim(server: str, files: Path) -> str:
    return f"let g:copilot_command = {json.dumps(server)}\nlet g:copilot_agent_command = g:copilot_command\n"


def _zed(server: str, files: Path) -> str:
    lsp = {"lsp": {"ai-lsp": {"binary": {"path": server, "arguments": ["--stdio"]}}}}
    return json.dumps(lsp, indent=2) + "\n"


def _jetbrains(server: str, files: Path) -> str:
    return f"{server} --stdio\n"


# Among what the user has


def _between(comment: str) -> Callable[[Path, str, str], str]:
    """At the end, between two comments."""

    def add(path: Path, old: str, text: str) -> str:
        begin, end = f"{comment} {BEGIN}\n", f"{comment} {END}\n"
        block = begin + text + end
        start, stop = old.find(begin), old.find(end)
        if 0 <= start < stop:
            return old[:start] + block + old[stop + len(end) :]
        return old + ("" if not old or old.endswith("\n") else "\n") + block

    return add


def _in_init(path: Path, old: str, text: str) -> str:
    """An init.vim holds Lua between two lines of its own."""
    if path.suffix == ".vim":
        return _between('"')(path, old, f"lua << EOF\n{text}EOF\n")
    return _between("--")(path, old, text)


def _in_languages(path: Path, old: str, text: str) -> str:
    """Helix's languages.toml: languages that the user has written down are left for them to change."""
    begin, end = f"# {BEGIN}\n", f"# {END}\n"
    start, stop = old.find(begin), old.find(end)
    mine = old[:start] + old[stop + len(end) :] if 0 <= start < stop else old
    theirs = _toml(mine)
    languages = theirs.get("language", [])
    if not isinstance(languages, list):
        raise ByHand("is no languages.toml of Helix")
    names = {str(each.get("name")) for each in languages if isinstance(each, dict)}
    head, *tables = re.split(r"(?m)^(?=\[)", text)
    kept = [t for t in tables if not ((name := re.search(r'name = "([^"]*)"', t)) and name[1] in names)]
    servers = theirs.get("language-server")
    if isinstance(servers, dict) and "ai-lsp" in servers:
        kept = [table for table in kept if not table.startswith("[language-server.")]
    new = _between("#")(path, mine, head + "".join(kept)) if kept else old
    _toml(new)
    return new


def _toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ByHand(f"cannot be added to ({error})") from None


VSCODE_KEY = "ai-lsp.server.path"


def _in_settings(path: Path, old: str, text: str) -> str:
    """VS Code's settings.json, whose comments and order stay as they are: one line after the first brace."""
    value = json.dumps(json.loads(text)[VSCODE_KEY])
    if not old.strip():
        return text
    if f'"{VSCODE_KEY}"' in old:
        return re.sub(rf'("{VSCODE_KEY}"\s*:\s*)"(?:[^"\\]|\\.)*"', lambda found: found[1] + value, old)
    opening = re.match(r"\s*\{", old)
    if not opening:
        raise ByHand("does not begin with a brace")
    rest = old[opening.end() :]
    rest = "\n}\n" if rest.strip() == "}" else f",{rest}"
    return f'{opening[0]}\n  "{VSCODE_KEY}": {value}{rest}'


SETUPS: Mapping[str, Setup] = {
    "neovim": Setup(
        "Neovim 0.11 or newer, after the lines of a plugin manager",
        _neovim,
        "Open a file and type; `:checkhealth ai_lsp` looks at everything.",
        _neovim_place,
        _in_init,
    ),
    "emacs": Setup("Emacs 30.1 or newer, eglot", _emacs, "Open a file and type.", _emacs_place, _between(";;")),
    "helix": Setup(
        "Helix 25.07",
        _helix,
        'Languages that you have written down yourself need "ai-lsp" in their `language-servers`; '
        "`hx --health python` lists it.",
        lambda home: (
            (_application(home) if sys.platform == "win32" else _config(home)) / "helix" / "languages.toml"
        ),
        _in_languages,
    ),
    "vscode": Setup(
        "VS Code 1.91 or newer",
        _vscode,
        "Build and install the extension: editors/vscode/make-vsix.sh --install",
        lambda home: _application(home) / "Code" / "User" / "settings.json",
        _in_settings,
    ),
    "vim": Setup(
        "Vim 9 with github/copilot.vim",
        _vim,
        "The plugin must be installed; `:Copilot status` says whether it reaches the server.",
        _vim_place,
        _between('"'),
    ),
    "zed": Setup(
        "Zed",
        _zed,
        "See editors/zed/README.md for what works there and what does not.",
        lambda home: home / ".config" / "zed" / "settings.json",
    ),
    "jetbrains": Setup(
        "JetBrains IDEs with LSP4IJ",
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


def configured(name: str, home: Path) -> Path | None:
    """The file of an editor that names ai-lsp already, by its simplest sign; None where it does not."""
    setup = SETUPS[name]
    if setup.place is None:
        return None
    path = setup.place(home)
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return path if "ai-lsp" in text or "ai_lsp" in text else None


def write(setup: Setup, text: str, home: Path) -> str:
    """Put the lines into the user's file; returns what was done. What stands there already stays as it is, but
    for lines that an earlier run added. Raises OSError."""
    if setup.place is None:
        return "Not written: these settings are kept where no program may write. Add the lines above by hand."
    path = setup.place(home)
    old = path.read_text(encoding="utf-8") if path.exists() else ""
    try:
        if setup.add is None:
            raise ByHand("is not changed by programs")
        new = setup.add(path, old, text)
    except ByHand as why:
        return f"Not written: {path} {why}. Add the lines above by hand."
    if new == old:
        return f"{path} says so already."
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".ai-lsp-new")
    fresh.write_text(new, encoding="utf-8")
    os.replace(fresh, path.resolve())  # never half a file, and a link stays a link
    return f"Written to {path}."


def main(argv: list[str]) -> int:
    """Print the setup, or write it with `--write`. Exit code 2 where our files are missing or it cannot write."""
    parser = argparse.ArgumentParser(prog="ai-lsp setup", description=(__doc__ or "").partition(": ")[2])
    parser.add_argument("editor", choices=SETUPS, metavar="EDITOR", help=", ".join(SETUPS))
    parser.add_argument("--write", action="store_true", help="add the lines to your own configuration")
    asked = parser.parse_args(argv)
    files = editor_files()
    if files is None:
        sys.stderr.write("ai-lsp setup: the editors' files are missing from this installation; use a checkout\n")
        return 2
    setup = SETUPS[asked.editor]
    text = setup.text(server_path(), files)
    where = f"in {setup.place(Path.home())}" if setup.place else "in its settings"
    sys.stderr.write(f"{setup.title}: {where}\n\n")
    sys.stderr.flush()
    sys.stdout.write(text)
    sys.stdout.flush()
    if asked.write:
        try:
            sys.stderr.write(f"\n{write(setup, text, Path.home())}\n")
        except OSError as error:
            sys.stderr.write(f"ai-lsp setup: nothing was written: {error}\n")
            return 2
    sys.stderr.write(f"\n{setup.then}\n")
    return 0
