"""The `[edit]` table, resolved: what instructed edits may do and ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

AUTO = "auto"


@dataclass(frozen=True, slots=True)
class EditSettings:
    """`presets` are the user's own: a menu title each and its instruction. `candidates` 1 is never to choose."""

    presets: Mapping[str, str] = field(default_factory=dict)
    format: str = AUTO
    max_tokens: int = 4096
    questions: bool = True
    candidates: int = 3
    review_hunks: bool = True
