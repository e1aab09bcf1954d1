"""What a user may choose about inline completion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class CompletionSettings:
    """Resolved settings of the `[completion]` table; every field has a value."""

    enabled: bool = True
    debounce_ms: float | Literal["auto"] = "auto"
    min_confidence: float = 0.45
    max_lines: int = 8
    max_tokens: int = 128
    disabled_languages: tuple[str, ...] = ()
    disabled_paths: tuple[str, ...] = ()
    max_file_kb: int = 2000
    in_comments: bool = True
    in_strings: bool = True
    aggressiveness: Literal["shy", "balanced", "eager"] = "balanced"
    learning: bool = True

    @property
    def least_confidence(self) -> float:
        """How sure the embedded predictor must be, with the user's word about it taken in."""
        more = {"shy": 0.1, "balanced": 0.0, "eager": -0.1}[self.aggressiveness]
        return min(1.0, max(0.0, self.min_confidence + more))
