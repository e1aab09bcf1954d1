"""What ai-lsp finds around it: git, editors, grammars, folders, and whether the embedded predictor answers."""

from __future__ import annotations

import asyncio
import importlib
import importlib.metadata
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import platformdirs

from ai_lsp.cli.setup import configured
from ai_lsp.completion.local.client import LocalPredictor

VERSION_S = 10.0
"""How long another program may take to say its version, in seconds."""

PREDICTOR_S = 20.0
"""How long the embedded predictor may take to start, in seconds: a busy machine is no fault."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `advice` says what to do where the mark is not "ok"."""

    mark: Literal["ok", "warn", "fail"]
    what: str
    text: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Editor:
    """An editor's program, the oldest version that works with ai-lsp, and how it shows suggestions where it has
    no ghost text."""

    name: str
    program: str
    setup: str
    """What `ai-lsp setup` calls it."""
    oldest: tuple[int, ...]
    otherwise: str = ""


MENU = "suggestions come in the completion menu"

EDITORS = (
    Editor("Neovim", "nvim", "neovim", (0, 11)),
    Editor("Helix", "hx", "helix", (25, 1), MENU),
    Editor("Helix", "helix", "helix", (25, 1), MENU),
    Editor("Emacs", "emacs", "emacs", (30, 1)),
    Editor("Vim", "vim", "vim", (9, 0), "ghost text through copilot.vim"),
    Editor("VS Code", "code", "vscode", (1, 91)),
    Editor("Zed", "zed", "zed", (0,), "see editors/zed/README.md for what works"),
)


async def editors(home: Path | None = None) -> list[Finding]:
    """The editors on PATH and their versions, all asked at once, and whether they know of ai-lsp already."""
    asked = [(editor, path) for editor in EDITORS if (path := shutil.which(editor.program)) is not None]
    answers = await asyncio.gather(*(said_version(path) for _, path in asked))
    at = home or Path.home()
    found = [_editor(editor, version, at) for (editor, _), version in zip(asked, answers, strict=True)]
    if found:
        return found
    names = ", ".join(dict.fromkeys(editor.program for editor in EDITORS))
    return [Finding("warn", "editors", "none on PATH", f"Looked for {names}; others work too")]


def _editor(editor: Editor, version: str, home: Path) -> Finding:
    if not version:
        return Finding("warn", editor.name, f"{editor.program} does not say its version", "Start it once by hand")
    number = tuple(int(part) for part in version.split(".")[:2])
    if number < editor.oldest:
        oldest = ".".join(map(str, editor.oldest))
        return Finding("warn", editor.name, f"{version} is too old", f"Install {editor.name} {oldest} or newer")
    shows = editor.otherwise or "shows ghost text"
    place = configured(editor.setup, home)
    how = f"set up in {place}" if place else f"`ai-lsp setup {editor.setup}` prints the setup, `--write` adds it"
    return Finding("ok", editor.name, f"{version}, {shows}; {how}")


async def git() -> Finding:
    """Whether git is there: it tells which files belong to a workspace."""
    path = shutil.which("git")
    version = await said_version(path) if path is not None else ""
    if version:
        return Finding("ok", "git", version)
    return Finding(
        "warn", "git", "not found", "Install git: without it, ignored files are told by .gitignore alone"
    )


async def said_version(program: str) -> str:
    """The first version number in what `PROGRAM --version` prints; empty where it says none in time."""
    try:
        process = await asyncio.create_subprocess_exec(
            program,
            "--version",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError:
        return ""
    try:
        output, _ = await asyncio.wait_for(process.communicate(), VERSION_S)
    except TimeoutError:
        return ""
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    number = re.search(r"\d+(\.\d+)+", output[:4_096].decode("utf-8", "replace"))
    return number[0] if number else ""


def grammars() -> list[Finding]:
    """The tree-sitter grammars that are installed, each loaded."""
    try:
        tree_sitter = importlib.import_module("tree_sitter")
    except ImportError as error:
        return [Finding("fail", "tree-sitter", str(error), "Install ai-lsp again, with its dependencies")]
    loaded: list[str] = []
    broken: list[Finding] = []
    for name in _grammar_packages():
        try:
            package = importlib.import_module(name.replace("-", "_"))
            entries = [entry for entry in dir(package) if entry == "language" or entry.startswith("language_")]
            for entry in entries:
                tree_sitter.Parser(tree_sitter.Language(getattr(package, entry)()))
        except Exception as error:  # noqa: BLE001 - a package built against another version fails in its own way
            advice = f"Install it again: pip install --force-reinstall {name}"
            broken.append(Finding("warn", name, f"does not load ({type(error).__name__})", advice))
        else:
            loaded.append(name.removeprefix("tree-sitter-"))
    if not loaded:
        advice = "Install ai-lsp again: its dependencies bring the grammars"
        return [*broken, Finding("warn", "grammars", "none", advice)]
    return [Finding("ok", "grammars", ", ".join(loaded)), *broken]


def _grammar_packages() -> list[str]:
    names = {str(each.metadata["Name"] or "").lower() for each in importlib.metadata.distributions()}
    return sorted(name for name in names if name.startswith("tree-sitter-"))


def folders() -> Iterator[Finding]:
    """The cache folder, and whether it can be written."""
    path = Path(platformdirs.user_cache_dir("ai-lsp"))
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path, prefix=".doctor-"):
            pass
    except OSError as error:
        advice = "Make it writable, or set XDG_CACHE_HOME: till then each start learns the workspace anew"
        yield Finding("warn", "cache", f"{path} cannot be written ({error.strerror or error})", advice)
    else:
        yield Finding("ok", "cache", f"{path} ({_megabytes(path)}, writable)")


def _megabytes(folder: Path) -> str:
    size = 0
    for where, _, files in os.walk(folder):
        for name in files:
            try:
                size += os.lstat(os.path.join(where, name)).st_size
            except OSError:
                pass
    return f"{size / 1e6:.0f} MB"


async def predictor(text: str = "total = price(item, tax)\n") -> Finding:
    """Starts the embedded predictor on a text that repeats itself and sees whether it goes on rightly."""
    uri, began = "untitled:doctor", time.monotonic()
    head, tail = text[:8], text[8:].rstrip("\n")
    with tempfile.TemporaryDirectory(prefix="ai-lsp-doctor-") as cache:
        local = LocalPredictor(cache_dir=Path(cache), text_of=lambda _: text * 6 + head)
        try:
            await local.start([])
            while local.status.state != "ready" and time.monotonic() - began < PREDICTOR_S:
                if local.status.state == "failed":
                    break
                await asyncio.sleep(0.02)
            started = time.monotonic() - began
            if local.status.state != "ready":
                why = local.status.problem or f"not ready after {PREDICTOR_S:.0f} s"
                return Finding("fail", "embedded predictor", f"does not start: {why}", "Install ai-lsp again")
            local.opened(uri, None, "python", text * 6 + head)
            await local.predict(
                uri, 0, 0, min_confidence=0.0, timeout_s=PREDICTOR_S
            )  # the first one loads what it needs
            asked = time.monotonic()
            answer = await local.predict(uri, 6, len(head), min_confidence=0.0, timeout_s=PREDICTOR_S)
            took = (time.monotonic() - asked) * 1000
        finally:
            await local.aclose()
    if answer is None or not answer.text or not tail.startswith(answer.text.rstrip("\n")[: len(tail)]):
        said = "nothing" if answer is None else "something else"
        advice = "Install ai-lsp again; if that does not help, report it"
        return Finding(
            "fail", "embedded predictor", f"starts, but suggests {said} where one thing is certain", advice
        )
    return Finding("ok", "embedded predictor", f"starts in {started:.1f} s and answers in {took:.0f} ms")
