"""The next edit in Neovim 0.12 with our shipped files: a rename, and its callers fixed with Tab alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.editors.place import Place, code_blocks, wait_for_bytes
from tests.editors.screen import Screen
from tests.editors.test_neovim import README, TEST_SETTINGS

SHOP = """def total(orders):
    return sum(order.price for order in orders)


print(total([]) / 2)

report = [total([]), 3]

assert total([]) == 0
"""
FILLER = "".join(f"# {number}\n" for number in range(60))
USER = """from shop import total

print(total([1]))

assert total([2])
"""
NEW = "grand_total"
SETTINGS = """
vim.lsp.config('ai_lsp', { init_options = { next_edit = { min_confidence = 0.2 } } })
"""
HINT = "⇥"


def renamed(text: str) -> str:
    return text.replace("total", NEW)


def test_a_rename_and_its_callers_with_tab_alone(place: Place, nvim: Path) -> None:
    """In the file, below the screen's end, and in another file: each place is drawn, jumped to, and changed."""
    far = SHOP + FILLER + "print(total([4]))\n"
    path = place.write("shop.py", far)
    other = place.write("user.py", USER)
    with normal_mode(place, nvim, path) as screen:
        rename(screen)
        press_tab_until(
            screen, place, lambda rows: any("from shop import grand_total" in row for row in rows), 40
        )
        press_tab_until(screen, place, lambda rows: not any(HINT in row for row in rows), 20)
        screen.type(":wa\n", pause_s=0)
        wait_for_bytes(path, renamed(far).encode())
        wait_for_bytes(other, renamed(USER).encode())
    told = [m["params"] for m in place.wire.requests("workspace/executeCommand")]
    assert {each["command"] for each in told} == {"ai-lsp.accept"}
    assert len(told) == renamed(far).count(NEW) + renamed(USER).count(NEW) - 1


def test_keys_faster_than_answers_are_kept(place: Place, nvim: Path) -> None:
    """Tab, Tab, Tab: one that comes before the following edit is there waits for it."""
    path = place.write("shop.py", SHOP)
    with normal_mode(place, nvim, path) as screen:
        rename(screen)
        screen.wait_for_text("print(grand_total([]) / 2)  ⇥ Tab")
        for _ in range(2 * (SHOP.count("total") - 1)):
            screen.press("Tab")
        screen.wait_for(lambda rows: "assert grand_total([]) == 0" in "\n".join(screen.lines()), "the last one")
        screen.type(":w\n", pause_s=0)
        wait_for_bytes(path, renamed(SHOP).encode())


@pytest.mark.parametrize("version", ["nvim", "old_nvim"])
def test_what_comes_and_what_goes_is_seen_before_it_happens(
    version: str, place: Place, request: pytest.FixtureRequest
) -> None:
    path = place.write("shop.py", SHOP)
    with normal_mode(place, request.getfixturevalue(version), path) as screen:
        rename(screen)
        screen.wait_for_text("print(grand_total([]) / 2)  ⇥ Tab")
        assert path.read_text() == SHOP
        screen.press("Tab")
        screen.wait_for_text("⇥ Tab")


def test_a_dismissed_one_goes_away(place: Place, nvim: Path) -> None:
    path = place.write("shop.py", SHOP)
    with normal_mode(place, nvim, path) as screen:
        rename(screen)
        screen.wait_for_text("print(grand_total([]) / 2)  ⇥ Tab")
        screen.press("M-d")
        place.wire.wait_for(
            lambda: any(
                m["params"]["command"] == "ai-lsp.reject" for m in place.wire.requests("workspace/executeCommand")
            ),
            "the dismissal",
        )
        screen.wait_for(lambda rows: "grand_total([]) / 2" not in "\n".join(screen.lines()), "nothing drawn")


def test_tab_is_itself_where_there_is_no_next_edit(place: Place, nvim: Path) -> None:
    """In normal mode Tab goes forward in the jump list."""
    path = place.write("shop.py", SHOP)
    with normal_mode(place, nvim, path) as screen:
        screen.type("G", pause_s=0)
        screen.press("C-o")
        screen.press("Tab")
        screen.type(":call setline('.', 'here')|w\n", pause_s=0)
        wait_for_bytes(path, SHOP.replace("assert total([]) == 0", "here").encode())


def press_tab_until(screen: Screen, place: Place, holds: Callable[[Sequence[str]], bool], most: int) -> None:
    """Tab whenever something is drawn, until the screen says that it is done."""
    for _ in range(most):
        until = time.monotonic() + 3
        while not any(HINT in row for row in screen.lines()) and time.monotonic() < until:
            if holds(screen.lines()):
                return
            time.sleep(0.05)
        if holds(screen.lines()):
            return
        screen.press("Tab")
        time.sleep(0.15)
    raise AssertionError(f"not done after {most} keys\n{screen.picture()}\n{place.wire.end()}")


def rename(screen: Screen) -> None:
    screen.type(":call cursor(1, 5)\n", pause_s=0)
    screen.type("cw" + NEW)
    screen.press("Escape")


@contextmanager
def normal_mode(place: Place, nvim: Path, path: Path) -> Iterator[Screen]:
    init = code_blocks(README, "lua")[0] + SETTINGS + TEST_SETTINGS.read_text(encoding="utf-8")
    place.configure("nvim/init.lua", init)
    with place.opened(nvim, path) as screen:
        yield screen
