"""Anthropic's Messages API: chat, and fill-in-the-middle asked as a marked hole; what stays is cached."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Sequence
from functools import partial
from typing import Any

from ai_lsp.errors import UnknownTemplate
from ai_lsp.models import hole
from ai_lsp.models.events import JsonObject
from ai_lsp.models.fim import CHAT_ADVICE
from ai_lsp.models.port import ChatPrompt, Chunk, Message, ModelRequest, PiecedPrompt, Probe, Usage
from ai_lsp.models.settings import ModelSettings
from ai_lsp.models.wire import Ask, Wire

VERSION = "2023-06-01"
_CACHE = {"cache_control": {"type": "ephemeral"}}
# Families that take the start of the answer as a last assistant turn; newer ones refuse it with a 400
# (Anthropic's migration guide to Claude 4.6).
_PREFILLS = re.compile(r"claude-(3|(haiku|sonnet|opus)-4(-[015]\b|-20|$)|2|instant)")


def open(settings: ModelSettings) -> Anthropic:
    """The model that `settings` describe; the URL is the host, with or without `/v1`."""
    return Anthropic(settings)


class Anthropic:
    """One model behind the Messages API."""

    def __init__(self, settings: ModelSettings) -> None:
        self._settings = settings
        base = settings.url.strip().rstrip("/").removesuffix("/v1") + "/v1"
        self._wire = Wire(
            settings, base, sign=lambda key: {"x-api-key": key}, extra={"anthropic-version": VERSION}
        )

    @property
    def name(self) -> str:
        return self._settings.name

    def stream(self, request: ModelRequest) -> AsyncGenerator[Chunk, None]:
        return self._wire.stream(partial(self._ask, request))

    async def probe(self) -> Probe:
        return await self._wire.probe(self._look)

    async def aclose(self) -> None:
        await self._wire.aclose()

    async def _ask(self, request: ModelRequest) -> Ask:
        prompt, stops = request.prompt, request.stop
        if isinstance(prompt, ChatPrompt):
            body = self._body(request, stops) | _chat(prompt.messages)
            return Ask("/messages", body, _Reader().read, stops)
        if isinstance(prompt, PiecedPrompt):
            raise UnknownTemplate("this API takes no prompt in a model's own marks", CHAT_ADVICE)
        prompt = hole.without_marks(prompt)
        stable = hole.stable_part(prompt)
        parts = [{"type": "text", "text": stable} | _CACHE] if stable else []
        parts.append({"type": "text", "text": hole.passing_part(prompt) + hole.hole_part(prompt)})
        turns: list[dict[str, Any]] = [{"role": "user", "content": parts}]
        is_open = bool(_PREFILLS.search(self._settings.model))
        if is_open:
            turns.append({"role": "assistant", "content": hole.OPEN})
        body = self._body(request, (hole.CLOSE, *stops)) | {"system": hole.RULES, "messages": turns}
        return Ask("/messages", body, _Reader().read, stops, unwrap=hole.UnwrapFill(is_open=is_open))

    def _body(self, request: ModelRequest, stops: tuple[str, ...]) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self._settings.model,
            "max_tokens": request.max_tokens,
            "temperature": request.temperature,
            "stream": True,
        }
        usable = [stop for stop in stops if stop.strip()]  # stop strings of white space alone are refused
        if usable:
            body["stop_sequences"] = usable
        return body

    async def _look(self) -> Probe:
        found = await self._wire.get("/models?limit=1000")
        names = [str(row.get("id")) for row in found.get("data") or [] if isinstance(row, dict)]
        model = self._settings.model
        # An alias such as "-latest" or "-0" is not listed, but its dated model is.
        stem = re.sub(r"-(latest|0)$", "", model)
        if names and not any(name == model or name.startswith(stem) for name in names):
            advice = f"It has: {', '.join(names[:8])}"
            return Probe(True, model, problem=f'the server has no model "{model}"', advice=advice)
        return Probe(True, model, "chat")


def _chat(messages: Sequence[Message]) -> dict[str, Any]:
    """A conversation, marked for caching at the end of what comes before its last question."""
    system = "\n\n".join(each.content for each in messages if each.role == "system")
    turns = [
        {"role": each.role, "content": [{"type": "text", "text": each.content}]}
        for each in messages
        if each.role != "system" and each.content
    ]
    asked = [at for at, turn in enumerate(turns) if turn["role"] == "user"]
    if asked and asked[-1] > 0:
        blocks: Any = turns[asked[-1] - 1]["content"]
        blocks[-1] |= _CACHE
    if not system:
        return {"messages": turns}
    return {"system": [{"type": "text", "text": system} | _CACHE], "messages": turns}


class _Reader:
    """Reads the events of one answer; what was read of the prompt is told first, what was written last."""

    def __init__(self) -> None:
        self._prompt_tokens: int | None = None
        self._cached_tokens: int | None = None

    def read(self, event: JsonObject) -> Chunk:
        kind = event["type"]
        if kind == "message_start":
            self._note(event["message"].get("usage") or {})
        elif kind == "content_block_delta":
            return Chunk(str(event["delta"].get("text") or ""))
        elif kind == "message_delta":
            return self._ended(event["delta"].get("stop_reason"), event.get("usage") or {})
        elif kind == "message":  # not streamed
            self._note(event.get("usage") or {})
            text = "".join(block.get("text", "") for block in event["content"])
            ended = self._ended(event.get("stop_reason"), event.get("usage") or {})
            return Chunk(text, ended.finish, ended.usage)
        return Chunk()

    def _note(self, usage: JsonObject) -> None:
        """`input_tokens` leaves out what was read from or written to the cache; here it is the whole prompt."""
        self._cached_tokens = usage.get("cache_read_input_tokens")
        fresh = usage.get("input_tokens")
        if fresh is not None:
            written = usage.get("cache_creation_input_tokens") or 0
            self._prompt_tokens = fresh + written + (self._cached_tokens or 0)

    def _ended(self, reason: str | None, usage: JsonObject) -> Chunk:
        if not reason:
            return Chunk()
        found = Usage(self._prompt_tokens, self._cached_tokens, usage.get("output_tokens"))
        return Chunk("", "length" if reason == "max_tokens" else "stop", found)
