"""A rename and its callers in real editors, written down: Neovim with Tab alone, Helix with one key.

    python -m tests.editors.next_edit_transcript REPOSITORY FILE LINE OLD NEW > docs/next-edit.md

REPOSITORY is a local clone; its newest commit is checked out into a fresh user's project, and settings are the
defaults. OLD stands in LINE of FILE and is typed over by NEW, key by key; then one key follows the next edits
until none is shown.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.editors import install
from tests.editors.conftest import server_executable
from tests.editors.place import Place, code_blocks
from tests.editors.screen import Screen
from tests.editors.test_menus import EDITORS
from tests.editors.test_neovim import README, TEST_SETTINGS

MARK, HINT = "⇥", "Next edit"
PATIENCE_S = 4.0
MOST_KEYS = 60
KEY_S = 0.09
"""Between two keys of the new name: 130 words a minute are rare."""


@dataclass(frozen=True, slots=True)
class Editor:
    """How one editor is set up, started at a place, and asked for the next edit."""

    name: str
    binary: str
    key: str
    configure: Callable[[Place], None]
    arguments: Callable[[Path, int, int], Sequence[str | Path]]
    rename: Callable[[Screen, int, int, str], None]
    sign: str
    save: str


def _configure_neovim(place: Place) -> None:
    place.configure("nvim/init.lua", code_blocks(README, "lua")[0] + TEST_SETTINGS.read_text(encoding="utf-8"))


def _rename_in_neovim(screen: Screen, line: int, column: int, new: str) -> None:
    screen.type(f":call cursor({line}, {column})\n", pause_s=0)
    screen.type("cw", pause_s=KEY_S)
    screen.type(new, pause_s=KEY_S)
    screen.press("Escape")


def _configure_helix(place: Place) -> None:
    shipped = (EDITORS / "helix" / "languages.toml").read_text(encoding="utf-8")
    place.configure("helix/languages.toml", shipped)
    place.configure("helix/config.toml", code_blocks(EDITORS / "helix" / "README.md", "toml")[0])


def _rename_in_helix(screen: Screen, line: int, column: int, new: str) -> None:
    screen.type("miwc", pause_s=KEY_S)
    screen.type(new, pause_s=KEY_S)
    screen.press("Escape")


NEOVIM = Editor(
    "Neovim 0.12", "nvim", "Tab", _configure_neovim, lambda path, *_: [path], _rename_in_neovim, MARK, ":wa\n"
)
HELIX = Editor(
    "Helix 25.07",
    "hx",
    "M-n",
    _configure_helix,
    lambda path, line, column: [f"{path}:{line}:{column}"],
    _rename_in_helix,
    HINT,
    ":wa\n",
)


@contextmanager
def project(editor: Editor, repository: Path) -> Iterator[Place]:
    """A fresh user whose project is the repository's newest commit."""
    tmux = install.ensure("tmux")["tmux"]
    with tempfile.TemporaryDirectory(prefix="ai-lsp-", ignore_cleanup_errors=True) as folder:
        place = Place(Path(folder).resolve(), tmux, server_executable(), columns=110, rows=34)
        shutil.rmtree(place.project)
        source = repository.resolve().as_uri()
        subprocess.run(["git", "clone", "--quiet", "--depth", "1", source, place.project], check=True)
        editor.configure(place)
        yield place


def follow(editor: Editor, repository: Path, file: str, line: int, old: str, new: str) -> tuple[list[str], str]:
    """The session, a line for each key, and what it changed."""
    said: list[str] = []
    with project(editor, repository) as place:
        path = place.project / file
        column = path.read_text(encoding="utf-8").split("\n")[line - 1].index(old) + 1
        program = install.ensure(editor.binary)[editor.binary]
        with place.opened(program, *editor.arguments(path, line, column)) as screen:
            time.sleep(1.0)
            editor.rename(screen, line, column, new)
            pressed, keys = time.monotonic(), 0
            while (seen := drawn(screen, editor.sign)) is not None and keys < MOST_KEYS:
                what = "typed" if keys == 0 else editor.key
                said.append(f"{what:>6}  {time.monotonic() - pressed:5.2f} s  {seen}".rstrip())
                screen.press(editor.key)
                pressed, keys = time.monotonic(), keys + 1
                time.sleep(0.25)
            said.append(f"{keys} keys, and nothing more is due")
            screen.type(editor.save, pause_s=0)
            time.sleep(1.0)
        diff = ["git", "-C", str(place.project), "diff", "--unified=0", "--no-color"]
        lines = subprocess.run(diff, check=True, capture_output=True, text=True).stdout.split("\n")
        return said, "\n".join(each for each in lines if each.startswith(("+", "-")) and each[:3] != "---")


def drawn(screen: Screen, sign: str) -> str | None:
    """The row that shows the next edit, once there is one; None where none comes."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        rows = [row.strip() for row in screen.lines() if sign in row]
        if rows:
            return rows[-1]
        time.sleep(0.03)
    return None


def main(argv: Sequence[str]) -> int:
    """Writes the transcripts of both editors to stdout, as a page."""
    parser = argparse.ArgumentParser(prog="next_edit_transcript", description=__doc__)
    parser.add_argument("repository", type=Path)
    parser.add_argument("file")
    parser.add_argument("line", type=int)
    parser.add_argument("old")
    parser.add_argument("new")
    given = parser.parse_args(argv)
    head = ["git", "-C", str(given.repository), "log", "-1", "--format=%h of %as"]
    commit = subprocess.run(head, check=True, capture_output=True, text=True).stdout.strip()
    print("# A rename and its callers, followed\n")
    print(
        f"`{given.old}` becomes `{given.new}` where it is defined, in {given.file} of {given.repository.name} "
        f"({commit}),\nand everything else is one key. Default settings, no model. Each line: the key, how long "
        "until the next edit stood on\nthe screen (a quarter of a second is waited after each key), the row that "
        "shows it.\nWritten by `python -m tests.editors.next_edit_transcript` from the real editors.\n"
    )
    first = ""
    for editor in (NEOVIM, HELIX):
        said, diff = follow(editor, given.repository, given.file, given.line, given.old, given.new)
        print(f"## {editor.name}, {editor.key} alone\n\n```", *said, "```\n", sep="\n")
        if diff == first:
            print("What changed is the same.\n")
        else:
            print("What changed:\n\n```diff", diff, "```\n", sep="\n", flush=True)
        first = first or diff
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
