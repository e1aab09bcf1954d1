"""What a user may choose about checking edits."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ShadowSettings:
    """The `[shadow]` table. `servers` are names of checkers.CHECKERS; `wait_for` are the features whose edits
    or findings wait for a verdict; `budget_ms` is an edit's longest wait, `memory_mb` the most that all checkers
    may hold."""

    enabled: bool = True
    servers: tuple[str, ...] = ("ruff", "ty")
    wait_for: tuple[str, ...] = ("edit", "next_edit", "review")
    budget_ms: int = 1_000
    memory_mb: int = 800
