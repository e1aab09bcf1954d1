"""A program in a terminal of fixed size: keys go in, the screen comes out, and waiting is for what it shows."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

from tests.editors.terminal import Row, read_rows, text_of

PAUSE_S = 0.03
"""Between two keys: a fast typist, slow enough that every key is seen by itself."""
POLL_S = 0.04
WAIT_S = 20.0
"""Long enough for an editor that starts on a machine with every core busy; a passing test never needs it."""

_SETTINGS = """\
set -g default-terminal "tmux-256color"
set -ga terminal-features ",*:RGB"
set -g status off
set -g remain-on-exit on
set -sg escape-time 0
"""


class Screen:
    """One program on a tmux server of its own, ended with it.

    Use as a context manager. Rows and columns are fixed; no real terminal is needed, so this runs in CI too.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        tmux: Path,
        folder: Path,
        environment: Mapping[str, str],
        columns: int = 100,
        rows: int = 28,
    ) -> None:
        # A socket's path may not be longer than about 100 bytes, so it is not put below pytest's folders.
        self._scratch = tempfile.TemporaryDirectory(prefix="screen-")
        settings = Path(self._scratch.name, "tmux.conf")
        settings.write_text(_SETTINGS, encoding="utf-8")
        socket = Path(self._scratch.name, "socket")
        self._tmux = [str(tmux), "-u", "-f", str(settings), "-S", str(socket)]
        self._environment = {**environment, "LC_ALL": "C.UTF-8", "COLORTERM": "truecolor"}
        self._environment.pop("TMUX", None)
        size = ["-x", str(columns), "-y", str(rows)]
        self._call("new-session", "-d", *size, "-c", str(folder), *map(str, command))

    def __enter__(self) -> Screen:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the program and its terminal; safe to call twice."""
        subprocess.run([*self._tmux, "kill-server"], capture_output=True, env=self._environment, check=False)
        self._scratch.cleanup()

    def type(self, text: str, *, pause_s: float = PAUSE_S) -> None:
        """Types the characters one by one as a person would; a line end is the Enter key.

        Without a pause they come at once, as from a paste that the program cannot tell from typing.
        """
        for character in text if pause_s else re.findall(r"[\n\t]|[^\n\t]+", text):
            if character == "\n":
                self.press("Enter")
            elif character == "\t":
                self.press("Tab")
            else:
                self._call("send-keys", "-l", "--", character)
            time.sleep(pause_s)

    def press(self, *keys: str) -> None:
        """Presses keys by tmux's names for them: Enter, Escape, Tab, BSpace, C-x, M-x, Up, Home, …"""
        for key in keys:
            self._call("send-keys", key)
            time.sleep(PAUSE_S)

    def rows(self) -> list[Row]:
        """The cells now on the screen, from the top."""
        return read_rows(self._call("capture-pane", "-p", "-e", "-N").removesuffix("\n"))

    def lines(self) -> list[str]:
        """The text now on the screen, without blanks at the right."""
        return [text_of(row) for row in self.rows()]

    def captured(self) -> str:
        """The screen with its colours, as escape sequences."""
        return self._call("capture-pane", "-p", "-e", "-N")

    def cursor(self) -> tuple[int, int]:
        """Column and row of the cursor, from 0."""
        column, row = self._call("display-message", "-p", "#{cursor_x} #{cursor_y}").split()
        return int(column), int(row)

    def is_running(self) -> bool:
        """False once the program has ended; its last screen is kept."""
        return self._call("display-message", "-p", "#{pane_dead}").strip() == "0"

    def wait_for(self, holds: Callable[[list[Row]], bool], what: str, *, timeout_s: float = WAIT_S) -> list[Row]:
        """The screen as soon as it is so; an AssertionError that shows the screen when it does not become so."""
        until = time.monotonic() + timeout_s
        while True:
            rows = self.rows()
            if holds(rows):
                return rows
            if time.monotonic() > until:
                raise AssertionError(f"not on the screen within {timeout_s:.0f} s: {what}\n{self.picture()}")
            time.sleep(POLL_S)

    def wait_for_text(self, text: str, *, timeout_s: float = WAIT_S) -> list[Row]:
        """The screen as soon as one of its rows contains the text."""
        return self.wait_for(
            lambda rows: any(text in text_of(row) for row in rows), repr(text), timeout_s=timeout_s
        )

    def picture(self) -> str:
        """The screen as plain text in a frame, for a person who reads why a test failed."""
        shown = "\n".join(f"│{line}" for line in self.lines())
        return f"┌─ running: {self.is_running()}, cursor (column, row): {self.cursor()}\n{shown}\n└─"

    def _call(self, *arguments: str) -> str:
        done = subprocess.run(
            [*self._tmux, *arguments], capture_output=True, env=self._environment, timeout=30, check=False
        )
        if done.returncode:
            raise RuntimeError(f"tmux {arguments[0]}: {os.fsdecode(done.stderr).strip()}")
        return done.stdout.decode()
