"""Findings in Neovim 0.12: they stand beside the line, move with it, and go away when it is no bug."""

from __future__ import annotations

from pathlib import Path

from tests.editors.place import Place
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
