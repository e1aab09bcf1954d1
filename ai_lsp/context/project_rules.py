"""Reads what a project asks of its writers, only below folders that the user's own settings name as trusted."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from ai_lsp.context.place import Rules
from ai_lsp.context.sources.rules import FILES, LONGEST, MOST
from ai_lsp.context.workspace_files import OWN_IGNORES, WorkspaceFiles, read_source

_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufe00-\ufe0f]"
    "|[\U000e0000-\U000e0fff]"
)
"""Characters that nobody sees, in which orders to a model are hidden."""


def is_trusted(folder: str, trusted: Sequence[str]) -> bool:
    """Whether a folder is one of the trusted ones or lies below one, links resolved."""
    real = os.path.realpath(folder)
    homes = (os.path.realpath(os.path.expanduser(each)) for each in trusted if each)
    return any(real == home or real.startswith(home.rstrip(os.sep) + os.sep) for home in homes)


def read_rules(roots: Sequence[str], trusted: Sequence[str], patterns: tuple[str, ...] = ()) -> tuple[Rules, ...]:
    """The rules in the roots that are trusted; unreadable, ignored or linked files are passed over. Blocks."""
    out: list[Rules] = []
    for root in roots:
        if not is_trusted(root, trusted):
            continue
        files = WorkspaceFiles(root, OWN_IGNORES, patterns)
        for name in FILES:
            path = os.path.join(files.root, *name.split("/"))
            if len(out) < MOST and files.may_read(path) and (text := read_source(path, 20 * LONGEST)) is not None:
                out.append(Rules(name, _UNSEEN.sub("", text)))
    return tuple(out)
