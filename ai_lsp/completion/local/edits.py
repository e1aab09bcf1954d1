"""The values that cross between the language server and the embedded predictor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["off", "starting", "indexing", "ready", "failed"]


@dataclass(frozen=True, slots=True)
class LocalPrediction:
    """What the predictor would type at the cursor."""

    text: str  # to insert at the cursor; lines after the first carry their indentation
    confidence: float  # calibrated chance that it is right, 0..1
    lines: int
    why: str  # one short sentence: which evidence


@dataclass(frozen=True, slots=True)
class LocalStatus:
    """Where the predictor stands; `files` and `tokens` count what is indexed now."""

    state: State
    files: int
    tokens: int
    problem: str
