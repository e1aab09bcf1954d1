"""Editors that are too old say so in one sentence with their version, and work on."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tests.editors.conftest import executable
from tests.editors.install import REPOSITORY, neovim_010
from tests.editors.place import Place, code_blocks
from tests.editors.test_neovim import README

EMACS = REPOSITORY / "editors" / "emacs"


def test_neovim_010_says_that_it_is_too_old(place: Place) -> None:
    nvim = executable(neovim_010)
    lines = "vim.g.ai_lsp_cmd = { 'ai-lsp', '--stdio' }\n" + code_blocks(README, "lua")[0]
    place.configure("nvim/init.lua", lines)
    said = run([nvim, "--headless", "+echo 'it works on'", "+qa!"], place)
    assert "ai-lsp: this is Neovim 0.10" in said
    assert "it needs 0.11 or newer" in said
    assert "it works on" in said
    assert "Error" not in said


def test_emacs_29_says_that_it_is_too_old(place: Place, emacs: Path) -> None:
    """No Emacs 29 installs here: ours is made to say that it is one."""
    for file in ("ai-lsp.el", "ai-lsp-eglot.el"):
        load = f'(condition-case why (load "{EMACS / file}") (error (message "%s" (error-message-string why))))'
        said = run([emacs, "--batch", "--eval", '(setq emacs-version "29.4")', "--eval", load], place)
        assert "need Emacs 30.1 or newer; this is 29.4" in said


def test_vs_code_is_told_the_version_by_the_extension() -> None:
    """VS Code refuses to install it, and says which version is needed."""
    package = json.loads((REPOSITORY / "editors" / "vscode" / "package.json").read_text(encoding="utf-8"))
    assert package["engines"]["vscode"] == "^1.91.0"


def run(command: list[str | Path], place: Place) -> str:
    environment = place.environment()
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, env=environment, cwd=place.project
    )
    return done.stdout + done.stderr
