"""Git asked to read a repository's history and nothing else: no program that the repository names is run."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence

_PLAIN = (
    "--no-pager", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "log.showSignature=false",
    "-c", "core.pager=cat", "-c", "diff.external=", "-c", "protocol.allow=never", "-c", "core.quotePath=false",
    "-c", "log.mailmap=false", "-c", "log.follow=false",
)  # fmt: skip

_ENVIRONMENT = {
    "GIT_ALLOW_PROTOCOL": "none",  # a partial clone would fetch what it lacks, through whatever command it names
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "LC_ALL": "C.UTF-8",
}


def has_own_history(root: str) -> bool:
    """Whether a folder is the root of a repository whose history lies in it.

    A `.git` that is a link or a file points elsewhere, to what the user may not have meant to open; so work
    trees and submodules count as having none.
    """
    folder = os.path.join(root, ".git")
    return os.path.isdir(folder) and not os.path.islink(folder) and os.path.isfile(os.path.join(folder, "HEAD"))


def read(root: str, arguments: Sequence[str], *, limit_s: float, largest: int = 32_000_000) -> bytes | None:
    """What a reading git command says; None without git, where it fails, or takes longer than `limit_s` seconds.

    At most `largest` bytes of it. Blocks.
    """
    program = shutil.which("git")
    if program is None or not os.path.isabs(program) or not has_own_history(root):
        return None
    kept = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    try:
        done = subprocess.run(
            [program, *_PLAIN, "-C", root, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**kept, **_ENVIRONMENT, "GIT_CEILING_DIRECTORIES": os.path.dirname(root)},
            timeout=limit_s,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout[:largest] if done.returncode == 0 else None
