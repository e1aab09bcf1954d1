"""`ai-lsp stats`: what became of the suggestions, from the user's own file; nothing of it leaves the machine.

`--egress` tells what did leave it.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ai_lsp.cli import egress_report
from ai_lsp.lsp.journal import journal_file, read_journal, reset_journal

ROUTES = {"local": "embedded predictor", "model": "model"}


def summary(entries: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The figures of a journal's entries."""
    events: Counter[str] = Counter()
    routes: dict[str, Counter[str]] = defaultdict(Counter)
    waits: dict[str, list[float]] = defaultdict(list)
    kept: dict[int, Counter[bool]] = defaultdict(Counter)
    saved = again = 0
    for entry in entries:
        event, route = entry["event"], str(entry.get("origin"))
        if event == "next":  # of the next edit, not of ghost text
            continue
        events[event] += 1
        routes[route][event] += 1
        if event == "shown":
            waits[route].append(_number(entry.get("ms")))
            again += int(_number(entry.get("again")))
        elif event in ("accepted", "partly"):
            saved += max(0, int(_number(entry.get("size"))) - 1)
        elif event == "kept":
            kept[int(_number(entry.get("after_s")))][bool(entry.get("kept"))] += 1
    taken = events["accepted"] + events["partly"]
    return {
        "shown": events["shown"],
        "accepted": events["accepted"],
        "partly": events["partly"],
        "typed_by_hand": events["typed"],
        "left": events["left"],
        "dismissed": events["dismissed"],
        "held_back": events["held"],
        "accept_rate": round(taken / events["shown"], 4) if events["shown"] else None,
        "kept": {f"{s}s": _share(kept[s]) for s in (30, 300)},
        "keystrokes_saved": saved,
        "keys_served_without_asking": again,
        "routes": {
            route: {
                "shown": counts["shown"],
                "taken": counts["accepted"] + counts["partly"],
                "ms_p50": _quantile(waits[route], 0.5),
                "ms_p95": _quantile(waits[route], 0.95),
            }
            for route, counts in sorted(routes.items())
        },
    }


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _share(counts: Counter[bool]) -> dict[str, Any]:
    total = counts[True] + counts[False]
    return {"looked_at": total, "kept": round(counts[True] / total, 4) if total else None}


def _quantile(values: list[float], share: float) -> float | None:
    return round(sorted(values)[min(len(values) - 1, int(len(values) * share))], 1) if values else None


def lines(figures: Mapping[str, Any], where: str) -> list[str]:
    """The figures as a person reads them."""
    if not figures["shown"]:
        return ["Nothing has been suggested yet.", f"Figures are kept in {where}, and nowhere else."]

    def percent(share: float | None) -> str:
        return "-" if share is None else f"{share:.0%}"

    kept, rate = figures["kept"], figures["accept_rate"]
    out = [
        f"shown           {figures['shown']:7}",
        f"accepted        {figures['accepted']:7}   and {figures['partly']} in part: {percent(rate)}",
        f"kept            after 30 s {percent(kept['30s']['kept'])}, after 5 min {percent(kept['300s']['kept'])}",
        f"typed by hand   {figures['typed_by_hand']:7}   letter by letter, though it was shown",
        f"left            {figures['left']:7}   and {figures['dismissed']} dismissed",
        f"held back       {figures['held_back']:7}   as seldom taken",
        f"keys saved      {figures['keystrokes_saved']:7}",
        f"no model asked  {figures['keys_served_without_asking']:7}   keys typed along what was shown",
        "",
        f"{'route':20} {'shown':>7} {'taken':>7} {'p50 ms':>8} {'p95 ms':>8}",
    ]
    for route, row in figures["routes"].items():
        counts = f"{row['shown']:7} {row['taken']:7} {row['ms_p50'] or 0:8} {row['ms_p95'] or 0:8}"
        out.append(f"{ROUTES.get(route, route):20} {counts}")
    return [*out, "", f"All of it is in {where}, and nowhere else."]


def main(argv: Sequence[str]) -> int:
    """Run the command; returns its exit code."""
    if "--egress" in argv:
        return egress_report.run([each for each in argv if each != "--egress"])
    parser = argparse.ArgumentParser(prog="ai-lsp stats", description=__doc__)
    parser.add_argument("--json", action="store_true", help="figures for programs")
    parser.add_argument("--days", type=float, help="of the last DAYS only")
    parser.add_argument("--reset", action="store_true", help="forget all figures, and what was learned from them")
    parser.add_argument("--egress", action="store_true", help="what left the machine; see --egress --help")
    options = parser.parse_args(argv)
    path = journal_file()
    if options.reset:
        found = reset_journal(path)
        print("All figures are forgotten." if found else "There were no figures.")
        return 0
    since = time.time() - options.days * 86_400 if options.days is not None else 0.0
    figures = summary(e for e in read_journal(path) if _number(e.get("at")) >= since)
    if options.json:
        json.dump(figures, sys.stdout, indent=2)
        print()
    else:
        print("\n".join(lines(figures, str(path))))
    return 0
