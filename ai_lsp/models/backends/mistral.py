"""Mistral's API: fill-in-the-middle at `/v1/fim/completions`, whose answers have the shape of a chat's."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from functools import partial
from typing import Any

from ai_lsp.errors import UnknownTemplate
from ai_lsp.models.fim import CHAT_ADVICE, guarded
from ai_lsp.models.openai_shape import MAX_STOPS, chat_body, read_choice
from ai_lsp.models.port import ChatPrompt, Chunk, FimPrompt, ModelRequest, PiecedPrompt, Probe
from ai_lsp.models.settings import ModelSettings
from ai_lsp.models.wire import Ask, Wire


def open(settings: ModelSettings) -> Mistral:
    """The model that `settings` describe; the URL is the host, with or without `/v1`."""
    return Mistral(settings)


class Mistral:
    """One model of Mistral's API."""

    def __init__(self, settings: ModelSettings) -> None:
        self._settings = settings
        self._wire = Wire(settings, settings.url.strip().rstrip("/").removesuffix("/v1") + "/v1")

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
            body = chat_body(self._settings.model, prompt.messages, request, stops)
            del body["stream_options"]  # refused as an unknown field; the usage comes without asking
            return Ask("/chat/completions", body, read_choice, stops)
        if isinstance(prompt, PiecedPrompt):
            raise UnknownTemplate("this API takes no prompt in a model's own marks", CHAT_ADVICE)
        return Ask("/fim/completions", self._fim(request, prompt), read_choice, stops)

    def _fim(self, request: ModelRequest, prompt: FimPrompt) -> dict[str, Any]:
        """Other files go into the prefix, in the form that Codestral was trained on."""
        prompt = guarded(self._settings.model, prompt)
        files = "".join(f"+++++ {each.path}\n{each.text.removesuffix(chr(10))}\n\n" for each in prompt.files)
        here = f"+++++ {prompt.path or 'untitled'}\n" if files else ""
        body: dict[str, Any] = {
            "model": self._settings.model,
            "prompt": files + here + prompt.prefix + prompt.typed,
            "suffix": prompt.suffix,
            "max_tokens": request.max_tokens,
            "temperature": request.temperature,
            "stream": True,
        }
        if request.stop:
            body["stop"] = list(request.stop[:MAX_STOPS])
        return body

    async def _look(self) -> Probe:
        found = await self._wire.get("/models")
        rows = {str(row.get("id")): row for row in found.get("data") or [] if isinstance(row, dict)}
        model = self._settings.model
        row = rows.get(model)
        if rows and row is None:
            advice = f"It has: {', '.join(list(rows)[:8])}"
            return Probe(True, model, problem=f'the server has no model "{model}"', advice=advice)
        abilities = (row or {}).get("capabilities") or {}
        context = (row or {}).get("max_context_length")
        if abilities.get("completion_fim") is False:
            advice = "Choose a Codestral model for completion; this one can chat"
            return Probe(True, model, "", context, problem=f'"{model}" cannot fill in the middle', advice=advice)
        return Probe(True, model, "fim", context)
