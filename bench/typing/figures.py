"""From a recording and the model's log to the figures of one run."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from bench.typing.editor import Recording

WORD = re.compile(r"\s*(?:\w+|[^\w\s])")


def is_right(ghost: str, rest: str) -> bool:
    """Whether the first word of a suggestion, or the first mark, is what will be typed next."""
    match = WORD.match(ghost)
    return match is not None and rest.startswith(match[0])


def quantile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def figures(
    record: Recording, log: Sequence[Mapping[str, Any]], finished: Mapping[str, str], closings: Sequence[float]
) -> dict[str, float]:
    """Shares are 0..1, times in milliseconds, counts per key."""
    keys = [one for one in record.keys if one.key.kind not in ("jump", "delete")]
    count = max(1, len(keys))
    began = record.keys[0].at if record.keys else 0.0
    ended = record.keys[-1].at + 1.0 if record.keys else 0.0
    rows = [row for row in log if began <= row["at"] <= ended]
    is_closed = [row for row in rows if "closed_at" in row]
    finished_rows = [row for row in rows if "ended_at" in row]
    ghosts = [(s.path, s.place, s.ghost) for s in record.screens if s.ghost and s.place is not None]
    unseen = [row for row in finished_rows if row["text"].strip() and not _was_shown(row, ghosts)]
    kept = [one.was_kept for one in keys if one.was_kept is not None]
    lags = _lags(record, rows)
    total, on, begins, right, line = _shares(record, finished)
    arrivals = sorted(row["at"] for row in rows)
    spared = [span for span in record.shown_spans if _count(arrivals, *span) == 0]
    return {
        "keys": len(keys),
        "on_screen": on / total,
        "begins_right": begins / total,
        "right": right / total,
        "right_line": line / total,
        "shown_p50_ms": quantile(record.shown_ms, 0.5),
        "shown_p95_ms": quantile(record.shown_ms, 0.95),
        "without_http": len(spared) / max(1, len(record.shown_spans)),
        "kept": sum(kept) / max(1, len(kept)),
        "requests_per_key": len(rows) / count,
        "cancelled": len(is_closed) / max(1, len(rows)),
        "never_shown": len(unseen) / max(1, len(finished_rows)),
        "never_shown_of_all": len(unseen) / max(1, len(rows)),
        "reread_per_key": sum(row.get("unread", row.get("prompt", 0)) for row in rows) / count,
        "flickers": len(record.flickers),
        "stale": record.stale,
        "failed": record.failed,
        "unanswered": record.unanswered,
        "cancel_closed_ms": quantile(closings, 0.95),
        "to_model_p50_ms": quantile(lags, 0.5),
        "late_p95_ms": quantile(record.late_ms, 0.95),
    }


def _shares(record: Recording, finished: Mapping[str, str]) -> tuple[float, float, float, float, float]:
    """Seconds of typing; of these, with a suggestion, with one whose next character is right, whose next word is,
    with one right to the line's end."""
    total = on = begins = right = line = 0.0
    for now, after in pairwise(record.screens):
        if not now.is_typing:
            continue
        span = after.at - now.at
        total += span
        if not now.ghost:
            continue
        on += span
        if now.place is not None:
            rest = finished[now.path][now.place :]
            begins += span * rest.startswith(now.ghost[:1])
            if is_right(now.ghost, rest):
                right += span
                first = now.ghost.split("\n")[0]
                line += span * (rest.split("\n")[0].startswith(first) if first else 1)
    return total or 1.0, on, begins, right, line


def _was_shown(row: Mapping[str, Any], ghosts: Sequence[tuple[str, int | None, str]]) -> bool:
    place, text = row["place"], row["text"]
    for path, at, ghost in ghosts:
        assert at is not None
        if path == row["path"] and 0 <= at - place < len(text):
            rest = text[at - place :]
            if rest[:6] == ghost[:6] or rest.lstrip()[:6] == ghost.lstrip()[:6]:
                return True
    return False


def _lags(record: Recording, rows: Sequence[Mapping[str, Any]]) -> list[float]:
    """Milliseconds from a request to the model's, for the model's requests about the place of the last key."""
    asked = [(one.call.sent_ns / 1e9, one.key.place) for one in record.keys if one.call is not None]
    out = []
    for row in rows:
        index = bisect_left(asked, row["at"], key=lambda one: one[0]) - 1
        if index >= 0 and row.get("place") == asked[index][1]:
            out.append((row["at"] - asked[index][0]) * 1e3)
    return out


def _count(arrivals: Sequence[float], start: float, end: float) -> int:
    return bisect_left(arrivals, end) - bisect_left(arrivals, start)


ROWS = (
    ("keys", "keys", "{:.0f}"),
    ("a suggestion is on screen", "on_screen", "{:.1%}"),
    ("  and its next character is right", "begins_right", "{:.1%}"),
    ("  and its next word is right", "right", "{:.1%}"),
    ("  and right to the end of the line", "right_line", "{:.1%}"),
    ("key to answer with a suggestion, p50 (ms)", "shown_p50_ms", "{:.1f}"),
    ("  p95 (ms)", "shown_p95_ms", "{:.1f}"),
    ("shown without HTTP", "without_http", "{:.1%}"),
    ("kept within 50 ms while typed along", "kept", "{:.1%}"),
    ("model requests per key", "requests_per_key", "{:.3f}"),
    ("  of them cancelled", "cancelled", "{:.1%}"),
    ("  of the finished, never shown", "never_shown", "{:.1%}"),
    ("  finished and never shown, of all", "never_shown_of_all", "{:.1%}"),
    ("prompt tokens re-read per key, one slot", "reread_per_key", "{:.0f}"),
    ("flickers", "flickers", "{:.0f}"),
    ("stale answers", "stale", "{:.0f}"),
    ("failed", "failed", "{:.0f}"),
    ("unanswered", "unanswered", "{:.0f}"),
    ("cancel to socket closed, p95 (ms)", "cancel_closed_ms", "{:.1f}"),
    ("request to model, p50 (ms)", "to_model_p50_ms", "{:.2f}"),
    ("this machine's lateness, p95 (ms)", "late_p95_ms", "{:.1f}"),
)


def table(results: Mapping[str, Mapping[str, float]]) -> str:
    """The figures side by side."""
    names = list(results)
    wide = [max(12, len(name)) + 2 for name in names]
    lines = [f"{'':<44}" + "".join(f"{name:>{w}}" for name, w in zip(names, wide, strict=True))]
    for title, key, form in ROWS:
        cells = (f"{form.format(results[name][key]):>{w}}" for name, w in zip(names, wide, strict=True))
        lines.append(f"{title:<44}" + "".join(cells))
    return "\n".join(lines)
