"""The next edit in editors that cannot draw one: a hint, one key in Helix, a quick fix in eglot."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.editors.place import Place, code_blocks, wait_for_bytes
from tests.editors.screen import Screen
from tests.editors.test_menus import EDITORS
from tests.editors.test_neovim_next_edit import NEW, SHOP, USER, renamed

SURE_ENOUGH = "[next_edit]\nmin_confidence = 0.2\n"


def test_helix_renames_with_one_key(place: Place, helix: Path) -> None:
    """The README's key: to each place, in both files, and the edit there."""
    shipped = (EDITORS / "helix" / "languages.toml").read_text(encoding="utf-8")
    place.configure("helix/languages.toml", shipped)
    place.configure("helix/config.toml", code_blocks(EDITORS / "helix" / "README.md", "toml")[0])
    place.configure("ai-lsp/config.toml", SURE_ENOUGH)
    path, other = place.write("shop.py", SHOP), place.write("user.py", USER)
    with place.opened(helix, f"{path}:1:5") as screen:
        screen.type("miwc" + NEW)
        screen.press("Escape")
        hinted(place, screen)
        screen.wait_for_text("Next edit: print(grand_total([]) / 2)")
        press_until(
            screen, place, "M-n", lambda: "Next edit" not in seen(screen) and f"assert {NEW}([2])" in seen(screen)
        )
        screen.type(":wa\n")
        wait_for_bytes(path, renamed(SHOP).encode())
        wait_for_bytes(other, renamed(USER).encode())


def test_eglot_offers_it_as_a_quick_fix(place: Place, emacs: Path) -> None:
    _, _, load, *_ = code_blocks(EDITORS / "emacs" / "README.md", "elisp")
    settings = Path(__file__).with_name("emacs.el").read_text(encoding="utf-8")
    place.configure("emacs/init.el", load + settings)
    place.configure("ai-lsp/config.toml", SURE_ENOUGH)
    path = place.write("shop.py", SHOP)
    with place.opened(emacs, "-nw", "+1:5", path) as screen:
        screen.press("M-d")
        screen.type(NEW)
        (hint,) = hinted(place, screen)
        line = hint["range"]["start"]["line"]
        screen.press("M-g", "g")
        screen.type(f"{line + 1}\n")
        screen.press("M-x")
        screen.type("eglot-code-action-quickfix\n", pause_s=0)
        expected = SHOP.split("\n")
        for index in (0, line):
            expected[index] = renamed(expected[index])
        screen.wait_for(lambda rows: expected[line] in seen(screen), "the edit")
        screen.press("C-x", "C-s")
        wait_for_bytes(path, "\n".join(expected).encode())


def seen(screen: Screen) -> str:
    return "\n".join(screen.lines())


def hinted(place: Place, screen: Screen) -> list[Any]:
    """The hint that was sent last, once there is one."""

    def hints() -> list[Any]:
        sent = [m["params"]["diagnostics"] for m in place.wire.requests("textDocument/publishDiagnostics")]
        return [each for each in (sent[-1] if sent else []) if each.get("code") == "next-edit"]

    place.wire.wait_for(lambda: bool(hints()), "a hint at the next edit")
    return hints()


def press_until(screen: Screen, place: Place, key: str, holds: Callable[[], bool]) -> None:
    """One key, pressed as a person would who looks in between."""
    for _ in range(24):
        screen.press(key)
        time.sleep(0.5)
        if holds():
            return
    raise AssertionError(f"not done\n{screen.picture()}\n{place.wire.end()}")
