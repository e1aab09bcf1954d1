"""OpenAI's API, as vLLM, SGLang, LM Studio, LiteLLM, DeepSeek and many more speak it.

The setting `template` decides how fill-in-the-middle is asked: "suffix" leaves it to the server's own `suffix`
field (llama.cpp ignores that silently, so it is never the default), "chat" asks a chat model to fill a marked
hole, a family's name or nothing renders the family's tokens into a raw prompt.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from functools import partial
from typing import Any

from ai_lsp.errors import UnknownTemplate
from ai_lsp.models import hole
from ai_lsp.models.fim import guarded, render, template_for
from ai_lsp.models.openai_shape import MAX_STOPS, chat_body, read_choice
from ai_lsp.models.port import ChatPrompt, Chunk, FimPrompt, ModelRequest, PiecedPrompt, Probe
from ai_lsp.models.settings import NEXT_EDIT_TEMPLATES, ModelSettings
from ai_lsp.models.wire import Ask, Wire

SUFFIX, CHAT = "suffix", "chat"


def open(settings: ModelSettings) -> OpenAi:
    """The model that `settings` describe. A URL without a path means `/v1`; any other path is used as it is."""
    return OpenAi(settings)


class OpenAi:
    """One model behind an OpenAI-compatible server."""

    def __init__(self, settings: ModelSettings) -> None:
        self._settings = settings
        url = settings.url.strip().rstrip("/")
        has_path = "/" in url.partition("://")[2]
        self._wire = Wire(settings, url if has_path else url + "/v1")

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
        model, prompt, stops = self._settings.model, request.prompt, request.stop
        if isinstance(prompt, ChatPrompt):
            body = chat_body(model, prompt.messages, request, stops)
            return Ask(f"/{prompt.endpoint}/completions", body, read_choice, stops)
        if self._settings.template == CHAT and not isinstance(prompt, PiecedPrompt):
            body = chat_body(model, hole.messages(prompt), request, (*stops, hole.CLOSE))
            return Ask("/chat/completions", body, read_choice, stops, unwrap=hole.UnwrapFill())
        return self._raw(request, prompt)

    def _raw(self, request: ModelRequest, prompt: FimPrompt | PiecedPrompt) -> Ask:
        body: dict[str, Any] = {
            "model": self._settings.model,
            "max_tokens": request.max_tokens,
            "temperature": request.temperature,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        stops = request.stop
        if isinstance(prompt, PiecedPrompt):
            body["prompt"] = prompt.text
        elif self._settings.template == SUFFIX:
            prompt = guarded(self._settings.model, prompt)
            body |= {"prompt": prompt.prefix + prompt.typed, "suffix": prompt.suffix}
        else:
            row = template_for(self._settings.model, self._settings.template)
            body["prompt"] = render(row, prompt, typed_after_middle=True)  # for the server's prefix cache
            stops = (*stops, *row.stops)
        if stops:
            body["stop"] = list(stops[:MAX_STOPS])
        return Ask("/completions", body, read_choice, stops)

    async def _look(self) -> Probe:
        found = await self._wire.get("/models")
        listed = found.get("data") or found.get("items") or []
        rows = {str(row.get("id")): row for row in listed if isinstance(row, dict)}
        model = self._settings.model
        row = rows.get(model)
        if rows and row is None:
            some = ", ".join(list(rows)[:8])
            return Probe(True, model, problem=f'the server has no model "{model}"', advice=f"It has: {some}")
        context = next((row[key] for key in ("max_model_len", "context_length") if row and row.get(key)), None)
        if self._settings.template in (SUFFIX, CHAT, *NEXT_EDIT_TEMPLATES):
            return Probe(True, model, self._settings.template, context)
        try:
            template = template_for(model, self._settings.template).name
        except UnknownTemplate as problem:
            advice = (
                f'{problem.advice}; or "{SUFFIX}" where the server fills in by itself, "{CHAT}" for a chat model'
            )
            return Probe(True, model, context_tokens=context, problem=Exception.__str__(problem), advice=advice)
        return Probe(True, model, template, context)
