"""What each model server's paths answer: the dialects of the scripted model, one table."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

MODEL = "qwen2.5-coder-1.5b"


@dataclass(frozen=True, slots=True)
class Facts:
    """One answer before it is written in a dialect; counts are in pieces."""

    pieces: list[str]
    is_cut: bool
    prompt_pieces: int
    cached_pieces: int

    @property
    def text(self) -> str:
        return "".join(self.pieces)


@dataclass(frozen=True, slots=True)
class Talk:
    """How one path answers: the events before the text, one per piece, after it, and the whole at once."""

    piece: Callable[[str], dict[str, Any]]
    last: Callable[[Facts], list[dict[str, Any]]]
    whole: Callable[[Facts], dict[str, Any]]
    first: Callable[[Facts], list[dict[str, Any]]] = lambda facts: []
    is_sse: bool = True
    ends_done: bool = False
    names_events: bool = False

    @property
    def content_type(self) -> str:
        return "text/event-stream" if self.is_sse else "application/x-ndjson"

    def write(self, event: dict[str, Any]) -> bytes:
        """One event as bytes."""
        text = json.dumps(event, ensure_ascii=False)
        if not self.is_sse:
            return (text + "\n").encode()
        name = f"event: {event['type']}\n" if self.names_events else ""
        return f"{name}data: {text}\n\n".encode()


def _openai_usage(facts: Facts) -> dict[str, Any]:
    return {
        "prompt_tokens": facts.prompt_pieces,
        "completion_tokens": len(facts.pieces),
        "prompt_tokens_details": {"cached_tokens": facts.cached_pieces},
    }


def _reason(facts: Facts) -> str:
    return "length" if facts.is_cut else "stop"


def _openai_last(empty: dict[str, Any]) -> Callable[[Facts], list[dict[str, Any]]]:
    def last(facts: Facts) -> list[dict[str, Any]]:
        end = {"choices": [{"index": 0, "finish_reason": _reason(facts)} | empty]}
        return [end, {"choices": [], "usage": _openai_usage(facts)}]

    return last


_TEXT = Talk(
    piece=lambda piece: {"choices": [{"index": 0, "text": piece, "finish_reason": None}]},
    last=_openai_last({"text": ""}),
    whole=lambda facts: {
        "choices": [{"text": facts.text, "finish_reason": _reason(facts)}],
        "usage": _openai_usage(facts),
    },
    ends_done=True,
)
_CHAT = Talk(
    first=lambda facts: [{"choices": [{"index": 0, "delta": {"role": "assistant", "content": None}}]}],
    piece=lambda piece: {"choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": None}]},
    last=_openai_last({"delta": {}}),
    whole=lambda facts: {
        "choices": [{"message": {"role": "assistant", "content": facts.text}, "finish_reason": _reason(facts)}],
        "usage": _openai_usage(facts),
    },
    ends_done=True,
)


def _llamacpp_end(facts: Facts) -> dict[str, Any]:
    return {
        "stop": True,
        "stop_type": "limit" if facts.is_cut else "eos",
        "tokens_evaluated": facts.prompt_pieces,
        "tokens_predicted": len(facts.pieces),
        "timings": {
            "prompt_n": facts.prompt_pieces - facts.cached_pieces,
            "cache_n": facts.cached_pieces,
            "predicted_n": len(facts.pieces),
        },
    }


_LLAMACPP = Talk(
    piece=lambda piece: {"index": 0, "content": piece, "tokens": [1], "stop": False},
    last=lambda facts: [{"index": 0, "content": ""} | _llamacpp_end(facts)],
    whole=lambda facts: {"index": 0, "content": facts.text} | _llamacpp_end(facts),
)


def _ollama_end(facts: Facts) -> dict[str, Any]:
    return {
        "model": MODEL,
        "done": True,
        "done_reason": _reason(facts),
        "prompt_eval_count": facts.prompt_pieces,
        "eval_count": len(facts.pieces),
    }


_OLLAMA = Talk(
    piece=lambda piece: {"model": MODEL, "response": piece, "done": False},
    last=lambda facts: [{"response": ""} | _ollama_end(facts)],
    whole=lambda facts: {"response": facts.text} | _ollama_end(facts),
    is_sse=False,
)
_OLLAMA_CHAT = Talk(
    piece=lambda piece: {"model": MODEL, "message": {"role": "assistant", "content": piece}, "done": False},
    last=lambda facts: [{"message": {"role": "assistant", "content": ""}} | _ollama_end(facts)],
    whole=lambda facts: {"message": {"role": "assistant", "content": facts.text}} | _ollama_end(facts),
    is_sse=False,
)


def _anthropic_input(facts: Facts) -> dict[str, Any]:
    fresh = facts.prompt_pieces - facts.cached_pieces
    return {
        "input_tokens": fresh,
        "cache_read_input_tokens": facts.cached_pieces,
        "cache_creation_input_tokens": 0,
    }


def _anthropic_reason(facts: Facts) -> str:
    return "max_tokens" if facts.is_cut else "end_turn"


_ANTHROPIC = Talk(
    first=lambda facts: [
        {"type": "message_start", "message": {"usage": _anthropic_input(facts) | {"output_tokens": 1}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "ping"},
    ],
    piece=lambda piece: {
        "type": "content_block_delta",
        "index": 0,
        "delta": {"type": "text_delta", "text": piece},
    },
    last=lambda facts: [
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": _anthropic_reason(facts)},
            "usage": {"output_tokens": len(facts.pieces)},
        },
        {"type": "message_stop"},
    ],
    whole=lambda facts: {
        "type": "message",
        "content": [{"type": "text", "text": facts.text}],
        "stop_reason": _anthropic_reason(facts),
        "usage": _anthropic_input(facts) | {"output_tokens": len(facts.pieces)},
    },
    names_events=True,
)

DIALECTS: dict[str, dict[str, Talk]] = {
    "openai": {"/v1/completions": _TEXT, "/v1/chat/completions": _CHAT, "/v1/edit/completions": _CHAT},
    "llamacpp": {"/infill": _LLAMACPP, "/completion": _LLAMACPP, "/v1/chat/completions": _CHAT},
    "ollama": {"/api/generate": _OLLAMA, "/api/chat": _OLLAMA_CHAT},
    "mistral": {"/v1/fim/completions": _CHAT, "/v1/chat/completions": _CHAT},
    "anthropic": {"/v1/messages": _ANTHROPIC},
}


def document(dialect: str, path: str, body: dict[str, Any]) -> dict[str, Any] | None:
    """What the paths answer that generate nothing, or None."""
    if path == "/infill" and body.get("n_predict") == 0:
        return {"content": "", "stop": True}  # warming, or a probe
    models = {"object": "list", "data": [{"id": MODEL, "object": "model", "max_model_len": 8192}]}
    documents: dict[str, dict[str, dict[str, Any]]] = {
        "openai": {"/v1/models": models},
        "mistral": {"/v1/models": models},
        "anthropic": {"/v1/models": models},
        "llamacpp": {
            "/health": {"status": "ok"},
            "/props": {
                "model_path": f"/models/{MODEL}.gguf",
                "total_slots": 1,
                "default_generation_settings": {"n_ctx": 8192},
            },
            "/v1/models": models,
        },
        "ollama": {
            "/api/tags": {"models": [{"name": MODEL, "model": MODEL}]},
            "/api/show": {
                "capabilities": ["completion", "insert"],
                "model_info": {"general.architecture": "qwen2", "qwen2.context_length": 8192},
            },
        },
    }
    return documents[dialect].get(path)
