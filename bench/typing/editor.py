"""An editor with ghost text as Neovim 0.12 draws it, played key by key in real time.

Ghost text stays while what is typed agrees with it, null leaves it as it is, an empty list clears it. Answers to
older requests are not drawn, as in editors that cancel at each key; such a one is counted as stale where what was
typed since contradicts it. When an editor asks, and what it says before, is its manner: a row of MANNERS.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ai_lsp.cli.lsp_client import InlineItem, LspClient
from ai_lsp.cli.lsp_wire import Call, RequestFailed, ServerGone
from bench.typing.keys import SUFFIXES, Key, Script

KEPT_S = 0.05
CROSSED_S = 0.005
"""An answer that comes so soon after the next request had left before the server could know of it."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How an editor asks: so many seconds after a key, with the older request taken back at the key or left to
    the server, with changes or whole texts, the change before the request or (against the protocol) behind it."""

    asks_after_s: float = 0.0
    cancels: bool = False
    sends_whole_text: bool = False
    asks_first: bool = False
    clears: bool = False  # takes ghost text away at each key and waits for the server to give it back


MANNERS: Mapping[str, Manner] = {
    "each-key": Manner(),
    "cancels": Manner(cancels=True),
    "whole-text": Manner(sends_whole_text=True),
    "asks-first": Manner(asks_first=True),
    "clears": Manner(clears=True),
    "vscode": Manner(asks_after_s=0.05, cancels=True),  # its least debounce; the key takes the request back
    "neovim": Manner(asks_after_s=0.2),
}


@dataclass(slots=True)
class Pressed:
    """One key as it went. Times are `time.monotonic()`. No `call`: another key came before it was asked."""

    key: Key
    due: float
    at: float
    offset: int
    ghost_before: str
    is_agreeing: bool  # what was typed is the start of what stood on the screen, and does not end it
    call: Call | None = None
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

    def __init__(self, client: LspClient, root: Path, script: Script, manner: Manner) -> None:
        self.client = client
        self.manner = manner
        self.root = root
        self.script = script
        self.record = Recording()
        self._ghost = ""
        self._due = ""  # what the last key took from the screen and should come back
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
        before = self._ghost or self._due
        is_pure = key.kind in ("type", "typo") and bool(key.text)
        agrees = is_pure and bool(before) and before.startswith(key.text)
        for id, typed in self._typed_since.items():
            self._typed_since[id] = typed + key.text if is_pure and typed is not None else None
        rest = before[len(key.text) :] if agrees else ""
        self._ghost, self._due = ("", rest) if self.manner.clears else (rest, "")
        self._cleared = ""
        older, manner = self._now, self.manner
        pressed = Pressed(key, due, at, key.cursor, before, agrees and bool(rest.strip()))
        if manner.cancels and older is not None and older.call is not None and not older.call.answer.done():
            self.client.cancel(older.call)
        self._now = pressed
        self.record.keys.append(pressed)
        if manner.asks_first:
            self._ask(pressed, key.end)
        self._change(key)
        if not manner.asks_first and not manner.asks_after_s:
            self._ask(pressed, key.cursor)
        elif manner.asks_after_s:
            asyncio.get_running_loop().call_later(manner.asks_after_s, self._ask, pressed, key.cursor)
        self._show(at)
        if pressed.is_agreeing:
            asyncio.get_running_loop().call_later(KEPT_S, self._look, pressed)

    def _change(self, key: Key) -> None:
        uri = self.uri(key.path)
        if not key.text and key.start == key.end:
            return
        if not self.manner.sends_whole_text:
            self.client.change(uri, key.start, key.end, key.text)
            return
        mirror = self.client.documents[uri]
        mirror.replace(key.start, key.end, key.text)
        document = {"uri": uri, "version": mirror.version}
        self.client.notify(
            "textDocument/didChange", {"textDocument": document, "contentChanges": [{"text": mirror.text}]}
        )

    def _ask(self, pressed: Pressed, offset: int) -> None:
        if self._now is not pressed:
            return
        key = pressed.key
        line = self.client.documents[self.uri(key.path)].position(offset).to_json()
        if self.manner.asks_first:  # the place where the cursor will be
            line["character"] += key.cursor - key.end
        call = pressed.call = self.client.send(
            "textDocument/inlineCompletion",
            {"textDocument": {"uri": self.uri(key.path)}, "position": line, "context": {"triggerKind": 2}},
        )
        self._typed_since[call.id] = ""
        call.answer.add_done_callback(lambda done: self._answered(pressed, call))

    def _look(self, pressed: Pressed) -> None:
        if self._now is pressed:
            pressed.was_kept = bool(self._ghost)

    def _leave_insert(self) -> None:
        """Escape: what is on its way is cancelled, the screen is cleared."""
        if self._now is not None and self._now.call is not None and not self._now.call.answer.done():
            self.client.cancel(self._now.call)
        self._now, self._ghost, self._due, self._cleared = None, "", "", ""
        self._typed_since.clear()
        last = self.record.screens[-1] if self.record.screens else None
        self.record.screens.append(Screen(time.monotonic(), "", last.path if last else "", None, False))

    def _answered(self, pressed: Pressed, call: Call) -> None:
        now = self._now
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
            self._draw(self._text(self.client.inline_items(uri, pressed.offset, result)), pressed, call)
        elif items := result.get("items", []) if isinstance(result, dict) else result:
            is_true = typed is not None and items[0]["insertText"].startswith(typed)
            crossed = now.call is None or call.answered_ns - now.call.sent_ns <= CROSSED_S * 1e9
            self.record.stale += not is_true and not crossed

    def _text(self, items: Sequence[InlineItem]) -> str:
        if not items or self._now is None:
            return ""
        text = self.client.documents[self.uri(self._now.key.path)].text
        return items[0].shown(text[items[0].start : self._now.offset])

    def _draw(self, ghost: str, pressed: Pressed, call: Call) -> None:
        at = time.monotonic()
        if self._ghost and not ghost:
            self._cleared = self._ghost
        old = self._ghost or self._due or self._cleared
        if ghost:
            if (old and not ghost.startswith(old)) or self._cleared:
                self.record.flickers.append((old, ghost))
            self.record.shown_ms.append((call.answered_ns / 1e9 - pressed.at) * 1e3)
            self.record.shown_spans.append((pressed.at, call.answered_ns / 1e9))
            self._cleared = self._due = ""
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
