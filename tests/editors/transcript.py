"""An instructed edit in real editors, written down as it is seen: `python -m tests.editors.transcript > FILE.md`.

Drives Neovim and Emacs as the tests do, with a scripted model behind a real HTTP server that writes slowly enough
to look on. A screen is kept when the server has something new to say of its progress, and at each of the user's
steps.
"""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.editors.conftest import server_executable
from tests.editors.install import ensure
from tests.editors.place import ModelProcess, Place, code_blocks
from tests.editors.screen import Screen
from tests.editors.test_edits import CONFIG, REPLY, SHOP
from tests.editors.test_menus import eglot_at
from tests.editors.test_neovim import README, TEST_SETTINGS

TOKENS_PER_S = 12.0
WAIT_S = 30.0

_HEAD = """# An instructed edit, as editors show it

Written by `python -m tests.editors.transcript` from real runs of both editors, with a scripted model that writes
{speed:g} tokens a second. Seconds count from the moment the instruction was given; “the server” is what it said
by `$/progress` since the screen before. The tests of the same are in `tests/editors/test_edits.py`.
"""

_TAIL = """
## Everyone else

Where an editor has neither annotations nor an option of its own, the server asks: *Apply*, *Show* (opens the
diff) or *Discard*. Files that run code or steer tools, such as CI files, are always asked about by name.
"""


@dataclass
class Recording:
    """What is seen on one screen and said on its wire, as Markdown."""

    screen: Screen
    place: Place
    out: list[str] = field(default_factory=list)
    began: float = 0.0
    _heard: int = 0
    _last: Sequence[str] = ()

    def start(self) -> None:
        """From here the seconds count."""
        self.began = time.monotonic()
        self._heard = len(self._said())

    def _said(self) -> list[str]:
        values = [m["params"].get("value") for m in self.place.wire.requests("$/progress")]
        texts = [(v.get("kind"), v.get("message") or v.get("title", "")) for v in values if isinstance(v, dict)]
        return [text for kind, text in texts if text and kind in ("begin", "report", "end")]

    def keep(self, what: str) -> None:
        """The screen as it is now, unless it is the one before."""
        lines = [line.rstrip() for line in self.screen.lines()]
        lines = [line for line in lines if line != "~"]
        said = self._said()[self._heard :]
        self._heard += len(said)
        if lines == self._last and not said:
            return
        self._last = lines
        when = f"{time.monotonic() - self.began:.1f} s: " if self.began else ""
        told = f"\n\nThe server: {', '.join(f'*{text}*' for text in dict.fromkeys(said))}" if said else ""
        shown = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")
        self.out.append(f"{when}{what}{told}\n\n```\n{shown}\n```\n")

    def watch(self, holds: Callable[[str], bool], what: str) -> None:
        """Keep a screen at each new word of the server, until it holds."""
        until = time.monotonic() + WAIT_S
        while time.monotonic() < until:
            text = "\n".join(self.screen.lines())
            if len(self._said()) > self._heard:
                time.sleep(0.25)  # the editor draws what it was told
                self.keep("on the way")
            if holds(text):
                self.keep(what)
                return
            time.sleep(0.05)
        raise TimeoutError(f"{what}\n{self.screen.picture()}")


@contextmanager
def _place() -> Iterator[tuple[Place, ModelProcess]]:
    with tempfile.TemporaryDirectory(prefix="ai-lsp-", ignore_cleanup_errors=True) as folder:
        place = Place(Path(folder).resolve(), ensure("tmux")["tmux"], server_executable(), rows=16)
        model = ModelProcess(place.folder, "openai")
        try:
            model.reply(REPLY, first_token_ms=400, tokens_per_s=TOKENS_PER_S)
            place.configure("ai-lsp/config.toml", CONFIG.format(url=model.url))
            yield place, model
        finally:
            model.close()


def neovim() -> list[str]:
    """`:AiLspEdit` on the whole file, confirmed by Neovim's own question, undone at once."""
    with _place() as (place, _):
        settings = TEST_SETTINGS.read_text(encoding="utf-8")
        place.configure("nvim/init.lua", code_blocks(README, "lua")[0] + settings)
        path = place.write("shop.py", SHOP)
        with place.opened(ensure("nvim")["nvim"], path) as screen:
            seen = Recording(screen, place)
            screen.type(":%AiLspEdit\n", pause_s=0)
            screen.wait_for_text("Edit with AI:")
            screen.type("add types", pause_s=0)
            time.sleep(0.3)
            seen.keep("`:%AiLspEdit` asks for the instruction")
            screen.type("\n", pause_s=0)
            seen.start()
            seen.watch(lambda text: "[Y]es, (N)o" in text, "Neovim asks, since the edit carries an annotation")
            screen.type("y", pause_s=0)
            seen.watch(lambda text: "items: list[int]" in text and "[Y]es" not in text, "after `y`")
            screen.type("u", pause_s=0)
            seen.watch(lambda text: "def total(items):" in text, "one `u` takes it all back")
            return seen.out


def emacs() -> list[str]:
    """A preset of the code action menu of eglot."""
    with _place() as (place, _):
        path = place.write("shop.py", SHOP)
        with eglot_at(place, ensure("emacs")["emacs"], path, "") as screen:
            seen = Recording(screen, place)
            screen.press("C-x", "h")
            screen.type("\x1bxeglot-code-actions\n", pause_s=0)
            screen.wait_for_text("Add types with AI")
            seen.keep("`M-x eglot-code-actions` on the selection")
            screen.type("Add types with AI\n", pause_s=0)
            seen.start()
            seen.watch(lambda text: "items: list[int]" in text, "the edit is there, whole")
            screen.type("\x1bxundo\n", pause_s=0)
            seen.watch(lambda text: "def total(items):" in text, "one `undo` takes it all back")
            return seen.out


def main() -> None:
    print(_HEAD.format(speed=TOKENS_PER_S))
    for title, run in (("Neovim", neovim), ("Emacs, eglot", emacs)):
        print(f"## {title}\n")
        print("\n".join(run()))
    print(_TAIL.strip())


if __name__ == "__main__":
    main()
