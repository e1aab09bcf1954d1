"""llama.cpp's own server: raw prompts with what is typed at their very end, so that a key costs a token or two.

`/infill` writes the prompt by itself, but puts the typed part in front of the suffix and so reads the whole
suffix again at each key (ggml-org/llama.cpp issue 22678; so in b11549). It is for models that our table does
not know, and for `template = "infill"`.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from functools import partial
from typing import Any

from ai_lsp.errors import MalformedAnswer, ModelRefused, ServerFailed, UnknownTemplate
from ai_lsp.models.events import JsonObject
from ai_lsp.models.fim import FimTemplate, render, template_for
from ai_lsp.models.openai_shape import chat_body, read_choice, read_usage
from ai_lsp.models.port import ChatPrompt, Chunk, FimPrompt, ModelRequest, PiecedPrompt, Probe, Usage
from ai_lsp.models.settings import NEXT_EDIT_TEMPLATES, ModelSettings
from ai_lsp.models.wire import Ask, Wire

# Completions stay on one slot: the last prompt's tokens are there, and an abandoned request frees it at once.
FIM_SLOT = 0
INFILL = "infill"


def open(settings: ModelSettings) -> LlamaCpp:
    """The model that `settings` describe; the URL is the server's root, with or without `/v1`."""
    return LlamaCpp(settings)


class LlamaCpp:
    """One model behind llama.cpp's server."""

    def __init__(self, settings: ModelSettings) -> None:
        self._settings = settings
        self._served_model: str | None = None
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

    async def _ask(self, request: ModelRequest) -> Ask:
        prompt = request.prompt
        if isinstance(prompt, ChatPrompt):
            body = chat_body(self._settings.model, prompt.messages, request, request.stop)
            return Ask("/v1/chat/completions", body | {"cache_prompt": True}, read_choice, request.stop)
        if isinstance(prompt, PiecedPrompt):
            # Not on the slot of completions, whose prompt it would push out.
            body = _options(request, request.stop) | {"prompt": prompt.text}
            del body["id_slot"]
            return Ask("/completion", body, _read, request.stop)
        row = await self._row()
        if row is None:
            return Ask("/infill", _options(request, request.stop) | _infill(prompt), _read, request.stop)
        stops = (*request.stop, *row.stops)
        text = render(row, prompt, typed_after_middle=True)
        return Ask("/completion", _options(request, stops) | {"prompt": text}, _read, stops)

    async def _row(self) -> FimTemplate | None:
        """The family's row: as set, or by the model's name in the settings, or by its name at the server.

        None where the server must write the prompt. Raises UnknownTemplate for a set one that does not exist.
        """
        template = self._settings.template
        if template:
            return None if template == INFILL else template_for(self._settings.model, template)
        try:
            return template_for(self._settings.model)
        except UnknownTemplate:
            pass
        try:
            return template_for(await self._served())
        except UnknownTemplate:
            return None

    async def _served(self) -> str:
        """The name or file of the model that the server has loaded, asked for once; "" where it does not say."""
        if self._served_model is None:
            try:
                self._served_model = _model_name(await self._wire.get("/props"))
            except ModelRefused:
                self._served_model = ""
            except (ServerFailed, MalformedAnswer):  # perhaps still loading: the request itself will tell
                return ""
        return self._served_model

    async def _look(self) -> Probe:
        await self._wire.get("/health")
        props = await self._wire.get("/props")
        self._served_model = model = _model_name(props)
        defaults = props.get("default_generation_settings") or {}
        if self._settings.template in NEXT_EDIT_TEMPLATES:
            return Probe(True, model or self._settings.model, self._settings.template, defaults.get("n_ctx"))
        row = await self._row()
        if row is None:  # warming an empty prompt tells whether the model can infill at all
            await self._wire.post("/infill", {"input_prefix": "", "input_suffix": "", "n_predict": 0})
        template = row.name if row else INFILL
        return Probe(True, model or self._settings.model, template, defaults.get("n_ctx"))


def _model_name(props: JsonObject) -> str:
    """The alias, or the file's name."""
    name = str(props.get("model_alias") or props.get("model_path") or "")
    return re.split(r"[/\\]", name)[-1]


def _options(request: ModelRequest, stops: tuple[str, ...]) -> dict[str, Any]:
    """What `/infill` and `/completion` share."""
    body: dict[str, Any] = {
        "n_predict": request.max_tokens,
        "temperature": request.temperature,
        "stop": list(stops),
        "stream": True,
        "cache_prompt": True,
        "id_slot": FIM_SLOT,
    }
    if request.min_indent:
        body["n_indent"] = request.min_indent
    return body


def _infill(prompt: FimPrompt) -> dict[str, Any]:
    """The server keeps, of prefix and suffix, what fits one of its batches."""
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
