"""The checkers in use: started when first needed, one question at a time, killed when idle, large or broken."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from urllib.parse import unquote, urlsplit

from ai_lsp.diagnostics.shadow import checkers
from ai_lsp.diagnostics.shadow.checkers import Checker
from ai_lsp.diagnostics.shadow.connection import Connection, NoAnswer
from ai_lsp.diagnostics.shadow.settings import ShadowSettings
from ai_lsp.diagnostics.shadow.verdict import Reported, Unknown, Verdict, difference, reported

log = logging.getLogger(__name__)

_Answer = TypeVar("_Answer")
_Halves = tuple[tuple[Reported, ...], tuple[Reported, ...]]

IDLE_S = 15 * 60.0
RESTS_S = (5.0, 30.0, 300.0)
"""After each failure in a row a checker is left alone so long."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An edit to be checked. `base`: the user's open buffers by uri, unsaved as they are. `after`: the texts of
    the edited files by uri. `beside`: other files by uri, unchanged, whose findings may change with the edit,
    such as those that import an edited one; their texts, where the user has them not open."""

    root: Path
    base: Mapping[str, str]
    after: Mapping[str, str]
    beside: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Seat:
    """One checker for one folder: its connection while it runs, and its past."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    connection: Connection | None = None
    starting: asyncio.Task[Connection] | None = None
    used: float = 0.0
    failures: int = 0
    rests_until: float = 0.0
    known: dict[str, tuple[int, list[Reported]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Said:
    """What checkers say of a text as it stands. `unknown` names those that could not say anything, and why: of
    them nothing follows."""

    reports: tuple[Reported, ...] = ()
    checked_by: tuple[str, ...] = ()
    unknown: Mapping[str, Unknown] = field(default_factory=dict)


Job = Callable[["_Seat", Connection, float], Awaitable[_Answer]]
"""What is asked of a checker: its seat, its connection, and the seconds that are left."""


class Pool:
    """All checkers of a session. Nothing runs before the first question."""

    def __init__(self, settings: ShadowSettings, clock: Callable[[], float] = time.monotonic) -> None:
        self.settings = settings
        self._clock = clock
        self._seats: dict[tuple[str, str], _Seat] = {}

    async def check(
        self, candidate: Candidate, within_s: float | None = None, *, only_swift: bool = False
    ) -> Verdict:
        """What the checkers of the edited files' languages say, within the budget. Never raises for a checker's
        fault: that is an `unknown` of the verdict."""
        within = self.settings.budget_ms / 1000 if within_s is None else within_s
        wanted: dict[str, Checker] = {}
        for uri in candidate.after:
            rows = checkers.for_path(path_of(uri), self.settings.servers)
            wanted |= {row.name: row for row in rows if row.is_swift or not only_swift}

        async def compare(seat: _Seat, connection: Connection, left: float) -> _Halves:
            return await _compare(seat, connection, candidate, left)

        asked = [self._ask(checker, candidate.root, within, compare) for checker in wanted.values()]
        introduces: list[Reported] = []
        fixes: list[Reported] = []
        unknown: dict[str, Unknown] = {}
        checked: list[str] = []
        for name, answer in zip(wanted, await asyncio.gather(*asked), strict=True):
            if isinstance(answer, Unknown):
                unknown[name] = answer
            else:
                checked.append(name)
                introduces += answer[0]
                fixes += answer[1]
        return Verdict(tuple(introduces), tuple(fixes), tuple(checked), unknown)

    async def said(self, root: Path, base: Mapping[str, str], uri: str, within_s: float) -> Said:
        """What the checkers say of one of the texts of `base` as it stands; a checker's fault is an `unknown`."""
        wanted = checkers.for_path(path_of(uri), self.settings.servers)

        async def look(seat: _Seat, connection: Connection, left: float) -> list[Reported]:
            mine, ids = _texts(connection, base)
            connection.show(mine, ids)
            return await _known(seat, connection, mine, [uri], asyncio.get_running_loop().time() + left)

        answers = await asyncio.gather(*(self._ask(checker, root, within_s, look) for checker in wanted))
        reports: list[Reported] = []
        unknown: dict[str, Unknown] = {}
        for checker, answer in zip(wanted, answers, strict=True):
            if isinstance(answer, Unknown):
                unknown[checker.name] = answer
            else:
                reports += answer
        return Said(tuple(reports), tuple(c.name for c in wanted if c.name not in unknown), unknown)

    async def warm(self, root: Path, base: Mapping[str, str], uri: str, *, only_swift: bool = False) -> None:
        """Start the checkers of a file and let them read it, so that the first verdict is not late."""
        await self.check(Candidate(root, base, {uri: base[uri]}), within_s=30.0, only_swift=only_swift)

    def files_changed(self, changes: Sequence[tuple[str, int]]) -> None:
        """Files changed on disk: (path, LSP FileChangeType)."""
        told = [(Path(path).as_uri(), kind) for path, kind in changes if Path(path).is_absolute()]
        for seat in self._seats.values():
            seat.known.clear()
            if seat.connection is not None:
                seat.connection.files_changed(told)

    async def sweep(self) -> None:
        """Ends checkers that nobody has asked for a while, or that have grown beyond their share."""
        now = self._clock()
        for seat in self._seats.values():
            if seat.connection is not None and not seat.lock.locked() and now - seat.used > IDLE_S:
                await self._drop(seat)

    async def aclose(self) -> None:
        """Ends every checker."""
        await asyncio.gather(*(self._drop(seat) for seat in self._seats.values()))

    @property
    def memory_mb(self) -> int:
        """What all checkers hold at the moment."""
        return sum(seat.connection.memory_mb for seat in self._seats.values() if seat.connection is not None)

    async def _ask(self, checker: Checker, root: Path, within_s: float, job: Job[_Answer]) -> _Answer | Unknown:
        seat = self._seats.setdefault((checker.name, str(root)), _Seat())
        if self._clock() < seat.rests_until:
            return Unknown.RESTING
        end = self._clock() + within_s
        try:
            async with asyncio.timeout(within_s):
                await seat.lock.acquire()
        except TimeoutError:
            return Unknown.BUSY
        try:
            connection = await self._connected(seat, checker, root, end - self._clock())
            found = await job(seat, connection, end - self._clock())
            seat.failures = 0
            return found
        except NoAnswer as silence:
            log.info("%s: %s", checker.name, silence)
            await self._failed(seat, silence)
            return silence.why
        finally:
            seat.used = self._clock()
            seat.lock.release()

    async def _connected(self, seat: _Seat, checker: Checker, root: Path, within_s: float) -> Connection:
        if seat.connection is not None and seat.connection.failure is not None:
            await self._drop(seat)
        if seat.connection is not None:
            if seat.connection.memory_mb > min(checker.memory_mb, self.settings.memory_mb):
                raise NoAnswer(Unknown.TOO_BIG)
            return seat.connection
        if seat.starting is None:
            program = await asyncio.to_thread(checkers.executable, checker)
            if program is None:
                raise NoAnswer(Unknown.MISSING, checker.command[0])
            if self.memory_mb > self.settings.memory_mb:
                raise NoAnswer(Unknown.TOO_BIG)
            seat.starting = asyncio.create_task(Connection.start(checker, program, root), name="shadow-start")
        # A start may be longer than the budget: it goes on, and the next question finds it done.
        await asyncio.wait({seat.starting}, timeout=max(0.0, within_s))
        if not seat.starting.done():
            raise NoAnswer(Unknown.SLOW, "it starts")
        starting, seat.starting = seat.starting, None
        seat.connection = starting.result()
        return seat.connection

    async def _failed(self, seat: _Seat, silence: NoAnswer) -> None:
        if silence.why is Unknown.SLOW:
            seat.known.clear()  # it may answer the next one; its text is put right then
            return
        await self._drop(seat)
        if silence.why is Unknown.MISSING:
            seat.rests_until = self._clock() + RESTS_S[-1]
            return
        seat.rests_until = self._clock() + RESTS_S[min(seat.failures, len(RESTS_S) - 1)]
        seat.failures += 1

    async def _drop(self, seat: _Seat) -> None:
        connection, seat.connection = seat.connection, None
        starting, seat.starting = seat.starting, None
        seat.known.clear()
        if starting is not None:
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
        if connection is not None:
            await connection.aclose()


async def _compare(seat: _Seat, connection: Connection, candidate: Candidate, within_s: float) -> _Halves:
    """Diagnostics before and after, on one connection, which ends up with the base again."""
    loop = asyncio.get_running_loop()
    end = loop.time() + within_s
    mine, ids = _texts(connection, {**candidate.beside, **candidate.base})
    languages = connection.checker.languages
    new = [uri for uri in candidate.after if uri not in mine and _suffix(uri) in languages]
    ids |= {uri: languages[_suffix(uri)] for uri in new}
    watched = [uri for uri in [*candidate.after, *candidate.beside] if uri in mine]
    connection.show(mine, ids)
    before = await _known(seat, connection, mine, watched, end)
    try:
        for uri, text in candidate.after.items():
            if uri in ids:
                connection.put(uri, text, ids[uri])
        after = []
        for uri in [*watched, *new]:
            items = await connection.diagnostics(uri, end - loop.time())
            text = candidate.after.get(uri, mine.get(uri, ""))
            after += reported(connection.checker.name, uri, text, items)
    finally:
        connection.show(mine, ids)
    return difference(before, after)


def _texts(connection: Connection, base: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Those of the texts that a checker reads, and their language ids."""
    languages = connection.checker.languages
    mine = {uri: text for uri, text in base.items() if _suffix(uri) in languages}
    return mine, {uri: languages[_suffix(uri)] for uri in mine}


async def _known(
    seat: _Seat, connection: Connection, mine: Mapping[str, str], watched: Sequence[str], end: float
) -> list[Reported]:
    """What a checker says of texts that it was shown; asked only where it has not said it of the same texts."""
    loop = asyncio.get_running_loop()
    state = hash(frozenset(mine.items()))
    out: list[Reported] = []
    for uri in watched:
        known = seat.known.get(uri)
        if known is None or known[0] != state:
            items = await connection.diagnostics(uri, end - loop.time())
            known = seat.known[uri] = (state, reported(connection.checker.name, uri, mine[uri], items))
        out += known[1]
    return out


def path_of(uri: str) -> str:
    """The path of a file's uri; that of another scheme is what stands behind the scheme."""
    return unquote(urlsplit(uri).path)


def _suffix(uri: str) -> str:
    return Path(path_of(uri)).suffix.lower()
