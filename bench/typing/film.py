"""Two minutes of typing in real Neovim with a slow model, as text: each frame is the cursor's lines at a moment.

    python -m bench.typing.film NVIM FILE [--seconds 120] [--out docs/typing.txt]

Ghost text stands between ‹ and ›; the first column is seconds since the first key. The model is that of the bench
with the profile *laptop*; Neovim asks 200 ms after the last key, as it does by itself.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path

from bench.typing.__main__ import model
from bench.typing.keys import Script, script
from tests.editors.place import Place, code_blocks
from tests.editors.screen import Screen
from tests.editors.terminal import Row

ROOT = Path(__file__).resolve().parents[2]
GHOST = "#0f8fef"
AROUND = 3  # lines of a frame below the cursor's


def marked(row: Row) -> str:
    """A row's text, with what is ghost text set apart."""
    out, was = "", False
    for cell in row:
        if (is_ghost := cell.style.foreground == GHOST) is not was:
            out += "‹" if is_ghost else "›"
            was = is_ghost
        out += cell.text
    return (out + ("›" if was else "")).rstrip()


class Camera(threading.Thread):
    """Writes down the lines at the cursor whenever they change."""

    def __init__(self, screen: Screen) -> None:
        super().__init__(daemon=True)
        self.screen = screen
        self.frames: list[tuple[float, list[str]]] = []
        self.is_on = True
        self.began = time.monotonic()

    def run(self) -> None:
        last: list[str] = []
        while self.is_on:
            _, row = self.screen.cursor()
            lines = [marked(one) for one in self.screen.rows()[row : row + 1 + AROUND]]
            if lines != last:
                self.frames.append((time.monotonic() - self.began, lines))
                last = lines
            time.sleep(0.05)


def play(place: Place, nvim: Path, path: Path, what: Script, seconds: float, url: str) -> Camera:
    """Types the script's first file until the time is over."""
    settings = code_blocks(ROOT / "editors" / "neovim" / "README.md", "lua", url)
    own = "vim.o.smarttab = false\n"  # else a backspace takes a whole step of indentation
    own += "vim.api.nvim_create_autocmd('FileType', { callback = function() vim.bo.softtabstop = 0 end })\n"
    init = settings[0] + settings[1] + (ROOT / "tests" / "editors" / "neovim.lua").read_text("utf-8") + own
    place.configure("nvim/init.lua", init)
    with place.opened(nvim, path) as screen:
        camera = Camera(screen)
        text = path.read_text("utf-8")
        camera.start()
        for key in what.keys:
            if time.monotonic() - camera.began > seconds:
                break
            time.sleep(key.pause_ms / 1000)
            if key.kind == "jump":
                screen.press("Escape")
                line, column = text.count("\n", 0, key.start) + 1, key.start - text.rfind("\n", 0, key.start)
                screen.type(f":call cursor({line}, {column})\n", pause_s=0)
                screen.type("i")
            elif key.kind == "back":
                screen.press(*["BSpace"] * (key.end - key.start))
            elif key.kind == "delete":
                break
            elif key.text.startswith("\n"):
                screen.press("Enter")
                screen.type(key.text[1:], pause_s=0)
            else:
                screen.type(key.text, pause_s=0)
            text = text[: key.start] + key.text + text[key.end :]
        camera.is_on = False
        camera.join()
    return camera


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("nvim", type=Path)
    parser.add_argument("file", type=Path)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    tmux = shutil.which("tmux")
    if tmux is None:
        sys.exit("tmux is needed")
    finished = {args.file.name: args.file.read_text("utf-8")}
    what = script(finished, 2_000)

    async def film() -> Camera:
        with tempfile.TemporaryDirectory(prefix="ai-lsp-film-") as name:
            place = Place(Path(name) / "user", Path(tmux), Path(sys.executable).parent / "ai-lsp")
            path = place.write(args.file.name, what.before[args.file.name])
            async with model(Path(name), "laptop", finished) as url:
                return await asyncio.to_thread(play, place, args.nvim.absolute(), path, what, args.seconds, url)

    camera = asyncio.run(film())
    lines = []
    for at, frame in camera.frames:
        lines += [f"{at:7.2f}  {frame[0]}", *(f"{'':9}{line}" for line in frame[1:] if "‹" in line)]
    if args.out:
        args.out.write_text("\n".join(lines) + "\n", "utf-8")
    else:
        print("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
