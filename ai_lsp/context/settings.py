"""What a user may choose about the codebase index, about prompts, and about what must never be read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class IndexSettings:
    """The `[index]` table. `max_files` bounds what is learnt from; `cache` keeps it between sessions."""

    enabled: bool = True
    max_files: int = 50_000
    cache: bool = True


@dataclass(frozen=True, slots=True)
class PrivacySettings:
    """The `[privacy]` table. `ignore`: patterns in .gitignore's syntax, beside those of .gitignore and .aiignore;
    `ledger`: whether a file says what was sent where, without its text."""

    ignore: tuple[str, ...] = ()
    ledger: bool = True


@dataclass(frozen=True, slots=True)
class ContextSettings:
    """The `[context]` table. `trusted_folders`: whose projects may tell a model how code is written there."""

    enabled: bool = True
    trusted_folders: tuple[str, ...] = ()
    warm_tokens: int = 20_000


@dataclass(frozen=True, slots=True)
class RecordingSettings:
    """The `[recording]` table: what prompts were made from, kept on this machine for `ai-lsp replay`."""

    enabled: bool = False
    max_mb: int = 50
    days: int = 14
