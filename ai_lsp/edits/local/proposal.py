"""The values that cross between the language server and the embedded next-edit engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ProposalKind = Literal["edit", "jump"]
State = Literal["off", "starting", "indexing", "ready", "failed"]


@dataclass(frozen=True, slots=True)
class Proposal:
    """One edit that is due, or (`jump`) a place where one is, its text unknown.

    Lines are 0-based, columns count characters (not UTF-16 units). `old_text` is what stands there now, and
    stays what it says: where it no longer does, the proposal is void. A jump has `new_text == old_text`.
    `confidence` is the calibrated chance that it is right, 0..1; `why` is a sentence for the user.
    """

    uri: str
    start_line: int
    start_col: int
    end_line: int
    end_col: int
    new_text: str
    old_text: str
    confidence: float
    kind: ProposalKind
    why: str


@dataclass(frozen=True, slots=True)
class NextEditStatus:
    """Where the engine stands; `files` counts what is indexed now."""

    state: State
    files: int
    problem: str


@dataclass(frozen=True, slots=True)
class Change:
    """One edit of the history as the engine takes it: lines `[at, at + len(new))` of the document are `new` now,
    and were `old`; `age_s` seconds ago. The oldest comes first."""

    uri: str
    at: int
    old: tuple[str, ...]
    new: tuple[str, ...]
    age_s: float
