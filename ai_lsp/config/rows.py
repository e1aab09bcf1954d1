"""What a row of the schema is: a setting's key and value, and what a later source may do to it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from ai_lsp.config.settings import LOCAL, OFF
from ai_lsp.config.values import Choice, Text, Value
from ai_lsp.models.settings import NEXT_EDIT_TEMPLATES

MODELS = "models"
"""The table whose keys are names of the user's choosing."""


SERVER_TEMPLATES = ("suffix", "chat", "infill")
"""What `template` may also be: the server fills in by itself ("suffix", "infill"), or is only chatted with."""


class Narrowing(Enum):
    """What a workspace file may do to a setting: a repository can take away, never add."""

    NEVER = "no"
    OFF = "switch it off"
    ADD = "add to it"
    RAISE = "raise it"
    LOWER = "lower it"
    AMONG = "choose among the user's models"


class Merge(Enum):
    """What a later source of the user's own does to an earlier one."""

    REPLACE = "replaces"
    UNION = "adds"


@dataclass(frozen=True, slots=True)
class Row:
    """One setting. `key` is its path; `*` stands for a model's name. `default` of REQUIRED has none."""

    key: str
    value: Value
    default: object
    about: str
    workspace: Narrowing = Narrowing.NEVER
    merge: Merge = Merge.REPLACE
    in_user_file_only: bool = False
    """Whether not even the editor may say it: some editors take settings from the repository they show."""

    @property
    def table(self) -> str:
        return self.key.partition(".")[0]

    @property
    def field(self) -> str:
        return self.key.rpartition(".")[2]


REQUIRED = object()
"""The default of a key without which its table means nothing."""


@dataclass(frozen=True, slots=True)
class Route:
    """The name of a model, or a word. Whether the model exists is seen when all sources are known."""

    takes_local: bool

    def read(self, raw: object) -> str:
        return Text().read(raw)

    def expected(self) -> str:
        local = f', "{LOCAL}" (the embedded predictor)' if self.takes_local else ""
        return f'the name of a table under [models]{local} or "{OFF}" (off)'

    def schema(self) -> dict[str, Any]:
        return {"type": "string"} if self.takes_local else {"type": "string", "not": {"const": LOCAL}}


@dataclass(frozen=True, slots=True)
class Template:
    """The name of a row of the FIM table, which is imported when asked, one of SERVER_TEMPLATES, or empty."""

    def read(self, raw: object) -> str:
        name = Text().read(raw)
        return Choice(_templates()).read(name) if name else name

    def expected(self) -> str:
        return Choice(_templates()).expected()

    def schema(self) -> dict[str, Any]:
        return {"enum": ["", *_templates()]}


def _templates() -> tuple[str, ...]:
    from ai_lsp.models.fim import template_names

    return (*template_names(), *SERVER_TEMPLATES, *NEXT_EDIT_TEMPLATES)
