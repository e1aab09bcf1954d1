"""What the figures mean: the metrics of line completion, the same for every engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SHORTEST = 3  # characters of a suggestion that counts
_PRICE_OF_WRONG = 8  # characters that a wrong suggestion costs, in net_saved


@dataclass(frozen=True, slots=True)
class Answer:
    """What was shown at one cursor, and the truth."""

    kind: str  # "start" or "inside"
    is_added: bool  # the stretch only adds lines
    rest: str  # the true rest of the line, without trailing blanks
    shown: str | None  # the suggestion's first line
    ms: float
    confidence: float = 1.0

    @property
    def is_shown(self) -> bool:
        """Whether anything that can be seen was suggested."""
        return bool(self.shown and self.shown.strip())

    @property
    def is_right(self) -> bool:
        """Whether what was shown is a correct start of the rest, of three characters or more."""
        return (
            self.shown is not None
            and len(self.shown.strip()) >= SHORTEST
            and self.rest.startswith(self.shown.rstrip())
        )

    @property
    def is_exact(self) -> bool:
        """Whether what was shown is the whole rest."""
        return self.is_shown and self.shown is not None and self.shown.rstrip() == self.rest


@dataclass(frozen=True, slots=True)
class Typed:
    """One line typed key by key, taking every right suggestion."""

    keys: int
    shown: int
    taken: int
    characters: int


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def report(answers: Sequence[Answer]) -> dict[str, dict[str, float]]:
    """The metrics by kind of spot; rows ending in _added count only stretches that remove nothing."""
    found = {}
    for kind in sorted({a.kind for a in answers}):
        for suffix in ("", "_added"):
            some = [a for a in answers if a.kind == kind and (a.is_added or not suffix)]
            if some:
                found[kind + suffix] = measure(some)
    return found


def measure(answers: Sequence[Answer]) -> dict[str, float]:
    """The metrics over some answers."""
    shown = [a for a in answers if a.is_shown]
    right = [a for a in shown if a.is_right]
    exact = sum(a.is_exact for a in shown)
    saved = sum(len((a.shown or "").rstrip()) for a in right)
    left = sum(len(a.rest) for a in answers) or 1
    return {
        "positions": len(answers),
        "coverage": round(len(shown) / max(len(answers), 1), 4),
        "precision_prefix": round(len(right) / max(len(shown), 1), 4),
        "precision_exact": round(exact / max(len(shown), 1), 4),
        "recall_exact": round(exact / max(len(answers), 1), 4),
        "saved": round(saved / left, 4),
        "net_saved": round((saved - _PRICE_OF_WRONG * (len(shown) - len(right))) / left, 4),
        "ms_p50": round(percentile([a.ms for a in answers], 0.5), 2),
        "ms_p95": round(percentile([a.ms for a in answers], 0.95), 2),
    }


def typing_report(lines: Sequence[Typed]) -> dict[str, float]:
    """The metrics of lines typed key by key."""
    keys, shown, taken, characters = (
        sum(getattr(t, name) for t in lines) for name in ("keys", "shown", "taken", "characters")
    )
    return {
        "lines": len(lines),
        "keys_saved": round(1 - keys / max(characters, 1), 4),
        "accept_rate": round(taken / max(shown, 1), 4),
        "shown_per_line": round(shown / max(len(lines), 1), 2),
    }


def mean(reports: Sequence[dict[str, dict[str, float]]]) -> dict[str, dict[str, float]]:
    """The mean over repositories, each counting the same."""
    rows = sorted({row for r in reports for row in r})
    return {
        row: {
            name: round(sum(r[row][name] for r in reports if row in r) / sum(row in r for r in reports), 4)
            for name in next(r[row] for r in reports if row in r)
        }
        for row in rows
    }
