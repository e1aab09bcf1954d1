"""Settings as the program uses them: total, frozen, resolved from all sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from ai_lsp.completion.settings import CompletionSettings
from ai_lsp.context.settings import ContextSettings, IndexSettings, PrivacySettings, RecordingSettings
from ai_lsp.diagnostics.settings import ReviewSettings
from ai_lsp.diagnostics.shadow.settings import ShadowSettings
from ai_lsp.edits.instruct_settings import EditSettings
from ai_lsp.edits.next_settings import NextEditSettings
from ai_lsp.models.settings import ModelSettings

LOCAL = "local"
"""The route to the embedded predictor."""

OFF = ""
"""The route of a feature that is switched off, or that needs a model and has none."""


@dataclass(frozen=True, slots=True)
class Routes:
    """Which model serves which feature: a name of `Settings.models`, LOCAL where that can serve it, or OFF."""

    completion: str = LOCAL
    next_edit: str = LOCAL
    edit: str = OFF
    apply: str = OFF
    review: str = OFF
    ask: str = OFF
    fix: str = OFF
    embed: str = OFF


@dataclass(frozen=True, slots=True)
class LogSettings:
    """The `[log]` table, resolved; an empty `file` is stderr, another is an absolute path."""

    level: str = "warning"
    file: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a user can choose. `Settings()` is what is in force when nobody said anything."""

    models: Mapping[str, ModelSettings] = field(default_factory=lambda: MappingProxyType({}))
    routes: Routes = field(default_factory=Routes)
    completion: CompletionSettings = field(default_factory=CompletionSettings)
    edit: EditSettings = field(default_factory=EditSettings)
    review: ReviewSettings = field(default_factory=ReviewSettings)
    next_edit: NextEditSettings = field(default_factory=NextEditSettings)
    shadow: ShadowSettings = field(default_factory=ShadowSettings)
    index: IndexSettings = field(default_factory=IndexSettings)
    context: ContextSettings = field(default_factory=ContextSettings)
    privacy: PrivacySettings = field(default_factory=PrivacySettings)
    recording: RecordingSettings = field(default_factory=RecordingSettings)
    log: LogSettings = field(default_factory=LogSettings)

    def model_for(self, route: str) -> ModelSettings | None:
        """The model that serves a feature, by the feature's name in `Routes`; None where it is LOCAL or OFF."""
        return self.models.get(getattr(self.routes, route))
