"""A worker process of the server: started, fed, asked, and started again when it dies.

Nothing here blocks the event loop. Messages keep their order, so a question sees every change sent before it.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Callable, Iterable
from typing import Any

from ai_lsp.context import wire

log = logging.getLogger(__name__)

_PAUSES_S = (0.1, 0.5, 2.0, 10.0, 60.0)  # before each next start after a death
_HEALTHY_S = 30.0  # a worker that lived so long starts the pauses anew
_LATER_S = 0.005  # what is told and not asked goes out together so long after the first of it
_BACKLOG = 128 << 20  # unsent bytes at which a worker counts as stuck


class WorkerProcess:
    """One `python -m MODULE`, spoken to over its stdin and stdout.

    `told`: the messages that a new worker must hear first. `received`: called with every message that is no
    answer. `ended`: called with why a worker died, before the next one is started.
    """

    def __init__(
        self,
        module: str,
        name: str,
        told: Callable[[], Iterable[wire.Message]],
        received: Callable[[wire.Message], None],
        ended: Callable[[str], None],
    ) -> None:
        self._module, self._name = module, name
        self._told, self._received, self._ended = told, received, ended
        self.process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._number = 0
        self._unsent: list[wire.Message] = []
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_kept(self) -> bool:
        """Whether a worker runs or is about to."""
        return self._keeper is not None and not self._keeper.done()

    def start(self) -> None:
        """Keep a worker alive from now on."""
        if not self.is_kept:
            self._keeper = asyncio.create_task(self._keep(), name=self._name)

    def send(self, message: wire.Message) -> None:
        """Have a message sent, before any question and a moment later at the latest: at a key several workers are
        told, each of which would wake up and take its share of the processor while the key's request is made.
        Without a worker it is dropped (a new one is told anew)."""
        if self.process is None:
            return
        self._unsent.append(message)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_LATER_S, self._flush)

    def _flush(self) -> None:
        """Hands what is unsent to the loop's own buffer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        messages, self._unsent = self._unsent, []
        process = self.process
        if not messages or process is None or process.stdin is None or process.stdin.is_closing():
            return
        process.stdin.write(b"".join(map(wire.pack, messages)))
        if process.stdin.transport.get_write_buffer_size() > _BACKLOG:
            process.kill()

    async def ask(self, what: str, question: list[Any], timeout_s: float) -> Any:
        """The answer to `[what, number, *question]`; None without a worker, in time, or when it dies.

        A question that nobody waits for any more is dropped.
        """
        if self.process is None:
            return None
        self._number += 1
        number = self._number
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._answers[number] = future
        self.send([what, number, *question])
        self._flush()
        try:
            async with asyncio.timeout(
                timeout_s
            ):  # wait_for of Python 3.11 swallows a cancellation beside an answer
                return await future
        except TimeoutError:
            self.send(["drop", number])
            return None
        except asyncio.CancelledError:
            self.send(["drop", number])
            raise
        finally:
            self._answers.pop(number, None)

    async def aclose(self) -> None:
        """Ends the worker and waits for it."""
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)

    async def _keep(self) -> None:
        loop = asyncio.get_running_loop()
        deaths = 0
        while True:
            began = loop.time()
            problem = await self._live()
            if loop.time() - began > _HEALTHY_S:
                deaths = 0
            pause = _PAUSES_S[min(deaths, len(_PAUSES_S) - 1)]
            deaths += 1
            log.warning("%s ended (%s); next start in %.1f s", self._name, problem, pause)
            self._ended(problem)
            await asyncio.sleep(pause)

    async def _live(self) -> str:
        """One worker's life; returns why it ended."""
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",
                "-m",
                self._module,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            )
        except OSError as error:
            return f"could not start: {error.strerror}"
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdin is not None
        complaints = asyncio.create_task(_last_line(process.stderr), name=f"{self._name}-stderr")
        try:
            self.process = process
            self._unsent.clear()
            for message in self._told():
                self.send(message)
            self._flush()
            await self._listen(process.stdout)
            await process.wait()
            return await complaints or f"exit status {process.returncode}"
        finally:
            self.process = None
            for future in self._answers.values():
                if not future.done():
                    future.set_result(None)
            process.stdin.close()
            if process.returncode is None:
                process.kill()
                await asyncio.shield(process.wait())
            complaints.cancel()

    async def _listen(self, stdout: asyncio.StreamReader) -> None:
        try:
            while True:
                (size,) = wire.LENGTH.unpack(await stdout.readexactly(wire.LENGTH.size))
                if size > wire.LARGEST:
                    return
                self._take(wire.unpack(await stdout.readexactly(size)))
        except (asyncio.IncompleteReadError, wire.BrokenWireError, ConnectionError):
            return

    def _take(self, message: wire.Message) -> None:
        match message:
            case ["answer", int(number), answer]:
                future = self._answers.get(number)
                if future is not None and not future.done():
                    future.set_result(answer)
            case _:
                self._received(message)


async def _last_line(stream: asyncio.StreamReader) -> str:
    """The last line written to a stream, read to its end."""
    last = b""
    while part := await stream.read(4096):
        last = (last + part)[-2000:]
    lines = last.decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else ""
