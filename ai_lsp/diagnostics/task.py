"""What a review is asked to look at: plain values that travel to the reviewer's process."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Task:
    """What to review.

    `path` is relative to `root`, an absolute folder or empty; `changed` are 0-based numbers of the lines that a
    change touched, None where that is not known; with `only_changed` nothing else is reported; `before` is the
    text that the change began with, None where that is not known; `disabled` are codes of finders.
    """

    path: str
    language_id: str
    text: str
    root: str = ""
    changed: frozenset[int] | None = None
    disabled: frozenset[str] = frozenset()
    only_changed: bool = False
    before: str | None = None
