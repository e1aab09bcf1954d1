"""What became of a proposal, and how many did so: shares with 95 % intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from math import sqrt

from ai_lsp.edits.apply import Applied, Refusal, changed_text
from ai_lsp.text.document import split_lines

OUTCOMES = ("ok", "damaged", "wrong", "refused")


@dataclass(frozen=True, slots=True)
class Outcome:
    """One proposal's end. `near` says of a refusal whether the true place is among its candidates."""

    row: str
    format: str
    operator: str
    what: str
    ms: float
    lines: int
    near: bool | None = None


def judge(text: str, truth: str | None, result: Applied | Refusal, *, blank_lines_count: bool) -> str:
    """ok, damaged (at most two lines differ), wrong, or refused. `truth` None: refusing is right."""
    if isinstance(result, Refusal):
        return "ok" if truth is None else "refused"
    if truth is None:
        return "wrong"
    after = changed_text(text, result)
    if after == truth or (not blank_lines_count and _said(after) == _said(truth)):
        return "ok"
    a, b = split_lines(after), split_lines(truth)
    blocks = SequenceMatcher(None, a, b, autojunk=False).get_opcodes()
    differ = sum(max(j - i, m - k) for tag, i, j, k, m in blocks if tag != "equal")
    return "damaged" if differ <= 2 else "wrong"


def _said(text: str) -> list[str]:
    return [line.rstrip() for line in split_lines(text) if line.strip()]


def wilson(hits: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a share."""
    if not count:
        return 0.0, 1.0
    z = 1.96
    share = hits / count
    middle = share + z * z / (2 * count)
    half = z * sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    below = 1 + z * z / count
    return max(0.0, (middle - half) / below), min(1.0, (middle + half) / below)


def measure(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """Shares of the outcomes in percent, each with the ends of its interval, and times in ms."""
    count = len(outcomes)
    out: dict[str, float] = {"n": count}
    for what in OUTCOMES:
        hits = sum(o.what == what for o in outcomes)
        low, high = wilson(hits, count)
        out[what] = round(100 * hits / max(count, 1), 2)
        out[f"{what}_low"], out[f"{what}_high"] = round(100 * low, 2), round(100 * high, 2)
    refused = [o for o in outcomes if o.what == "refused"]
    out["refused_near"] = round(100 * sum(bool(o.near) for o in refused) / max(len(refused), 1), 1)
    small = sorted(o.ms for o in outcomes if o.lines <= 1_500)
    out["ms_p50"] = round(_percentile(small, 0.5), 2)
    out["ms_p99"] = round(_percentile(small, 0.99), 2)
    return out


def _percentile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def table(rows: Sequence[tuple[str, dict[str, float]]]) -> str:
    """The figures as text."""
    width = max((len(name) for name, _ in rows), default=4)
    head = f"{'':<{width}} {'n':>6} {'ok %':>18} {'damaged %':>16} {'wrong %':>16} {'refused':>8} {'near':>6}"
    out = [head + f" {'p50 ms':>7} {'p99 ms':>7}"]
    for name, row in rows:
        cells = [
            f"{row[w]:6.2f} [{row[f'{w}_low']:.1f}–{row[f'{w}_high']:.1f}]" for w in ("ok", "damaged", "wrong")
        ]
        out.append(
            f"{name:<{width}} {row['n']:6.0f} {cells[0]:>18} {cells[1]:>16} {cells[2]:>16} {row['refused']:8.2f}"
            f" {row['refused_near']:6.1f} {row['ms_p50']:7.2f} {row['ms_p99']:7.2f}"
        )
    return "\n".join(out)
