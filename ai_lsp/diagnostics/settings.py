"""What a user may choose about review and bug finding."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReviewSettings:
    """The `[review]` table. `disabled` holds codes of finders; `max_file_kb` is in units of 1,024 characters."""

    enabled: bool = True
    disabled: tuple[str, ...] = ()
    max_file_kb: int = 512
