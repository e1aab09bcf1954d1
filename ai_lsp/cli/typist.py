"""Somebody who types known lines again, key by key, and takes a suggestion when it says what they mean."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, field, replace
from typing import Protocol

from ai_lsp.cli.lsp_client import InlineItem, LspClient
from ai_lsp.cli.lsp_wire import Call, RequestFailed
from ai_lsp.cli.scenes import Scene

WORTH_TAKING = 3  # characters: anything shorter is typed faster than it is read


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds: between keys, to read a suggestion, to look at what was taken, and to wait for an answer.

    Somebody who knows the words types on while an answer is due, and waits for it at the end of a word only.
    """

    key: float
    reading: float
    looking: float
    patience: float
    waits_always: bool = False


HUMAN = Pace(key=0.08, reading=0.5, looking=0.35, patience=0.6)
FAST = Pace(key=0.018, reading=0.22, looking=0.14, patience=0.6)
AT_ONCE = Pace(key=0.0, reading=0.0, looking=0.0, patience=2.0, waits_always=True)


@dataclass(slots=True)
class Tally:
    """What happened so far. Indentation that an editor adds by itself is no key; Tab, to accept, is one."""

    keys: int = 0
    characters: int = 0
    shown: int = 0
    accepted: int = 0
    failed: int = 0  # requests answered with an error
    latencies_ms: list[float] = field(default_factory=list)  # key pressed to ghost text received

    @property
    def saved(self) -> float:
        """The share of key presses that were not needed, up to 1."""
        return 1 - self.keys / self.characters if self.characters else 0.0


@dataclass(frozen=True, slots=True)
class Step:
    """A next edit on the screen: what goes, as a half-open span of the text, what comes, and how long it took.

    A jump names the place alone: `new_text` is empty, and the person writes there.
    """

    start: int
    end: int
    new_text: str
    took_ms: float
    is_jump: bool = False


@dataclass(frozen=True, slots=True)
class Walk:
    """How far a rename is carried through its places, and the edit that is suggested now."""

    name: str
    new_name: str
    done: int
    places: int
    step: Step | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """What is to be seen at one moment of a scene. Offsets and spans are of `text`, half-open."""

    scene: Scene
    text: str
    cursor: int
    ghost: str = ""
    ghost_ms: float | None = None
    typed: tuple[int, int] = (0, 0)  # everything written in this scene
    taken: tuple[tuple[int, int], ...] = ()  # what of it was accepted
    flash: bool = False  # the last of `taken` was accepted just now
    is_key: bool = False  # worth showing where only a few moments can be
    walk: Walk | None = None  # in a scene of next edits


class Stage(Protocol):
    """Where moments are shown."""

    def show(self, moment: Moment) -> None: ...


@dataclass(slots=True)
class Typist:
    """Types one scene's target into the open document `uri`."""

    client: LspClient
    uri: str
    scene: Scene
    pace: Pace
    stage: Stage
    tally: Tally
    _written: int = 0  # characters of the target
    _taken: list[tuple[int, int]] = field(default_factory=list)
    _ghost: str = ""  # on the screen
    _ghost_ms: float | None = None

    async def perform(self, deadline: float) -> None:
        """Types until all is written or `deadline` (of time.monotonic) has passed. Raises ServerGone."""
        dice = random.Random(self.scene.path)
        pressed = time.monotonic_ns()
        while self._written < len(self.scene.target) and time.monotonic() < deadline:
            self._show()
            item = await self._look(pressed, self.pace.key * dice.uniform(0.6, 1.5))
            if item is not None and self._is_meant(item):
                self._show(is_key=True)
                await asyncio.sleep(self.pace.reading)
                await self._take(item)
                pressed = time.monotonic_ns()  # the next question comes after a look, without a key
            else:
                pressed = time.monotonic_ns()
                self._press()
        self._ghost = ""
        self._show(is_key=True)
        await asyncio.sleep(self.pace.looking * 2)

    @property
    def _cursor(self) -> int:
        return self.scene.cursor + self._written

    def _show(self, *, flash: bool = False, is_key: bool = False) -> None:
        self.stage.show(replace(self.moment(), flash=flash, is_key=is_key))

    def moment(self) -> Moment:
        """What is to be seen now."""
        text, typed = self.client.documents[self.uri].text, (self.scene.cursor, self._cursor)
        taken = tuple(self._taken)
        return Moment(self.scene, text, self._cursor, self._ghost, self._ghost_ms, typed, taken)

    async def _look(self, pressed: int, key_gap: float) -> InlineItem | None:
        """Asks, and shows what comes before the next key is due; an answer later than that is never seen."""
        call = self.client.ask_inline(self.uri, self._cursor)
        next_key = time.monotonic() + key_gap
        before = self.scene.target[: self._written][-1:]
        waits = self.pace.waits_always or not (before.isalnum() or before == "_")
        await asyncio.wait({call.answer}, timeout=max(key_gap, self.pace.patience if waits else 0.0))
        if not call.answer.done():
            return None
        item = self._read(call, pressed)
        self._show()
        await asyncio.sleep(max(0.0, next_key - time.monotonic()))
        return item

    def _read(self, call: Call, pressed: int) -> InlineItem | None:
        """Takes an answer: null leaves the ghost text as it is, anything else replaces it."""
        try:
            result = call.answer.result()
        except RequestFailed:
            self.tally.failed += 1
            return None
        if result is None:
            return None
        items = self.client.inline_items(self.uri, self._cursor, result)
        item = items[0] if items else None
        text = self.client.documents[self.uri].text
        ghost = item.shown(text[item.start : self._cursor]) if item else ""
        if ghost:
            self._ghost_ms = (call.answered_ns - pressed) / 1e6
            self.tally.latencies_ms.append(self._ghost_ms)
            self.tally.shown += ghost != self._ghost
        self._ghost = ghost
        return item

    def _is_meant(self, item: InlineItem) -> bool:
        """Whether the document would be what the scene is to end with, as far as it is then written."""
        text = self.client.documents[self.uri].text
        would_be = text[: item.start] + item.text + text[item.end :]
        written = self._written + len(would_be) - len(text)
        scene = self.scene
        meant = scene.text[: scene.cursor] + scene.target[:written] + scene.text[scene.cursor :]
        return len(self._ghost) >= WORTH_TAKING and written > self._written and would_be == meant

    async def _take(self, item: InlineItem) -> None:
        before, length = self._cursor, len(self.client.documents[self.uri].text)
        self.client.accept(self.uri, item)
        self._written += len(self.client.documents[self.uri].text) - length
        self.tally.keys += 1
        self.tally.accepted += 1
        self.tally.characters += _keys_of(self.scene.target[before - self.scene.cursor : self._written])
        self._taken.append((before, self._cursor))
        self._ghost = ""
        self._show(flash=True, is_key=True)
        await asyncio.sleep(self.pace.looking)

    def _press(self) -> None:
        """The next key: one character, or Enter with the indentation that an editor adds."""
        rest = self.scene.target[self._written :]
        key = rest[: len(rest) - len(rest.lstrip())] if rest[0] in "\r\n" else rest[0]
        self.client.change(self.uri, self._cursor, self._cursor, key)
        self._written += len(key)
        self.tally.keys += 1
        self.tally.characters += 1
        self._ghost = self._ghost[len(key) :] if self._ghost.startswith(key) else ""


def _keys_of(text: str) -> int:
    """How many keys it takes to write `text` in an editor that indents new lines."""
    first, *others = text.replace("\r\n", "\n").split("\n")
    return len(first) + sum(1 + len(line.lstrip()) for line in others)
