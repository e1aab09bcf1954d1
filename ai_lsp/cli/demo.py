"""`ai-lsp demo`: the server at work on real files, as an editor's user sees it; every suggestion is its own."""

from __future__ import annotations

import argparse
import asyncio
import os
import shlex
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ai_lsp.cli.lsp_client import LspClient
from ai_lsp.cli.lsp_wire import RequestFailed, ServerGone
from ai_lsp.cli.model_probe import FoundModel, NoModelServer, probe
from ai_lsp.cli.pane import Glass, window
from ai_lsp.cli.picture import film, svg
from ai_lsp.cli.renames import SAMPLE, SAMPLE_NAME, Rename, find_renames, sample
from ai_lsp.cli.scenes import Scene, copy_with_holes
from ai_lsp.cli.screen import Frame, Terminal
from ai_lsp.cli.typist import AT_ONCE, FAST, HUMAN, Moment, Pace, Tally, Typist
from ai_lsp.cli.walker import NextTally, Walker

SCENES = 6
RENAMES = 2  # the second one only where the server suggests nothing for the first
SECONDS, SECONDS_FAST = 13.0, 8.0  # of typing
WALK_SECONDS = 12.0  # of following next edits, at most
WIDTH, HEIGHT = 96, 15  # columns of the window, lines of code in it
FILM_SCENES = 1  # of typing; the next edits come after them
READY_WITHIN = 5.0  # seconds to read the workspace before typing starts


Reel = list[tuple[Frame, float]]


class DemoFailed(Exception):
    """The demo cannot go on; the message is for the person who started it."""


@dataclass(frozen=True, slots=True)
class Choices:
    """The command line, resolved."""

    root: Path
    model: str = ""
    pace: Pace = HUMAN
    seconds: float = SECONDS
    is_live: bool = True
    picture: Path | None = None
    film: Path | None = None
    name: str = ""
    command: tuple[str, ...] = (sys.executable, "-P", "-m", "ai_lsp", "--stdio")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the demo; the exit code is 0 when it came to its end, 1 when the server or its model failed."""
    choices = _choices(_parser().parse_args(argv))
    try:
        if not choices.root.exists():
            raise DemoFailed(f"{choices.root} does not exist")
        asyncio.run(_run(choices))
    except (DemoFailed, ServerGone, NoModelServer, OSError) as error:
        print(f"ai-lsp demo: {str(error) or 'the server did not answer in time'}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ai-lsp demo", description=(__doc__ or "").partition(": ")[2])
    parser.add_argument("path", nargs="?", type=Path, help="a folder or a file (default: ai-lsp's own source)")
    parser.add_argument("--model", default="", metavar="URL", help="complete with this model server")
    parser.add_argument("--fast", action="store_true", help="type faster than a person can")
    parser.add_argument("--plain", action="store_true", help="print a few frames one below the other")
    parser.add_argument("--seconds", type=float, help=f"type no longer than this (default: {SECONDS:.0f})")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="write one frame as a picture")
    parser.add_argument("--film", type=Path, metavar="FILE", help="write the best scenes as a moving picture")
    parser.add_argument("--server", metavar="COMMAND", help="show another language server")
    return parser


def _choices(given: argparse.Namespace) -> Choices:
    is_live = not given.plain and sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"
    pace = AT_ONCE if not is_live else FAST if given.fast else HUMAN
    seconds = given.seconds or (SECONDS if pace is HUMAN else SECONDS_FAST)
    server = {"command": tuple(shlex.split(given.server))} if given.server else {}
    root = (given.path or own_source()).resolve()
    name = root.name if given.path else "ai-lsp"  # whatever the folder of a clone is called
    return Choices(root, given.model, pace, seconds, is_live, given.svg, given.film, name, **server)


def own_source() -> Path:
    """The repository that this package is run from, or the package itself where it is installed."""
    package = Path(__file__).resolve().parents[1]
    return package.parent if (package.parent / "pyproject.toml").is_file() else package


@dataclass(slots=True)
class Show:
    """The stage: draws every moment on a terminal, two of each scene on anything else."""

    terminal: Terminal
    tally: Tally
    glass: Glass
    engine: str = ""
    best: tuple[int, Frame] | None = None  # the longest suggestion that was taken, for the picture
    reels: list[tuple[float, Reel]] = field(default_factory=list)  # each scene and the share of keys it saved
    walks: list[Reel] = field(default_factory=list)
    _before: tuple[int, int] = (0, 0)  # keys and characters when the scene began
    _reel: Reel = field(default_factory=list)
    _best_of_scene: tuple[int, Frame] | None = None

    def show(self, moment: Moment) -> None:
        frame = window(moment, self.tally, self.glass, self.engine)
        self._record(moment)
        if self.terminal.is_live or (moment.walk is not None and moment.is_key):
            self.terminal.draw(frame)
        if moment.is_key and moment.ghost:
            found = (len(moment.ghost), frame)
            if self.best is None or found[0] > self.best[0]:
                coloured = replace(self.glass, has_colour=True)
                self.best = (found[0], window(moment, self.tally, coloured, self.engine))
            self._best_of_scene = max(self._best_of_scene or found, found, key=lambda pair: pair[0])

    def end_scene(self, moment: Moment) -> None:
        """Prints what stands for a scene where not every moment can be seen."""
        keys, characters = (now - then for now, then in zip(self._counts(), self._before, strict=True))
        self.reels.append((1 - keys / max(1, characters), self._reel))
        self._reel, self._before = [], self._counts()
        if self.terminal.is_live:
            return
        if self._best_of_scene is not None:
            self.terminal.draw(self._best_of_scene[1])
        self._best_of_scene = None
        self.terminal.draw(window(moment, self.tally, self.glass, self.engine))

    def end_walk(self, *, went: bool) -> None:
        """Keeps a scene of next edits for the film, if there were any."""
        self.walks += [self._reel] * went
        self._reel = []

    def _counts(self) -> tuple[int, int]:
        return self.tally.keys, self.tally.characters

    def _record(self, moment: Moment) -> None:
        """Keeps a frame for the film, which runs at a pace of its own, whatever the pace of the typing."""
        frame = window(moment, self.tally, replace(self.glass, has_colour=True), self.engine)
        seconds = 0.4 if moment.flash else 0.6 if moment.walk is not None and moment.walk.step else 0.04
        if moment.is_key and not moment.flash:
            seconds = 0.7 if moment.ghost else 1.2
        if self._reel and self._reel[-1][0] == frame:
            seconds += self._reel.pop()[1]
        self._reel.append((frame, seconds))


async def _run(choices: Choices) -> None:
    found = await asyncio.to_thread(probe, choices.model) if choices.model else None
    with tempfile.TemporaryDirectory(prefix="ai-lsp-demo-") as folder:
        workspace, private = Path(folder, "workspace"), Path(folder, "private")
        scenes = await asyncio.to_thread(copy_with_holes, choices.root, workspace, SCENES)
        renames = await asyncio.to_thread(_renames, workspace, scenes)
        # The copy's index and figures are not the user's: they end with it.
        places = {f"XDG_{name}_HOME": str(private / name.lower()) for name in ("CACHE", "DATA", "STATE")}
        async with await LspClient.start(
            choices.command,
            workspace,
            options=found.settings() if found else None,
            environment=places,
        ) as client:
            await _play(client, scenes, renames, choices, found)


def _renames(workspace: Path, scenes: list[Scene]) -> list[Rename]:
    """What to rename: in files that no lines were cut out of, or in a sample where nothing fits."""
    if found := find_renames(workspace, RENAMES, but=[scene.path for scene in scenes]):
        return found
    (workspace / SAMPLE_NAME).write_text(SAMPLE, encoding="utf-8")
    return [sample()]


async def _play(
    client: LspClient,
    scenes: list[Scene],
    renames: list[Rename],
    choices: Choices,
    found: FoundModel | None,
) -> None:
    tally, next_tally = Tally(), NextTally()
    size = shutil.get_terminal_size((WIDTH, HEIGHT + 8))
    terminal = Terminal(sys.stdout, is_live=choices.is_live)
    glass = Glass(
        min(WIDTH, size.columns - 1),
        max(6, min(HEIGHT, size.lines - 8)),
        choices.name,
        has_colour=terminal.has_colour,
    )
    show = Show(terminal, tally, glass)
    try:
        print(_heading(client, choices, found, len(scenes)))
        status = await _ready(client)
        show.engine = _engine(status, found)
        deadline = time.monotonic() + choices.seconds
        played = 0
        for scene in scenes:
            if time.monotonic() > deadline:
                break
            await _perform(client, scene, choices, show, deadline)
            show.engine = _engine(await _status(client), found)
            played += 1
        for rename in renames:
            if await _walk(client, rename, choices, show, next_tally) or not next_tally.is_known:
                break
        terminal.keep()
        print("\n".join(_summary(tally, next_tally, client, found, played)))
        if choices.picture is not None and show.best is not None:
            choices.picture.write_text(svg(show.best[1]), encoding="utf-8")
            print(f"  picture: {choices.picture}")
        if choices.film is not None and show.reels:
            reel = [*best_reel(show.reels), *(shot for walk in show.walks for shot in walk)]
            choices.film.write_text(film(reel, show.best[1] if show.best else None), encoding="utf-8")
            print(f"  film: {choices.film}, {sum(seconds for _, seconds in reel):.0f} s")
    finally:
        terminal.close()
    if failed := tally.failed + next_tally.failed:
        raise DemoFailed(f"{failed} of the requests were answered with an error")


def best_reel(reels: list[tuple[float, Reel]]) -> Reel:
    """The scenes that saved the most keys, in the order in which they were played."""
    least = sorted((saved for saved, _ in reels), reverse=True)[:FILM_SCENES][-1]
    return [shot for saved, reel in reels if saved >= least for shot in reel]


async def _perform(client: LspClient, scene: Scene, choices: Choices, show: Show, deadline: float) -> None:
    uri = (client.root / scene.path).as_uri()
    client.open(uri, scene.text, scene.language_id)
    typist = Typist(client, uri, scene, choices.pace, show, show.tally)
    await typist.perform(deadline)
    show.end_scene(typist.moment())
    client.close(uri)


async def _walk(client: LspClient, rename: Rename, choices: Choices, show: Show, tally: NextTally) -> bool:
    """Plays one rename; says whether the server carried it on."""
    uri = (client.root / rename.scene.path).as_uri()
    client.open(uri, rename.scene.text, rename.scene.language_id)
    walker = Walker(client, uri, rename, choices.pace, show, tally)
    went = await walker.perform(time.monotonic() + WALK_SECONDS)
    show.end_walk(went=went)
    client.close(uri)
    return went


async def _ready(client: LspClient) -> dict[str, Any]:
    """The server's own account of itself, once it has read the workspace or READY_WITHIN seconds have passed."""
    until = time.monotonic() + READY_WITHIN
    while True:
        status = await _status(client)
        if not status or status.get("ready") or time.monotonic() > until:
            return status
        await asyncio.sleep(0.05)


async def _status(client: LspClient) -> dict[str, Any]:
    """The server's status, or nothing from a server that is not ours."""
    try:
        status = await client.request("aiLsp/status", {}, timeout=READY_WITHIN)
    except RequestFailed:
        return {}
    return status if isinstance(status, dict) else {}


def _engine(status: dict[str, Any], found: FoundModel | None) -> str:
    """Who makes the suggestions, as the server says."""
    route = (status.get("routes") or {}).get("completion") or {}
    if found is not None:
        return f"{found.model or 'a model'} at {found.url}" if route.get("model") != "local" else "embedded"
    local = status.get("local") or {}
    if not local:
        return ""
    return f"embedded predictor, {many(local.get('files', 0), 'file')} read"


def many(count: int, noun: str) -> str:
    """A number with its noun."""
    return f"{count:,} {noun}" + "s" * (count != 1)


def _heading(client: LspClient, choices: Choices, found: FoundModel | None, scenes: int) -> str:
    info = client.initialize_result.get("serverInfo") or {}
    name = " ".join(str(info[key]) for key in ("name", "version") if key in info) or "The server"
    how = f"with {found.model or 'the model'} ({found.api})" if found else "no model, no key, no network"
    return (
        f"\n  {name}, started in {client.start_ms:.0f} ms: {how}.\n"
        f"  {many(scenes, 'place')} of {choices.name} will be typed again. Those lines were cut out of a copy\n"
        "  before the server started: it has never seen them.\n"
    )


def _summary(
    tally: Tally, next_tally: NextTally, client: LspClient, found: FoundModel | None, played: int
) -> list[str]:
    times = sorted(tally.latencies_ms)
    p50, p95 = (statistics.quantiles(times, n=20)[at] for at in (9, 18)) if len(times) > 1 else (0.0, 0.0)
    rate = f"   ({tally.accepted / tally.shown:.0%} of those shown)" if tally.shown else ""
    rows = [
        ("suggestions shown", f"{tally.shown}", ""),
        ("taken with Tab", f"{tally.accepted}", rate),
        ("keys pressed", f"{tally.keys}", f"   for {tally.characters} characters"),
        ("keys saved", f"{tally.saved:.0%}", f"   in {many(played, 'place')}; `make eval` measures thousands"),
        (
            "key to ghost text",
            f"{p50:.1f} ms" if times else "-",
            f"   half the time; 95 %: {p95:.1f} ms" * bool(times),
        ),
        *_next_rows(next_tally),
    ]
    out = ["", *(f"  {name:<20}{value:>9}{note}" for name, value, note in rows), ""]
    told = [str(message.get("message", "")) for message in client.seen.messages]
    out += [f"  The server says: {text}" for text in dict.fromkeys(told)]
    if not tally.shown:
        out += ["  Nothing was suggested. `ai-lsp doctor` says what is configured and what answers.", ""]
    out += ['  In your editor:   README.md, section "Your editor" (Neovim, Helix, Emacs, VS Code, ...)']
    if found is None:
        out += ["  With your model:  ai-lsp demo --model http://127.0.0.1:8012"]
    return [*out, ""]


def _next_rows(tally: NextTally) -> list[tuple[str, str, str]]:
    if not tally.is_known:
        return []
    times = tally.latencies_ms
    taken = f"   of {tally.shown} shown; {many(tally.tabs, 'Tab')} for {many(tally.characters, 'character')}"
    if tally.jumps:
        taken += f" and {many(tally.jumps, 'jump')}"
    return [
        ("next edits taken", f"{tally.taken}", taken * bool(tally.shown)),
        (
            "pause to next edit",
            f"{statistics.median(times):.1f} ms" if times else "-",
            f"   half the time; at most {max(times):.1f} ms" if times else "",
        ),
    ]


if __name__ == "__main__":
    sys.exit(main())
