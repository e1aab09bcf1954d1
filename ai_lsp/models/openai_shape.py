"""The shapes of OpenAI's two completion APIs, which most servers speak: how to ask, and how to read an event."""

from __future__ import annotations

import re
from typing import Any

from ai_lsp.models.events import JsonObject
from ai_lsp.models.port import ChatPrompt, Chunk, Message, ModelRequest, Usage

# The API takes at most four stop strings; all are enforced on our side as well.
MAX_STOPS = 4
# Reasoning models take another name for the token limit, and no temperature (OpenAI API reference, chat).
_REASONING = re.compile(r"^(o\d|gpt-5)")
# Models that take the expected answer as a draft (OpenAI guide to predicted outputs).
_PREDICTS = re.compile(r"^gpt-4(o|\.1)")


def chat_body(
    model: str, messages: tuple[Message, ...], request: ModelRequest, stops: tuple[str, ...]
) -> JsonObject:
    """The body of a streamed request to /v1/chat/completions."""
    body: dict[str, Any] = {
        "model": model,
        "messages": [{"role": each.role, "content": each.content} for each in messages],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if _REASONING.search(model):
        body["max_completion_tokens"] = request.max_tokens
    else:
        body |= {"max_tokens": request.max_tokens, "temperature": request.temperature}
    if stops:
        body["stop"] = list(stops[:MAX_STOPS])
    if request.draft and isinstance(request.prompt, ChatPrompt) and _PREDICTS.search(model):
        body["prediction"] = {"type": "content", "content": request.draft}
    return body


def read_choice(event: JsonObject) -> Chunk:
    """One event of either API, streamed or whole. An event without a choice may still carry the usage."""
    choices = event.get("choices") or []
    usage = read_usage(event)
    if not choices:
        return Chunk(usage=usage)
    choice = choices[0]
    if "text" in choice:
        text = choice["text"]
    else:
        text = (choice.get("delta") or choice.get("message") or {}).get("content")
    if isinstance(text, list):  # Mistral may send parts
        text = "".join(part.get("text", "") for part in text)
    if text is not None and not isinstance(text, str):
        raise TypeError("the text of a choice is no string")
    reason = choice.get("finish_reason")
    return Chunk(text or "", ("length" if reason == "length" else "stop") if reason else None, usage)


def read_usage(event: JsonObject) -> Usage | None:
    """Token counts of `usage`, and of llama.cpp's `timings`, which says exactly what was read again."""
    timings = event.get("timings")
    if isinstance(timings, dict) and "prompt_n" in timings:
        fresh, cached = timings["prompt_n"], timings.get("cache_n")
        return Usage(fresh + (cached or 0), cached, timings.get("predicted_n"))
    usage = event.get("usage")
    if not isinstance(usage, dict):
        return None
    details = usage.get("prompt_tokens_details") or {}
    cached = details.get("cached_tokens", usage.get("prompt_cache_hit_tokens"))
    return Usage(usage.get("prompt_tokens"), cached, usage.get("completion_tokens"))
