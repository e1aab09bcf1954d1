"""What a user may choose about inline completion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class CompletionSettings:
    """Resolved settings of the `[completion]` table; every field has a value."""

    enabled: bool = True
    debounce_ms: float | Literal["auto"] = "auto"
    min_confidence: float = 0.6
    max_lines: int = 8
    max_tokens: int = 128
    disabled_languages: tuple[str, ...] = ()
    max_file_kb: int = 2000
