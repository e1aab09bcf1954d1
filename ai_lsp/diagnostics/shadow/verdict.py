"""What an edit does to the checkers' findings: introduces, fixes, or nobody knows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from ai_lsp.text.document import split_lines

_BLANKS = re.compile(r"\s+")
ERROR, HINT = 1, 4


class Unknown(Enum):
    """Why a checker gave no verdict. The value is the sentence a person reads."""

    MISSING = "is not installed"
    SLOW = "did not answer in time"
    CRASHED = "ended, or could not be started"
    GARBAGE = "sent something that is not LSP"
    FLOODED = "sent more than anyone could use"
    TOO_BIG = "needed more memory than shadow.memory_mb allows"
    RESTING = "failed a moment ago and rests"
    BUSY = "was busy with another edit"


@dataclass(frozen=True, slots=True)
class Reported:
    """One diagnostic of a checker, as it compares: the place is told by the words of its line, which an edit
    above does not change. `line` is 0-based, `severity` as in LSP (1 is an error)."""

    checker: str
    uri: str
    line: int
    severity: int
    code: str
    message: str
    words: str
    column: int = 0
    """In UTF-16 units."""

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What makes two of them the same finding. The message is no part of it: it may tell a type or a line
        that the edit changed elsewhere."""
        return self.checker, self.uri, self.code or self.message, self.words


@dataclass(frozen=True, slots=True)
class Verdict:
    """What all checkers together say of an edit. `unknown` names those that could not say anything, and why."""

    introduces: tuple[Reported, ...] = ()
    fixes: tuple[Reported, ...] = ()
    checked_by: tuple[str, ...] = ()
    unknown: Mapping[str, Unknown] = field(default_factory=dict)

    @property
    def is_worse(self) -> bool:
        """Whether the edit introduces an error, which one checker is enough to say."""
        return any(each.severity == ERROR for each in self.introduces)

    @property
    def is_clean(self) -> bool:
        """Whether somebody looked, nobody was prevented, and nothing came up."""
        return bool(self.checked_by) and not self.unknown and not self.introduces

    @property
    def sentence(self) -> str:
        """The verdict for a person."""
        parts = []
        if self.introduces:
            first = self.introduces[0]
            more = f" and {len(self.introduces) - 1} more" if len(self.introduces) > 1 else ""
            parts.append(f"introduces “{first.message}” ({first.checker}, line {first.line + 1}){more}")
        if self.fixes:
            parts.append(f"fixes {len(self.fixes)}")
        parts += [f"{name} {why.value}" for name, why in self.unknown.items()]
        if not parts:
            parts.append(
                f"found clean by {', '.join(self.checked_by)}" if self.checked_by else "checked by nobody"
            )
        return "; ".join(parts)


def reported(checker: str, uri: str, text: str, items: Sequence[Any]) -> list[Reported]:
    """A server's diagnostics of a text. Hints are left out, which grey unused names and the like; so is what is
    not of a diagnostic's shape."""
    lines = split_lines(text)
    out = []
    for item in items:
        if not isinstance(item, Mapping) or not isinstance(item.get("message"), str):
            continue
        start = item.get("range", {}).get("start", {}) if isinstance(item.get("range"), Mapping) else {}
        line = start.get("line") if isinstance(start, Mapping) else None
        line = line if isinstance(line, int) and line >= 0 else 0
        column = start.get("character") if isinstance(start, Mapping) else None
        words = _BLANKS.sub(" ", lines[line]).strip() if line < len(lines) else ""
        severity, code = item.get("severity"), item.get("code")
        if severity == HINT:
            continue
        out.append(
            Reported(
                checker,
                uri,
                line,
                severity if isinstance(severity, int) else ERROR,
                str(code) if isinstance(code, str | int) else "",
                item["message"],
                words,
                column if isinstance(column, int) and column >= 0 else 0,
            )
        )
    return out


def difference(
    before: Iterable[Reported], after: Iterable[Reported]
) -> tuple[tuple[Reported, ...], tuple[Reported, ...]]:
    """What an edit introduces and what it fixes: the difference of two multisets."""
    before, after = list(before), list(after)
    return _less(after, before), _less(before, after)


def _less(many: list[Reported], taken: list[Reported]) -> tuple[Reported, ...]:
    left = Counter(each.key for each in taken)
    out = []
    for each in many:
        if left[each.key] > 0:
            left[each.key] -= 1
        else:
            out.append(each)
    return tuple(out)
