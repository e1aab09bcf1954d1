"""Has a server read the likely next prompt while the user rests, so that the next key costs it a token or two.

It begins when the user has rested for as long as the reading will take: whoever comes back while it is read waits
until all of their own prompt is read again, and a rest is as likely to end now as to last as long once more.
"""

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
        asked = session.reuse.asked_whole(query, route.context_tokens)
        around = session.surroundings.rested(query)
        built = build(
            query,
            session.settings.completion,
            context_tokens=asked.tokens,
            count=route.count,
            repo=session.repo,
            around=around,
            memory=session.surroundings.memory(uri),
            typed_lines=asked.typed_lines,
        )
        prompt = built.request.prompt
        assert isinstance(prompt, FimPrompt)
        if prompt == self._last:
            return
        unread = built.fitted.tokens * _unread_share(self._last, prompt)
        await asyncio.sleep(unread / route.swift_tokens - REST_S)
        now = session.clock()
        if session.is_busy or self._budget.left(session.settings.context.warm_tokens, now) < built.fitted.tokens:
            return
        self._budget.spend(built.fitted.tokens, now)
        request = replace(built.request, max_tokens=0, stop=())
        try:
            async with asyncio.timeout(LONGEST_S), contextlib.aclosing(route.model.stream(request)) as stream:
                async for _ in stream:
                    pass
        except (ModelError, TimeoutError) as error:
            log.info("a prompt was not read ahead: %s", error)
            return
        # Only what was read to its end is gone on from: until then requests stay with what the server had read.
        self._last = prompt
        session.surroundings.hold(uri, built)
        session.reuse.remember(replace(asked, around=around))


def _unread_share(last: FimPrompt | None, prompt: FimPrompt) -> float:
    """How much of a prompt a server that has read `last` has still to read, 0..1."""
    if last is None:
        return 1.0
    old, new = (f"{p.files}{p.prefix}\0{p.suffix}\0{p.typed}" for p in (last, prompt))
    agreed = next(
        (at for at, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new))
    )
    return 1.0 - agreed / len(new)
