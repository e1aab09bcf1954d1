"""What the figures mean: a proposed edit held against the hunks still to come."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from eval.lines.repository import Hunk
from eval.lines.score import percentile


@dataclass(frozen=True, slots=True)
class Shown:
    """Lines `[start, start + len(old))` of a file would become `new`; a jump says only where."""

    path: str
    start: int
    old: list[str]
    new: list[str]
    is_jump: bool
    confidence: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """`exact`: the replacement is a hunk still to come. `lines`: every proposed line is right, the hunk may do
    more. `place`: the right file, and the line within one. `which`: index among the hunks left, -1 for none."""

    exact: bool = False
    lines: bool = False
    place: bool = False
    which: int = -1


def trimmed(start: int, old: Sequence[str], new: Sequence[str]) -> tuple[int, list[str], list[str]]:
    """A replacement without the equal lines at both its ends."""
    a, b = 0, 0
    while a < min(len(old), len(new)) and old[a] == new[a]:
        a += 1
    while b < min(len(old), len(new)) - a and old[-1 - b] == new[-1 - b]:
        b += 1
    return start + a, list(old[a : len(old) - b]), list(new[a : len(new) - b])


def judge(shown: Shown, left: Sequence[Hunk], place: Callable[[Hunk], int]) -> Verdict:
    """The best verdict over the hunks left; `place` gives a hunk's line now."""
    start, old, new = trimmed(shown.start, shown.old, shown.new)
    if shown.is_jump:
        start = shown.start
    best = Verdict()
    for number, hunk in enumerate(left):
        if hunk.path != shown.path:
            continue
        at, was, becomes = trimmed(place(hunk), hunk.old, hunk.new)
        is_exact = not shown.is_jump and (start, old, new) == (at, was, becomes)
        is_there = abs(start - at) <= 1 or at <= start < at + max(1, len(was))
        is_part = (
            not shown.is_jump and bool(old) and bool(new) and at <= start and start + len(old) <= at + len(was)
            and any(becomes[j : j + len(new)] == new for j in range(len(becomes) - len(new) + 1))
        )  # fmt: skip
        verdict = Verdict(is_exact, is_exact or is_part, is_there, number)
        if (verdict.exact, verdict.lines, verdict.place) > (best.exact, best.lines, best.place):
            best = verdict
    return best


@dataclass(frozen=True, slots=True)
class Answer:
    """What could be shown at one state: the best edit, the best place, each None for silence, and how right they
    are. `is_over`: nothing was left to come."""

    edit: Shown | None
    edit_verdict: Verdict
    jump: Shown | None
    jump_verdict: Verdict
    is_over: bool
    ms: float

    def shown(self, least: float, least_jump: float) -> tuple[Shown, Verdict] | None:
        """What a user sees: an edit that is sure enough, else a place that is."""
        if self.edit is not None and self.edit.confidence >= least:
            return self.edit, self.edit_verdict
        if self.jump is not None and self.jump.confidence >= least_jump:
            return self.jump, self.jump_verdict
        return None


def report(answers: Sequence[Answer], least: float, least_jump: float) -> dict[str, float]:
    """The figures of what a user sees with these thresholds.

    `coverage` and `recall` are over all states with hunks left, and of edits; the rows `hint` count edits and
    jumps alike, by their place. `false_fires` and `false_hints` are shares of the states with nothing left at
    which something was shown all the same.
    """
    states = [a.shown(least, least_jump) for a in answers if not a.is_over]
    over = [a.shown(least, least_jump) for a in answers if a.is_over]
    n = max(len(states), 1)
    hints = [each for each in states if each is not None]
    edits = [verdict for shown, verdict in hints if not shown.is_jump]
    jumps = [verdict for shown, verdict in hints if shown.is_jump]
    k = max(len(edits), 1)
    return {
        "states": len(states),
        "coverage": round(len(edits) / n, 4),
        "precision_exact": round(sum(v.exact for v in edits) / k, 4),
        "precision_lines": round(sum(v.lines for v in edits) / k, 4),
        "precision_place": round(sum(v.place for v in edits) / k, 4),
        "precision_exact_next": round(sum(v.exact and v.which == 0 for v in edits) / k, 4),
        "recall_exact": round(sum(v.exact for v in edits) / n, 4),
        "recall_lines": round(sum(v.lines for v in edits) / n, 4),
        "jump_coverage": round(len(jumps) / n, 4),
        "jump_precision_place": round(sum(v.place for v in jumps) / max(len(jumps), 1), 4),
        "hint_coverage": round(len(hints) / n, 4),
        "hint_precision_place": round(sum(v.place for _, v in hints) / max(len(hints), 1), 4),
        "false_fires": round(sum(o is not None and not o[0].is_jump for o in over) / max(len(over), 1), 4),
        "false_hints": round(sum(o is not None for o in over) / max(len(over), 1), 4),
        "ms_p50": round(percentile([a.ms for a in answers], 0.5), 2),
        "ms_p95": round(percentile([a.ms for a in answers], 0.95), 2),
    }


def at_coverage(answers: Sequence[Answer], coverage: float) -> dict[str, float]:
    """The figures of the surest edits, and of the surest places, that make up a share of all states."""
    states = [a for a in answers if not a.is_over]
    count = max(1, round(coverage * len(states)))
    edits = sorted((a for a in states if a.edit), key=lambda a: -_sure(a.edit))[:count]
    jumps = sorted((a for a in states if a.jump), key=lambda a: -_sure(a.jump))[:count]
    k, j = max(len(edits), 1), max(len(jumps), 1)
    return {
        "precision_exact": round(sum(a.edit_verdict.exact for a in edits) / k, 4),
        "precision_lines": round(sum(a.edit_verdict.lines for a in edits) / k, 4),
        "precision_place": round(sum(a.edit_verdict.place for a in edits) / k, 4),
        "jump_precision_place": round(sum(a.jump_verdict.place for a in jumps) / j, 4),
    }


def _sure(shown: Shown | None) -> float:
    return 0.0 if shown is None else shown.confidence


def mean(reports: Sequence[dict[str, float]]) -> dict[str, float]:
    """The mean over repositories, each counting the same; precisions over those that showed something."""
    out = {}
    for name in reports[0]:
        kind = name.partition("precision")[0]
        some = [r for r in reports if "precision" not in name or r.get(f"{kind}coverage", 1) > 0]
        out[name] = round(sum(r[name] for r in some) / max(len(some), 1), 4)
    return out
