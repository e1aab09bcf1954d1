"""llama.cpp's own server: `/infill` with a frozen prefix and suffix, so that a key costs it one or two tokens.

It reads the family's tokens from the model itself; only a set `template` makes us render them, for `/completion`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from functools import partial
from typing import Any

from ai_lsp.models.events import JsonObject
from ai_lsp.models.fim import render, template_for
from ai_lsp.models.openai_shape import chat_body, read_choice, read_usage
from ai_lsp.models.port import ChatPrompt, Chunk, FimPrompt, ModelRequest, Probe, Usage
from ai_lsp.models.settings import ModelSettings
from ai_lsp.models.wire import Ask, Wire

# Completions stay on one slot: the last prompt's tokens are there, and an abandoned request frees it at once.
FIM_SLOT = 0


def open(settings: ModelSettings) -> LlamaCpp:
    """The model that `settings` describe; the URL is the server's root, with or without `/v1`."""
    return LlamaCpp(settings)


class LlamaCpp:
    """One model behind llama.cpp's server."""

    def __init__(self, settings: ModelSettings) -> None:
        self._settings = settings
        self._wire = Wire(settings, settings.url.strip().rstrip("/").removesuffix("/v1"))

    @property
    def name(self) -> str:
        return self._settings.name

    def stream(self, request: ModelRequest) -> AsyncGenerator[Chunk, None]:
        return self._wire.stream(partial(self._ask, request))

    async def probe(self) -> Probe:
        return await self._wire.probe(self._look)

    async def aclose(self) -> None:
        await self._wire.aclose()

    def _ask(self, request: ModelRequest) -> Ask:
        prompt = request.prompt
        if isinstance(prompt, ChatPrompt):
            body = chat_body(self._settings.model, prompt.messages, request, request.stop)
            return Ask("/v1/chat/completions", body | {"cache_prompt": True}, read_choice, request.stop)
        body = _options(request)
        if not self._settings.template:
            return Ask("/infill", body | _infill(prompt), _read, request.stop)
        row = template_for(self._settings.model, self._settings.template)
        stops = (*request.stop, *row.stops)
        text = render(row, prompt, typed_after_middle=True)
        return Ask("/completion", body | {"prompt": text, "stop": list(stops)}, _read, stops)

    async def _look(self) -> Probe:
        await self._wire.get("/health")
        props = await self._wire.get("/props")
        defaults = props.get("default_generation_settings") or {}
        model = props.get("model_alias") or str(props.get("model_path", "")).rpartition("/")[2]
        if self._settings.template:
            template = template_for(self._settings.model, self._settings.template).name
        else:
            await self._wire.post("/infill", {"input_prefix": "", "input_suffix": "", "n_predict": 0})
            template = "infill"
        return Probe(True, str(model) or self._settings.model, template, defaults.get("n_ctx"))


def _options(request: ModelRequest) -> dict[str, Any]:
    """What `/infill` and `/completion` share."""
    body: dict[str, Any] = {
        "n_predict": request.max_tokens,
        "temperature": request.temperature,
        "stop": list(request.stop),
        "stream": True,
        "cache_prompt": True,
        "id_slot": FIM_SLOT,
    }
    if request.min_indent:
        body["n_indent"] = request.min_indent
    return body


def _infill(prompt: FimPrompt) -> dict[str, Any]:
    """Prefix and suffix stay the same while a line is typed; what is typed comes after the middle token."""
    extra = [{"filename": each.path, "text": each.text.removesuffix("\n") + "\n"} for each in prompt.files]
    return {
        "input_prefix": prompt.prefix,
        "input_suffix": prompt.suffix,
        "input_extra": extra,
        "prompt": prompt.typed,
    }


def _read(event: JsonObject) -> Chunk:
    """One event of `/infill` or `/completion`."""
    text = event.get("content", "")
    if not isinstance(text, str):
        raise TypeError("content is no string")
    if not event.get("stop"):
        return Chunk(text)
    is_limit = event.get("stop_type") == "limit" or bool(event.get("stopped_limit"))
    usage = read_usage(event) or Usage(event.get("tokens_evaluated"), None, event.get("tokens_predicted"))
    return Chunk(text, "length" if is_limit else "stop", usage)
