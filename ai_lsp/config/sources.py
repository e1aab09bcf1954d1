"""Where settings are said: what was sent by whom, as values, and what was wrong with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Literal


class Kind(Enum):
    """Who speaks, in the order in which later ones win."""

    USER = "user file"
    OPTIONS = "initializationOptions"
    CLIENT = "editor settings"
    WORKSPACE = "workspace file"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in the settings that was not taken over, or that deserves a warning.

    An error is a wish of the user's own that is not in force. Equal problems are the same problem: who
    reports them keeps the set of those already told. Neither text quotes a value that might be a secret.
    """

    source: str
    key: str
    message: str
    advice: str = ""
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        where = f"{self.source}: {self.key}" if self.key else self.source
        advice = f". {self.advice}" if self.advice else ""
        return f"{where}: {self.message}{advice}"


def summary(problems: Iterable[Problem], limit: int = 3) -> str:
    """Problems as one message to a user, errors first; empty where there are none."""
    ordered = sorted(problems, key=lambda problem: problem.severity != "error")
    if not ordered:
        return ""
    told = "; ".join(map(str, ordered[:limit]))
    left = len(ordered) - limit
    return f"{told}; and {left} more, which `ai-lsp doctor` lists" if left > 0 else told


@dataclass(frozen=True, slots=True)
class Source:
    """Options as one place sent them: `values` is whatever TOML or JSON held, unchecked.

    `name` is shown to the user (a path, or the LSP name of the place); `problems` are those of reading it.
    """

    kind: Kind
    name: str
    values: object
    problems: tuple[Problem, ...] = ()
