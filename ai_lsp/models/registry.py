"""From settings to a model: `api` names a file of models/backends, which is imported when first used."""

from __future__ import annotations

import importlib
import pkgutil
from typing import cast

from ai_lsp.errors import SettingsError
from ai_lsp.models.port import Model
from ai_lsp.models.settings import ModelSettings

_PACKAGE = "ai_lsp.models.backends"


def apis() -> list[str]:
    """The values that `api` may have: the files of models/backends, sorted."""
    package = importlib.import_module(_PACKAGE)
    return sorted(each.name for each in pkgutil.iter_modules(package.__path__))


def open_model(settings: ModelSettings) -> Model:
    """The model that `settings` describe; no connection is made yet.

    The first call imports an HTTP client, about 0.1 s of CPU: off the event loop, if that matters.

    Raises SettingsError for an `api` that no file has, or a URL that cannot be one.
    """
    known = apis()
    if settings.api not in known:
        raise SettingsError(
            f'"api" of [models.{settings.name}] is "{settings.api}", which is not known',
            f"It is one of: {', '.join(known)}",
        )
    backend = importlib.import_module(f"{_PACKAGE}.{settings.api}")
    return cast(Model, backend.open(settings))
