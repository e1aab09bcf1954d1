"""Has a server read the likely next prompt while the user rests, so that the next key costs it a token or two."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

from ai_lsp.completion.gate import decide
from ai_lsp.completion.prompt import build
from ai_lsp.completion.query import Query
from ai_lsp.config import LOCAL, OFF
from ai_lsp.errors import ModelError
from ai_lsp.models.port import FimPrompt, ModelRequest

if TYPE_CHECKING:
    from ai_lsp.lsp.session import Session

log = logging.getLogger(__name__)

REST_S = 0.7
"""A pause after which the user counts as resting."""

LONGEST_S = 20.0
WINDOW_S = 60.0
"""The stretch in which at most `context.warm_tokens` are read ahead."""

REUSES = frozenset({"llamacpp"})
"""Values of `api` whose servers are known to keep a prompt and to read one for no answer.

llama.cpp b11549 writes one token all the same, which nobody sees (tests/contract/test_llama_cpp_real.py). Others
may keep prompts too (vLLM, SGLang, Ollama), but nothing they answer says so, and some are paid by the token.
"""


class Budget:
    """Tokens read ahead within the last WINDOW_S seconds."""

    def __init__(self) -> None:
        self._spent: deque[tuple[float, int]] = deque()

    def left(self, most: int, now: float) -> int:
        """What may still be read of `most`; 0 or less is nothing."""
        while self._spent and now - self._spent[0][0] > WINDOW_S:
            self._spent.popleft()
        return most - sum(tokens for _, tokens in self._spent)

    def spend(self, tokens: int, now: float) -> None:
        self._spent.append((now, tokens))


class Warmer:
    """One timer and at most one request; any completion takes its place."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._budget = Budget()
        self._last: FimPrompt | None = None  # what the server read last, as far as is known

    def touched(self, uri: str, offset: int) -> None:
        """The cursor is there now: whatever is read ahead for another place is given up, and the pause begins."""
        self.stop()
        if self._session.settings.context.warm_tokens > 0:
            self._timer = asyncio.get_running_loop().call_later(REST_S, self._rest, uri, offset)

    def asked(self, request: ModelRequest) -> None:
        """A completion's prompt went to the server."""
        self._last = request.prompt if isinstance(request.prompt, FimPrompt) else None

    def stop(self) -> None:
        """Nothing is read ahead any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def _rest(self, uri: str, offset: int) -> None:
        self._timer = None
        if self._session.is_busy:  # the answer being waited for goes first
            self._timer = asyncio.get_running_loop().call_later(REST_S, self._rest, uri, offset)
            return
        self._task = self._session.spawn("warm", self._warm(uri, offset))

    async def _warm(self, uri: str, offset: int) -> None:
        session = self._session
        name = session.settings.routes.completion
        snapshot = session.documents.get(uri)
        route = session.models.route(name) if name not in (LOCAL, OFF) else None
        if snapshot is None or route is None or route.settings.api not in REUSES:
            return
        query = Query(snapshot, min(offset, len(snapshot)), path=session.relative(uri))
        is_ignored = session.is_ignored(uri)
        if decide(query, session.settings.completion, is_off=False, is_ignored=is_ignored) is not None:
            return
        around = session.surroundings.rested(query)
        memory = session.surroundings.memory(uri)
        built = build(
            query,
            session.settings.completion,
            context_tokens=route.context_tokens,
            count=route.count,
            repo=session.repo,
            around=around,
            memory=memory,
        )
        prompt = built.request.prompt
        assert isinstance(prompt, FimPrompt)
        if prompt == self._last:
            return
        now = session.clock()
        if self._budget.left(session.settings.context.warm_tokens, now) < built.fitted.tokens:
            return
        session.surroundings.hold(uri, built)
        self._last = prompt
        self._budget.spend(built.fitted.tokens, now)
        request = replace(built.request, max_tokens=0, stop=())
        try:
            async with asyncio.timeout(LONGEST_S), contextlib.aclosing(route.model.stream(request)) as stream:
                async for _ in stream:
                    pass
        except (ModelError, TimeoutError) as error:
            log.info("a prompt was not read ahead: %s", error)
