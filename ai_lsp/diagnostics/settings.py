"""What a user may choose about review and bug finding."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReviewSettings:
    """The `[review]` table. `disabled` holds codes of finders; `max_file_kb` is in units of 1,024 characters;
    `passes` is how often a model is asked about one change, `max_tokens` what all of that may cost at most,
    read and
    written; `model_on_save`: whether it is asked without a command."""

    enabled: bool = True
    disabled: tuple[str, ...] = ()
    max_file_kb: int = 512
    passes: int = 5
    max_tokens: int = 60_000
    model_on_save: bool = False
