"""An editor with ghost text as Neovim 0.12 draws it, played key by key in real time.

A request goes out at each key. Ghost text stays while what is typed agrees with it, null leaves it as it is, an
empty list clears it. Answers to older requests are not drawn, as in editors that cancel at each key; such a one
is counted as stale where what was typed since contradicts it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ai_lsp.cli.lsp_client import InlineItem, LspClient
from ai_lsp.cli.lsp_wire import Call, RequestFailed, ServerGone
from bench.typing.keys import SUFFIXES, Key, Script

KEPT_S = 0.05
CROSSED_S = 0.005
"""An answer that comes so soon after the next request had left before the server could know of it."""


@dataclass(slots=True)
class Pressed:
    """One key as it went. Times are `time.monotonic()`."""

    key: Key
    due: float
    at: float
    call: Call
    offset: int
    ghost_before: str
    is_agreeing: bool  # what was typed is the start of what stood on the screen, and does not end it
    was_kept: bool | None = None


@dataclass(frozen=True, slots=True)
class Screen:
    """What stood on the screen from `at` on; `place` as of Key."""

    at: float
    ghost: str
    path: str
    place: int | None
    is_typing: bool


@dataclass
class Recording:
    """All that happened in one run."""

    keys: list[Pressed] = field(default_factory=list)
    screens: list[Screen] = field(default_factory=list)
    shown_ms: list[float] = field(default_factory=list)  # key to answer with a suggestion
    shown_spans: list[tuple[float, float]] = field(default_factory=list)
    flickers: list[tuple[str, str]] = field(default_factory=list)
    stale: int = 0
    failed: int = 0
    unanswered: int = 0
    cancelled_at: list[float] = field(default_factory=list)
    late_ms: list[float] = field(default_factory=list)


class Editor:
    """Plays a script into a server."""

    def __init__(self, client: LspClient, root: Path, script: Script) -> None:
        self.client = client
        self.root = root
        self.script = script
        self.record = Recording()
        self._ghost = ""
        self._cleared = ""  # what an empty answer took from the screen, until the next key
        self._now: Pressed | None = None
        self._typed_since: dict[int, str | None] = {}

    def uri(self, path: str) -> str:
        return (self.root / path).as_uri()

    async def play(self) -> Recording:
        for path, text in self.script.before.items():
            self.client.open(self.uri(path), text, SUFFIXES.get(Path(path).suffix, "plaintext"))
        await asyncio.sleep(1.0)
        due = time.monotonic()
        for key in self.script.keys:
            due = max(due, time.monotonic() - 0.05) + key.pause_ms / 1000
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            self.press(key, due)
        await asyncio.sleep(0.3)
        self._leave_insert()
        await asyncio.sleep(3.0)
        self.record.unanswered = len(self.client.unanswered)
        return self.record

    def press(self, key: Key, due: float) -> None:
        """One change, and the request that follows it."""
        at = time.monotonic()
        self.record.late_ms.append((at - due) * 1e3)
        if key.kind == "jump":
            self._leave_insert()
        before = self._ghost
        is_pure = key.kind in ("type", "typo") and bool(key.text)
        agrees = is_pure and bool(before) and before.startswith(key.text)
        for id, typed in self._typed_since.items():
            self._typed_since[id] = typed + key.text if is_pure and typed is not None else None
        self._ghost = before[len(key.text) :] if agrees else ""
        self._cleared = ""
        uri = self.uri(key.path)
        if key.text or key.start != key.end:
            self.client.change(uri, key.start, key.end, key.text)
        call = self.client.ask_inline(uri, key.cursor)
        pressed = Pressed(key, due, at, call, key.cursor, before, agrees and bool(self._ghost.strip()))
        self._now = pressed
        self._typed_since[call.id] = ""
        self.record.keys.append(pressed)
        self._show(at)
        call.answer.add_done_callback(lambda done: self._answered(pressed))
        if pressed.is_agreeing:
            asyncio.get_running_loop().call_later(KEPT_S, self._look, pressed)

    def _look(self, pressed: Pressed) -> None:
        if self._now is pressed:
            pressed.was_kept = bool(self._ghost)

    def _leave_insert(self) -> None:
        """Escape: what is on its way is cancelled, the screen is cleared."""
        if self._now is not None and not self._now.call.answer.done():
            self.client.cancel(self._now.call)
        self._now, self._ghost, self._cleared = None, "", ""
        self._typed_since.clear()
        last = self.record.screens[-1] if self.record.screens else None
        self.record.screens.append(Screen(time.monotonic(), "", last.path if last else "", None, False))

    def _answered(self, pressed: Pressed) -> None:
        call, now = pressed.call, self._now
        typed = self._typed_since.pop(call.id, None)
        try:
            result = call.answer.result()
        except RequestFailed as error:
            self.record.failed += error.code != -32800
            return
        except ServerGone:
            return
        if result is None or now is None:
            return
        if pressed is now:
            uri = self.uri(pressed.key.path)
            self._draw(self._text(self.client.inline_items(uri, pressed.offset, result)), pressed)
        elif items := result.get("items", []) if isinstance(result, dict) else result:
            is_true = typed is not None and items[0]["insertText"].startswith(typed)
            self.record.stale += not is_true and call.answered_ns - now.call.sent_ns > CROSSED_S * 1e9

    def _text(self, items: Sequence[InlineItem]) -> str:
        if not items or self._now is None:
            return ""
        text = self.client.documents[self.uri(self._now.key.path)].text
        return items[0].shown(text[items[0].start : self._now.offset])

    def _draw(self, ghost: str, pressed: Pressed) -> None:
        at = time.monotonic()
        if self._ghost and not ghost:
            self._cleared = self._ghost
        old = self._ghost or self._cleared
        if ghost:
            if (old and not ghost.startswith(old)) or self._cleared:
                self.record.flickers.append((old, ghost))
            self.record.shown_ms.append((pressed.call.answered_ns / 1e9 - pressed.at) * 1e3)
            self.record.shown_spans.append((pressed.at, pressed.call.answered_ns / 1e9))
            self._cleared = ""
        self._ghost = ghost
        self._show(at)

    def _show(self, at: float) -> None:
        now = self._now
        assert now is not None
        is_typing = now.key.kind not in ("jump", "delete")
        self.record.screens.append(Screen(at, self._ghost, now.key.path, now.key.place, is_typing))


async def cancels(editor: Editor, count: int, wait_s: float) -> list[float]:
    """Requests at new places, taken back while the model works: when each was cancelled."""
    client, path = editor.client, next(iter(editor.script.before))
    uri, out = editor.uri(path), []
    for turn in range(count):
        mirror = client.documents[uri]
        offset = mirror.line_starts[(turn * 7) % len(mirror.line_starts)]
        client.change(uri, offset, offset, f"zq{turn} = ")
        call = client.ask_inline(uri, offset + len(f"zq{turn} = "))
        await asyncio.sleep(wait_s)
        if not call.answer.done():
            out.append(time.monotonic())
            client.cancel(call)
        await asyncio.sleep(0.3)
    return out
