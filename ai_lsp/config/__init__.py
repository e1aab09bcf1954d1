"""Settings: what was sent becomes what is in force, with every mistake reported and none of them fatal."""

from __future__ import annotations

from ai_lsp.completion.settings import CompletionSettings
from ai_lsp.config.files import WORKSPACE_FILE, read_file, read_sources, user_file
from ai_lsp.config.load import Loaded, entries, load, row_of
from ai_lsp.config.rows import Merge, Narrowing, Row
from ai_lsp.config.schema import ROWS
from ai_lsp.config.settings import LOCAL, OFF, LogSettings, Routes, Settings
from ai_lsp.config.shape import SECTION
from ai_lsp.config.sources import Kind, Problem, Source, summary
from ai_lsp.models.settings import ModelSettings

__all__ = [
    "LOCAL",
    "OFF",
    "ROWS",
    "SECTION",
    "WORKSPACE_FILE",
    "CompletionSettings",
    "IndexSettings",
    "Kind",
    "Loaded",
    "LogSettings",
    "Merge",
    "ModelSettings",
    "Narrowing",
    "PrivacySettings",
    "Problem",
    "Routes",
    "Row",
    "Settings",
    "Source",
    "entries",
    "load",
    "read_file",
    "read_sources",
    "row_of",
    "summary",
    "user_file",
]
