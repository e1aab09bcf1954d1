"""What a user may choose about the next edit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Hints = Literal["auto", "diagnostic", "inlay", "off"]


@dataclass(frozen=True, slots=True)
class NextEditSettings:
    """Resolved settings of the `[next_edit]` table; every field has a value."""

    enabled: bool = True
    min_confidence: float = 0.5
    jump_confidence: float = 0.7
    certain_confidence: float = 0.8
    max_tokens: int = 512
    speculate: bool = True
    other_files: bool = True
    hints: Hints = "auto"
    disabled_languages: tuple[str, ...] = ()
    max_file_kb: int = 2000
