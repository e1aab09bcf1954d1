"""Reads the settings files: bounded in size, and every failure is a problem to report, never an exception."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path

from ai_lsp.config.sources import Kind, Problem, Source

WORKSPACE_FILE = ".ai-lsp.toml"
"""In the root of a workspace folder; it can only narrow."""

MAX_BYTES = 256 * 1024
"""A larger settings file is a mistake, and is not read."""


def user_file() -> Path:
    """Where the user's own settings file is, or would be: XDG_CONFIG_HOME first, then the system's place."""
    home, platform = os.environ.get("XDG_CONFIG_HOME", ""), str(sys.platform)
    if os.path.isabs(home):
        return Path(home) / "ai-lsp" / "config.toml"
    if platform.startswith("linux"):
        return Path(os.path.expanduser("~")) / ".config" / "ai-lsp" / "config.toml"
    import platformdirs

    return platformdirs.user_config_path("ai-lsp", appauthor=False, roaming=True) / "config.toml"


def read_sources(roots: Iterable[Path], options: object = None, client: object = None) -> list[Source]:
    """All sources there are. Blocks on the disk, so it does not belong on the event loop.

    `options` are initializationOptions and `client` the settings of didChangeConfiguration, as they came.
    """
    sources = [read_file(user_file(), Kind.USER)]
    sources += [Source(Kind.OPTIONS, Kind.OPTIONS.value, options), Source(Kind.CLIENT, Kind.CLIENT.value, client)]
    sources += [read_file(root / WORKSPACE_FILE, Kind.WORKSPACE) for root in dict.fromkeys(roots)]
    return sources


def read_file(path: Path, kind: Kind) -> Source:
    """The options of a TOML file; without values where there is none, with a problem where it cannot be read."""
    name = str(path)

    def failed(message: str, advice: str) -> Source:
        return Source(kind, name, None, (Problem(name, "", message, advice),))

    try:
        if not path.is_file():
            if path.exists():
                return failed("this is not a file", "Put a TOML file there, or nothing")
            return Source(kind, name, None)
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        return failed(f"it cannot be read ({error.strerror or error})", "Check its permissions")
    except ValueError:  # a path with a NUL in it
        return failed("it cannot be read (not a valid path)", "")
    if len(data) > MAX_BYTES:
        return failed(f"it is larger than {MAX_BYTES // 1024} kB and was not read", "Settings are a few lines")
    return _parse(kind, name, data)


def _parse(kind: Kind, name: str, data: bytes) -> Source:
    import tomllib  # here, because most starts find no file

    advice = "None of it is in force until this is mended"
    try:
        return Source(kind, name, tomllib.loads(data.decode("utf-8-sig").replace("\r\n", "\n")))
    except UnicodeDecodeError as error:
        problem = Problem(name, "", f"it is not UTF-8 (byte {error.start})", advice)
    except tomllib.TOMLDecodeError as error:
        problem = Problem(name, "", f"it is not valid TOML: {str(error)[:200]}", advice)
    except (RecursionError, ValueError):  # nested without end; a number of thousands of digits
        problem = Problem(name, "", "it is not valid TOML", advice)
    return Source(kind, name, None, (problem,))
