"""The models in use: opened on first need, watched by a circuit breaker, their failures told once."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ai_lsp.completion.complete import ModelRoute
from ai_lsp.errors import AiLspError, ModelError
from ai_lsp.models.port import Model
from ai_lsp.models.settings import ModelSettings

if TYPE_CHECKING:
    from ai_lsp.models.breaker import Breaker

log = logging.getLogger(__name__)


class ModelRoutes:
    """Every model the user defined, by name; `tell` shows the user a sentence, once per sentence."""

    def __init__(self, tell: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._tell = tell
        self._clock = clock
        self._settings: Mapping[str, ModelSettings] = {}
        self._open: dict[str, Model] = {}
        self._breakers: dict[str, Breaker] = {}
        self._problems: dict[str, str] = {}

    def set(self, settings: Mapping[str, ModelSettings]) -> list[Model]:
        """Use these definitions from now on; returns the models that are to be closed."""
        if dict(settings) == dict(self._settings):
            return []
        old = list(self._open.values())
        self._settings, self._open, self._breakers, self._problems = settings, {}, {}, {}
        return old

    def route(self, name: str) -> ModelRoute | None:
        """The model for a route, or None while it is unusable: unknown, wrongly set up, or resting."""
        from ai_lsp.models.breaker import Breaker
        from ai_lsp.models.tokens import counter_for

        settings = self._settings.get(name)
        if settings is None:
            return None
        breaker = self._breakers.setdefault(name, Breaker())
        if not breaker.allows(self._clock()):
            return None
        model = self._open.get(name)
        if model is None:
            model = self._start(name, settings, breaker)
            if model is None:
                return None
        counter = counter_for(settings)
        return ModelRoute(
            model=model,
            context_tokens=settings.context_tokens,
            count=counter.count,
            failed=lambda error: self._failed(name, breaker, error),
            succeeded=lambda: self._succeeded(name, breaker),
        )

    def problem(self, name: str) -> str:
        """What is wrong with a model at the moment, in a sentence; empty when nothing is."""
        return self._problems.get(name, "" if name in self._settings else f"no model named {name!r} is defined")

    def status(self, name: str) -> dict[str, Any]:
        """The facts of one model for status lines."""
        settings = self._settings.get(name)
        state = "failing" if self.problem(name) else "ready"
        return {"model": settings.model if settings else name, "state": state, "problem": self.problem(name)}

    async def aclose(self) -> None:
        """Close every connection."""
        models, self._open = list(self._open.values()), {}
        for model in models:
            await model.aclose()

    def _start(self, name: str, settings: ModelSettings, breaker: Breaker) -> Model | None:
        from ai_lsp.models.registry import open_model  # httpx costs 0.2 s: not at start-up

        try:
            model = self._open[name] = open_model(settings)
        except AiLspError as error:
            self._failed(name, breaker, error)
            return None
        return model

    def _failed(self, name: str, breaker: Breaker, error: AiLspError) -> None:
        breaker.failed(error, self._clock())
        is_new = name not in self._problems
        self._problems[name] = str(error)
        log.warning("model %s: %s", name, error)
        if is_new and (not isinstance(error, ModelError) or error.tell_user or error.retry):
            self._tell(f"ai-lsp: model “{name}” failed, the embedded predictor takes over. {error}")

    def _succeeded(self, name: str, breaker: Breaker) -> None:
        breaker.succeeded()
        self._problems.pop(name, None)
