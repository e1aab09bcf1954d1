"""What may be shown of an answer that is still being written, and how long more of it is waited for."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PARTIAL_WORD = re.compile(r"\w+\Z")

_DANGLING = re.compile(r"(?:\s|->|=>|[-+*/%=<>&|^~?:,.@\\])+\Z")
"""Marks behind which something must follow: a suggestion that ends so looks as if it were torn off."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds that a stream may speak before whole lines of it, or else whole words, are shown. Editors ask again
    at the next key only, so what is shown too early stays short for somebody who has stopped to read."""

    lines_s: float
    words_s: float


FRESH, JOINED, RESTING = Patience(0.08, 0.25), Patience(0.02, 0.04), Patience(0.15, 0.35)
"""For a stream just begun; for one joined by a key; for one joined by an editor that asks only in pauses."""


def has_line(text: str) -> bool:
    """Whether a line that is not blank has ended."""
    return "\n" in text.lstrip("\n")


def presentable(text: str) -> str:
    """Of a text that goes on: its whole lines, or else its whole words; "" where that is nothing to show."""
    if text.lstrip().startswith("`"):  # perhaps the beginning of a fence
        return ""
    cut = text[: text.rfind("\n")] if has_line(text) else _DANGLING.sub("", _PARTIAL_WORD.sub("", text))
    return cut if cut.strip() else ""


def ended(text: str, *, is_whole: bool) -> str:
    """Of a text to which nothing more will come: one that was stopped ends with what is whole of it."""
    return text if is_whole else presentable(text) or text
