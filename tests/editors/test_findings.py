"""A finding in each editor: marked where it is, mended by the editor's own quick fix, undone in one step."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.editors import vscode
from tests.editors.conftest import executable
from tests.editors.place import Place, code_blocks, wait_for_bytes
from tests.editors.screen import Screen
from tests.editors.test_emacs import emacs_at
from tests.editors.test_menus import EDITORS
from tests.editors.test_neovim import README, TEST_SETTINGS
from tests.editors.test_vscode import picture

COPIED = """def move(self, other):
    self.left = other.left
    self.top = other.top
    self.right = other.right
    self.bottom = other.right
"""
MENDED = COPIED.removesuffix("right\n") + "bottom\n"
FIX = "Change `right` to `bottom`"
MESSAGE = "other.right"


@pytest.mark.parametrize("which", ["nvim", "old_nvim"])
def test_neovim_marks_a_finding_and_mends_it(which: str, place: Place, request: pytest.FixtureRequest) -> None:
    shown = "vim.diagnostic.config({ virtual_text = true })\n"
    init = code_blocks(README, "lua")[0] + shown + TEST_SETTINGS.read_text(encoding="utf-8")
    place.configure("nvim/init.lua", init)
    path = place.write("shop.py", COPIED)
    with place.opened(request.getfixturevalue(which), path) as screen:
        marked_line(screen)
        screen.type(":call cursor(5, 8)\ngra", pause_s=0)
        choose_by_number(screen, FIX)
        screen.wait_for_text("self.bottom = other.bottom")
        screen.type(":w\n", pause_s=0)
        wait_for_bytes(path, MENDED.encode())
        screen.type("u:w\n", pause_s=0)
        wait_for_bytes(path, COPIED.encode())


def marked_line(screen: Screen) -> None:
    """The message stands beside the line, cut where the screen ends."""
    line = "self.bottom = other.right"
    screen.wait_for(lambda rows: any(line in t and not t.endswith(line) for t in screen.lines()), "a mark")


def choose_by_number(screen: Screen, title: str) -> None:
    """An entry of Neovim's numbered list."""
    screen.wait_for_text(title)
    (row,) = [line for line in screen.lines() if title in line]
    screen.type(row.split(":")[0].strip() + "\n", pause_s=0)


def test_emacs_marks_a_finding_and_mends_it(place: Place, emacs: Path) -> None:
    path = place.write("shop.py", COPIED)
    with emacs_at(place, emacs, path, "5:8") as screen:
        screen.wait_for_text("[0 0 1]")  # flymake counts notes last
        screen.type("\x1bxflymake-goto-next-error\n", pause_s=0)
        screen.type("\x1bxeglot-code-action-quickfix\n", pause_s=0)
        screen.wait_for_text("Change")
        screen.type("Change\t\n", pause_s=0)
        screen.wait_for_text("self.bottom = other.bottom")
        screen.press("C-x", "C-s")
        wait_for_bytes(path, MENDED.encode())
        screen.type("\x1bxundo\n", pause_s=0)
        screen.press("C-x", "C-s")
        wait_for_bytes(path, COPIED.encode())


def test_helix_marks_a_finding_and_mends_it(place: Place, helix: Path) -> None:
    shipped = (EDITORS / "helix" / "languages.toml").read_text(encoding="utf-8")
    place.configure("helix/languages.toml", shipped)
    path = place.write("shop.py", COPIED)
    with place.opened(helix, path) as screen:
        screen.wait_for(lambda rows: any("●" in line and "5" in line for line in screen.lines()), "a mark")
        screen.type("]d a")
        screen.wait_for_text(FIX)
        screen.press("Enter")
        screen.wait_for_text("self.bottom = other.bottom")
        screen.press("Escape")
        screen.type(":w\n")
        wait_for_bytes(path, MENDED.encode())
        screen.type("u:w\n")
        wait_for_bytes(path, COPIED.encode())


def test_vs_code_marks_a_finding_and_mends_it(place: Place) -> None:
    executable(vscode.ensure)
    path = place.write("shop.py", COPIED)
    with vscode.window(place, {}) as page:
        page.open("shop.py", line=5)
        page.do("wait", selector=".squiggly-warning, .squiggly-info, .squiggly-hint")
        page.do("press", keys=["Control+."])
        page.do("wait", selector=f".action-widget .monaco-list-row:has-text('{FIX}')")
        picture(page, "finding.png")
        page.do("click", selector=f".action-widget .monaco-list-row:has-text('{FIX}')")
        page.until(lambda: "    self.bottom = other.bottom" in page.lines(), "the fix in the file")
        page.do("press", keys=["Control+S"])
        wait_for_bytes(path, MENDED.encode())
        page.do("press", keys=["Control+Z", "Control+S"])
        wait_for_bytes(path, COPIED.encode())
