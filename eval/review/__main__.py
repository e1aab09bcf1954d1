"""`python -m eval.review REPO...`: three disjoint sets, each in a table of its own."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from eval.review.injected import Tally, score

SETS = ("injected", "unchecked", "fixes", "clean")


def main(argv: Sequence[str] | None = None) -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m eval.review", description=__doc__)
    parser.add_argument("repos", nargs="+", type=Path)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=SETS)
    parser.add_argument("--files", type=int, default=40, help="the most files of each repository")
    parser.add_argument("--bugs", type=int, default=2, help="the most bugs of each kind in a file")
    parser.add_argument("--commits", type=int, default=100, help="the most commits of each repository")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args(argv)
    out: dict[str, object] = {}
    for name in asked.sets:
        if name in ("injected", "unchecked"):
            total = Tally()
            for repo in asked.repos:
                checked = name == "injected"
                total.add(
                    asyncio.run(score(repo.resolve(), asked.files, asked.bugs, asked.seed, checked=checked))
                )
            out[name] = _injected(total, name)
    if asked.json:
        asked.json.write_text(json.dumps(out, indent=1) + "\n", "utf-8")
    return 0


def _injected(tally: Tally, name: str) -> dict[str, object]:
    of = "that ruff and ty do not notice" if name == "injected" else "in languages without a checker here"
    print(f"\nInjected bugs {of}: {tally.files} files, {tally.lines} lines")
    print(f"{'':18}{'injected':>9}{'noticed':>9}{'residue':>9}{'whole':>9}{'changed':>9}")
    rows: dict[str, dict[str, float]] = {}
    for operator in [*tally.injected, "all"]:

        def count(counts: dict[str, int], operator: str = operator) -> int:
            return sum(counts.values()) if operator == "all" else counts.get(operator, 0)

        injected, noticed = count(tally.injected), count(tally.noticed)
        residue = injected - noticed
        whole, changed = (count(c) / residue if residue else 0.0 for c in (tally.whole, tally.changed))
        rows[operator] = {"injected": injected, "residue": residue, "whole": whole, "changed": changed}
        print(f"{operator:18}{injected:9}{noticed:9}{residue:9}{whole:9.1%}{changed:9.1%}")
    mean = [sum(r[k] for o, r in rows.items() if o != "all" and r["residue"]) for k in ("whole", "changed")]
    print(f"{'mean of kinds':45}" + "".join(f"{m / max(1, len(tally.injected)):9.1%}" for m in mean))
    flags = sum(tally.flags.values())
    per = 1000 * flags / max(1, tally.lines)
    print(f"Flags on unchanged code: {flags}, {per:.2f} per 1,000 lines; warnings {tally.warnings}")
    print(f"  {dict(tally.flags)}")
    return {"rows": rows, "flags_per_1000": per, "warnings": tally.warnings, "flags": dict(tally.flags)}


if __name__ == "__main__":
    sys.exit(main())
