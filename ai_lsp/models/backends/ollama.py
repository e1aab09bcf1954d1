"""Ollama: `suffix` where the model's own template can insert, or the family's tokens sent raw.

Without a set `template` Ollama is trusted to know its model: one that cannot insert, it refuses by itself.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from functools import partial
from typing import Any

from ai_lsp.models.events import JsonObject
from ai_lsp.models.fim import guarded, render, template_for
from ai_lsp.models.port import ChatPrompt, Chunk, FimPrompt, ModelRequest, PiecedPrompt, Probe, Usage
from ai_lsp.models.settings import NEXT_EDIT_TEMPLATES, ModelSettings
from ai_lsp.models.wire import Ask, Wire

SUFFIX = "suffix"
# How long the server keeps the model loaded after a request; its own default of 5 minutes makes the first key
# after a pause wait for a load.
KEEP_ALIVE = "30m"


def open(settings: ModelSettings) -> Ollama:
    """The model that `settings` describe; the URL is the server's root, with or without `/v1` or `/api`."""
    return Ollama(settings)


class Ollama:
    """One model behind Ollama."""

    def __init__(self, settings: ModelSettings) -> None:
        self._settings = settings
        self._wire = Wire(settings, settings.url.strip().rstrip("/").removesuffix("/v1").removesuffix("/api"))

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
            messages = [{"role": each.role, "content": each.content} for each in prompt.messages]
            body = self._body(request, stops) | {"messages": messages}
            return Ask("/api/chat", body, _read_chat, stops, framing="lines")
        written, row_stops = self._write(prompt)
        stops = (*stops, *row_stops)
        return Ask("/api/generate", self._body(request, stops) | written, _read_text, stops, framing="lines")

    def _write(self, prompt: FimPrompt | PiecedPrompt) -> tuple[dict[str, Any], tuple[str, ...]]:
        """The fields that carry the hole, and the stop strings of the family."""
        if isinstance(prompt, PiecedPrompt):
            return {"prompt": prompt.text, "raw": True}, ()
        template = self._settings.template
        if template in ("", SUFFIX):
            prompt = guarded(self._settings.model, prompt)
            return {"prompt": prompt.prefix + prompt.typed, "suffix": prompt.suffix}, ()
        row = template_for(self._settings.model, template)
        return {"prompt": render(row, prompt, typed_after_middle=True), "raw": True}, row.stops

    def _body(self, request: ModelRequest, stops: tuple[str, ...]) -> dict[str, Any]:
        options: dict[str, Any] = {
            "num_predict": request.max_tokens,
            "temperature": request.temperature,
            "num_ctx": self._settings.context_tokens,  # its default cuts long prompts without a word
        }
        if stops:
            options["stop"] = list(stops)
        return {"model": self._settings.model, "stream": True, "keep_alive": KEEP_ALIVE, "options": options}

    async def _look(self) -> Probe:
        model = self._settings.model
        tags = await self._wire.get("/api/tags")
        names = [str(row.get("name")) for row in tags.get("models") or [] if isinstance(row, dict)]
        if model not in names and f"{model}:latest" not in names:
            advice = f"Run: ollama pull {model}. It has: {', '.join(names[:8]) or 'none'}"
            return Probe(True, model, problem=f'the server has no model "{model}"', advice=advice)
        shown = await self._wire.post("/api/show", {"model": model})
        facts = shown.get("model_info") or {}
        context = next((value for key, value in facts.items() if str(key).endswith(".context_length")), None)
        if self._settings.template in NEXT_EDIT_TEMPLATES:
            return Probe(True, model, self._settings.template, context)
        if self._settings.template not in ("", SUFFIX):
            return Probe(True, model, template_for(model, self._settings.template).name, context)
        if "insert" not in (shown.get("capabilities") or []):
            advice = 'Choose a model with a template that inserts, or set "template" to its family'
            return Probe(
                True, model, "", context, problem=f'"{model}" cannot fill in the middle here', advice=advice
            )
        return Probe(True, model, SUFFIX, context)


def _read_text(event: JsonObject) -> Chunk:
    return _read(event, event.get("response") or "")


def _read_chat(event: JsonObject) -> Chunk:
    return _read(event, (event.get("message") or {}).get("content") or "")


def _read(event: JsonObject, text: object) -> Chunk:
    """One line of the answer; the last one says how it ended and what it cost."""
    if not isinstance(text, str):
        raise TypeError("the text is no string")
    if not event.get("done"):
        return Chunk(text)
    usage = Usage(event.get("prompt_eval_count"), None, event.get("eval_count"))
    return Chunk(text, "length" if event.get("done_reason") == "length" else "stop", usage)
