"""Findings in Neovim 0.12: they stand beside the line, move with it, and go away when it is no bug."""

from __future__ import annotations

from pathlib import Path

from tests.editors.place import Place, wait_for_bytes
from tests.editors.test_neovim import editing

BOX = "def area(box):\n    if box.left - box.left > 0:\n        return 0\n    return box.width\n"
SHOWN = "vim.diagnostic.config({ virtual_text = true })\n"


def test_a_finding_is_shown_and_its_fix_of_the_text_takes_it_away(place: Place, nvim: Path) -> None:
    path = place.write("shop.py", BOX)
    with editing(place, nvim, path, "", SHOWN) as screen:
        screen.press("Escape")  # Neovim draws what comes in insert mode only when that is left
        screen.wait_for_text("Both sides of `-`")
        assert place.wire.requests("textDocument/diagnostic"), "this Neovim asks for diagnostics"
        screen.type(":2s/box.left - box.left/box.right - box.left/\n", pause_s=0)
        screen.wait_for(lambda rows: not any("Both sides" in str(row) for row in rows), "the finding is gone")


COPIED = """def move(self, other):
    self.left = other.left
    self.top = other.top
    self.right = other.right
    self.bottom = other.right
"""


def test_the_fix_is_offered_from_anywhere_in_the_line_and_applied(place: Place, nvim: Path) -> None:
    path = place.write("shop.py", COPIED)
    with editing(place, nvim, path, "", SHOWN) as screen:
        screen.press("Escape")
        screen.wait_for_text("was probably meant to be")
        screen.type(":5\n", pause_s=0)
        screen.type(":lua vim.lsp.buf.code_action()\n", pause_s=0)
        screen.wait_for_text("3: Not a bug")
        screen.type("1\n", pause_s=0)
        screen.wait_for_text("self.bottom = other.bottom")
        screen.type(":w\n", pause_s=0)
        wait_for_bytes(path, (COPIED.removesuffix("right\n") + "bottom\n").encode())
