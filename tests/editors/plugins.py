"""Other people's plugins for the editors: a test uses a clone that lies at hand, and is left out loudly else.

They are looked for below $AI_LSP_PLUGINS, else `.cache/plugins`, by the last part of their address on GitHub:
`sidekick.nvim`, `copilot.lua`, `copilot.vim`, `copilot.el`, `lazy.nvim`, `nvim-lspconfig` and so on.
"""

from __future__ import annotations

import os
import subprocess
import warnings
from pathlib import Path

import pytest

from tests.editors.install import REPOSITORY


def plugin(name: str, revision: str = "") -> Path:
    """A plugin's clone, or a revision of it beside the clone; without it the test is left out."""
    folder = Path(os.environ.get("AI_LSP_PLUGINS") or REPOSITORY / ".cache" / "plugins") / name
    if not folder.is_dir():
        reason = f"no {folder}: clone the plugin {name} there to run this test"
        warnings.warn(f"editor test left out: {reason}", stacklevel=2)
        pytest.skip(reason)
    if not revision:
        return folder.resolve()
    at = folder.with_name(f"{name}@{revision}")
    if not at.is_dir():
        command = ["git", "-C", str(folder), "worktree", "add", "--force", "--detach", str(at), revision]
        subprocess.run(command, check=True, capture_output=True)
    return at.resolve()
