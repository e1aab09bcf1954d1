"""Somebody who renames a variable where it is defined, and goes through its uses with Tab as the server leads."""

from __future__ import annotations

import asyncio
import string
import time
from dataclasses import dataclass, field, replace
from typing import Any

from ai_lsp.cli.lsp_client import LspClient
from ai_lsp.cli.lsp_wire import RequestFailed
from ai_lsp.cli.renames import Rename, uses
from ai_lsp.cli.typist import Moment, Pace, Stage, Step, Walk

PATIENCE = 3.0  # times the pace's patience, while the question is put again, as editors do in a pause
ASKED_AGAIN = 0.1  # seconds between two questions
SETTLED = 0.15  # seconds after the last key before the first question
MOST = 5  # suggestions to choose from, as an editor does that marks all of them
READING, JUMPING = 2.0, 1.2  # times the pace's time to look
METHOD_NOT_FOUND = -32601
WORD = string.ascii_letters + string.digits + "_"


@dataclass(slots=True)
class NextTally:
    """What happened in the scenes of next edits."""

    shown: int = 0
    taken: int = 0
    jumps: int = 0  # of those taken: the place was the server's, the name was typed
    tabs: int = 0
    characters: int = 0  # written by the edits that were taken
    failed: int = 0  # requests answered with an error
    is_known: bool = True  # the server has next edits
    latencies_ms: list[float] = field(default_factory=list)  # question sent to answer received


@dataclass(slots=True)
class Walker:
    """Carries one rename through the open document `uri`."""

    client: LspClient
    uri: str
    rename: Rename
    pace: Pace
    stage: Stage
    tally: NextTally
    _cursor: int = 0
    _typed: tuple[int, int] = (0, 0)
    _taken: list[tuple[int, int]] = field(default_factory=list)
    _step: Step | None = None

    async def perform(self, deadline: float) -> bool:
        """Renames, then follows until every use is renamed, nothing more is suggested or `deadline` (of
        time.monotonic) has passed. Says whether a suggestion was taken. Raises ServerGone."""
        self._cursor, before = self.rename.scene.cursor, self.tally.taken
        await self._ask()  # an editor asks when a file is opened; this also wakes the engine
        self._show(is_key=True)
        await asyncio.sleep(self.pace.looking)
        await self._type(self._cursor, self._cursor + len(self.rename.name))
        await asyncio.sleep(max(self.pace.looking, SETTLED))
        while self._left() and time.monotonic() < deadline:
            if (suggestion := await self._wait()) is None:
                break
            await self._follow(suggestion)
        self._step = None
        self._show(is_key=True)
        await asyncio.sleep(self.pace.looking * 2)
        return self.tally.taken > before

    @property
    def _text(self) -> str:
        return self.client.documents[self.uri].text

    def _scope(self) -> tuple[int, int]:
        return self._typed[1], len(self._text) - (len(self.rename.scene.text) - self.rename.end)

    def _left(self) -> int:
        start, end = self._scope()
        return len(uses(self.rename.name, self._text[start:end]))

    def moment(self) -> Moment:
        """What is to be seen now."""
        done = self.rename.places - self._left() if self._typed[1] else 0
        walk = Walk(self.rename.name, self.rename.new_name, done, self.rename.places, self._step)
        scene = self.rename.scene
        return Moment(scene, self._text, self._cursor, typed=self._typed, taken=tuple(self._taken), walk=walk)

    def _show(self, *, flash: bool = False, is_key: bool = False) -> None:
        self.stage.show(replace(self.moment(), flash=flash, is_key=is_key))

    async def _type(self, start: int, end: int) -> None:
        """Selects the name that stands there, and writes the new one over it, key by key."""
        for written, key in enumerate(self.rename.new_name):
            self.client.change(self.uri, start + written, end if written == 0 else start + written, key)
            self._cursor = start + written + 1
            if start == self.rename.scene.cursor:
                self._typed = start, self._cursor
            self._show()
            await asyncio.sleep(max(self.pace.key, 0.01))

    async def _ask(self) -> tuple[list[dict[str, Any]], float]:
        """One question: the suggestions, and how many milliseconds the answer took."""
        mirror = self.client.documents[self.uri]
        document = {"uri": self.uri, "version": mirror.version}
        position = mirror.position(self._cursor).to_json()
        asked = {"textDocument": document, "position": position, "context": {"max": MOST}}
        call = self.client.send("aiLsp/nextEdit", asked)
        try:
            result = await call.answer
        except RequestFailed as error:
            self.tally.is_known = error.code != METHOD_NOT_FOUND
            self.tally.failed += self.tally.is_known
            return [], 0.0
        found = result.get("suggestions") if isinstance(result, dict) else None
        return list(found or ()), (call.answered_ns - call.sent_ns) / 1e6

    async def _wait(self) -> dict[str, Any] | None:
        """The next suggestion that is meant, an edit before a jump; asks again while there is none."""
        until = time.monotonic() + PATIENCE * self.pace.patience
        while True:
            found, took_ms = await self._ask()
            here = [each for each in found if each["uri"] == self.uri]
            for suggestion in sorted(here, key=lambda each: not each["edits"]):
                step = self._edit(suggestion, took_ms) if suggestion["edits"] else self._jump(suggestion, took_ms)
                if step is not None:
                    self._step = step
                    self.tally.shown += 1
                    self.tally.latencies_ms.append(took_ms)
                    return suggestion
            if not self.tally.is_known or time.monotonic() > until:
                return None
            await asyncio.sleep(ASKED_AGAIN)

    def _edit(self, suggestion: dict[str, Any], took_ms: float) -> Step | None:
        """An edit that renames the variable and nothing else, from word's edge to word's edge as it is read."""
        mirror, text, edit = self.client.documents[self.uri], self._text, suggestion["edits"][0]
        start, end = (mirror.offset(**edit["range"][side]) for side in ("start", "end"))
        before = len(text[:start]) - len(text[:start].rstrip(WORD))
        after = len(text[end:]) - len(text[end:].lstrip(WORD))
        new_text = text[start - before : start] + edit["newText"] + text[end : end + after]
        step = Step(start - before, end + after, new_text, took_ms)
        return step if self._is_meant(step) else None

    def _jump(self, suggestion: dict[str, Any], took_ms: float) -> Step | None:
        """A jump to a line with a use that is still to be renamed."""
        start, end = self._scope()
        line = suggestion["target"]["start"]["line"]
        mirror = self.client.documents[self.uri]
        for at in uses(self.rename.name, self._text[start:end]):
            if mirror.position(start + at).line == line:
                return Step(start + at, start + at + len(self.rename.name), "", took_ms, is_jump=True)
        return None

    async def _follow(self, suggestion: dict[str, Any]) -> None:
        """Goes where the suggestion is, and takes it or, where it is a jump alone, writes the new name there."""
        step = self._step
        assert step is not None
        self._show(is_key=True)
        await asyncio.sleep(self.pace.looking * READING)
        if "\n" in self._text[min(self._cursor, step.start) : max(self._cursor, step.start)]:
            self.tally.tabs += 1
            self._cursor = step.start
            self._show(is_key=True)
            await asyncio.sleep(self.pace.looking * JUMPING)
        self.client.apply_edits(self.uri, suggestion["edits"])
        command = suggestion["command"]
        self.client.send(
            "workspace/executeCommand", {"command": command["command"], "arguments": command["arguments"]}
        )
        self.tally.taken += 1
        self._step = None
        end = step.start + len(self.rename.new_name if step.is_jump else step.new_text)
        grown = end - step.end
        self._taken = [(a + grown, b + grown) if a >= step.end else (a, b) for a, b in self._taken]
        if step.is_jump:
            self.tally.jumps += 1
            await self._type(step.start, step.end)
            await asyncio.sleep(max(self.pace.looking, SETTLED))
            return
        self.tally.tabs += 1
        self.tally.characters += len(step.new_text)
        self._taken.append((step.start, end))
        self._cursor = end
        self._show(flash=True)
        await asyncio.sleep(self.pace.looking)

    def _is_meant(self, step: Step) -> bool:
        """Whether it renames the variable, and that alone."""
        start, end = self._scope()
        name, old = self.rename.name, self._text[step.start : step.end]
        places = uses(name, old)
        for at in reversed(places):
            old = old[:at] + self.rename.new_name + old[at + len(name) :]
        return bool(places) and start <= step.start and step.end <= end and old == step.new_text
