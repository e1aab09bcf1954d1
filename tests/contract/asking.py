"""Asking a backend in tests: the settings, a plain request, and everything that came back."""

from __future__ import annotations

from dataclasses import dataclass, field

from ai_lsp.models.port import ChatPrompt, Chunk, FimPrompt, Message, Model, ModelRequest
from ai_lsp.models.registry import open_model
from ai_lsp.models.settings import ModelSettings
from tests.scripted_dialects import MODEL

CHAT = ChatPrompt((Message("system", "Be brief."), Message("user", "Write an area function.")))
HOLE = FimPrompt("def area(r):\n", "    return ", "\n", path="src/area.py", repo="shop", language_id="python")


def opened(
    api: str, url: str, *, timeout_s: float = 5.0, model: str = MODEL, template: str = "", key_env: str = ""
) -> Model:
    """A model behind `url`."""
    return open_model(ModelSettings("tab", api, url, model, template, key_env, timeout_s=timeout_s))


def request(
    prompt: ChatPrompt | FimPrompt = CHAT, *, max_tokens: int = 400, stop: tuple[str, ...] = ()
) -> ModelRequest:
    """A request with what does not matter filled in."""
    return ModelRequest(prompt, max_tokens, stop)


@dataclass
class Heard:
    """What came back so far; kept outside the task that hears it, so that a failure does not lose it."""

    chunks: list[Chunk] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(each.text for each in self.chunks)

    @property
    def finish(self) -> str | None:
        return self.chunks[-1].finish if self.chunks else None


async def hear(model: Model, asked: ModelRequest, heard: Heard | None = None) -> Heard:
    """Stream the whole answer into `heard`."""
    heard = heard or Heard()
    async for chunk in model.stream(asked):
        heard.chunks.append(chunk)
    return heard
