"""`python -m eval.review REPO...`: three disjoint sets, each in a table of its own."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from eval.review.history import Clean, Fixes, score_clean, score_fixes
from eval.review.injected import Tally, score
from eval.review.missed import Missed, score_missed

READINGS = ("whole", "changed", "diff")
SETS = ("injected", "unchecked", "fixes", "clean", "missed")


def main(argv: Sequence[str] | None = None) -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m eval.review", description=__doc__)
    parser.add_argument("repos", nargs="+", type=Path)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=SETS)
    parser.add_argument("--files", type=int, default=40, help="the most files of each repository")
    parser.add_argument("--bugs", type=int, default=2, help="the most bugs of each kind in a file")
    parser.add_argument("--commits", type=int, default=100, help="the most commits of each repository")
    parser.add_argument("--show", action="store_true", help="print every flag of fixes and clean commits")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--check", type=Path, help="exit 1 where a figure is worse than this file's")
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
        elif name == "fixes":
            out[name] = _fixes({repo.name: score_fixes(repo, asked.commits) for repo in asked.repos}, asked.show)
        elif name == "missed":
            out[name] = _missed(
                {repo.name: score_missed(repo, asked.commits) for repo in asked.repos}, asked.show
            )
        else:
            out[name] = _clean({repo.name: score_clean(repo, asked.commits) for repo in asked.repos}, asked.show)
    if asked.json:
        asked.json.write_text(json.dumps(out, indent=1) + "\n", "utf-8")
    if asked.check:
        found = worse(out, json.loads(asked.check.read_text("utf-8")))
        print("\n".join(found) or f"\nno worse than {asked.check}")
        return 1 if found else 0
    return 0


SLACK = 0.02
"""How much less of something may be found before it counts: sets are drawn anew where a repository grows."""


def worse(now: Mapping[str, Any], baseline: Mapping[str, Any]) -> list[str]:
    """What is worse than in a baseline, in sentences; sets that were not scored are passed over. More flags on
    unchanged code than the goal of 0.5 in 1,000 lines, or more than 2 % of clean commits warned, are always."""
    out = []
    for name in ("injected", "unchecked"):
        if name not in now or name not in baseline:
            continue
        rows = now[name]["rows"]["all"], baseline[name]["rows"]["all"]
        out += [
            f"{name}: {reading} {rows[0][reading]:.1%}, was {rows[1][reading]:.1%}"
            for reading in READINGS
            if rows[0][reading] < rows[1][reading] - SLACK
        ]
        flags = now[name]["flags_per_1000"]
        if flags > max(0.5, baseline[name]["flags_per_1000"]):
            out.append(f"{name}: {flags:.2f} flags in 1,000 unchanged lines")
    if (clean := now.get("clean")) and clean["warned"] > 0.02 * clean["count"]:
        out.append(f"clean: {clean['warned']} of {clean['count']} commits warned")
    for name, kind, of in (("fixes", "flagged", "fixes"), ("missed", "found", "taken_back")):
        if name in now and name in baseline:
            shares = [each[name][kind] / max(1, each[name][of]) for each in (now, baseline)]
            if shares[0] < shares[1] - SLACK:
                out.append(f"{name}: {shares[0]:.1%} found, was {shares[1]:.1%}")
    return out


def _injected(tally: Tally, name: str) -> dict[str, object]:
    of = "that ruff and ty do not notice" if name == "injected" else "in languages without a checker here"
    print(f"\nInjected bugs {of}: {tally.files} files, {tally.lines} lines")
    print(f"{'':18}{'injected':>9}{'noticed':>9}{'residue':>9}{'whole':>9}{'changed':>9}{'diff':>9}")
    rows: dict[str, dict[str, float]] = {}
    for operator in [*tally.injected, "all"]:

        def count(counts: dict[str, int], operator: str = operator) -> int:
            return sum(counts.values()) if operator == "all" else counts.get(operator, 0)

        injected, noticed = count(tally.injected), count(tally.noticed)
        residue = injected - noticed
        counts = {"whole": tally.whole, "changed": tally.changed, "diff": tally.diff}
        shares = {name: count(c) / residue if residue else 0.0 for name, c in counts.items()}
        rows[operator] = {"injected": injected, "residue": residue, **shares}
        print(f"{operator:18}{injected:9}{noticed:9}{residue:9}" + "".join(f"{s:9.1%}" for s in shares.values()))
    mean = [sum(r[k] for o, r in rows.items() if o != "all" and r["residue"]) for k in READINGS]
    print(f"{'mean of kinds':45}" + "".join(f"{m / max(1, len(tally.injected)):9.1%}" for m in mean))
    flags = sum(tally.flags.values())
    per = 1000 * flags / max(1, tally.lines)
    print(f"Flags on unchanged code: {flags}, {per:.2f} per 1,000 lines; warnings {tally.warnings}")
    print(f"  {dict(tally.flags)}")
    return {"rows": rows, "flags_per_1000": per, "warnings": tally.warnings, "flags": dict(tally.flags)}


def _fixes(found: dict[str, Fixes], show: bool) -> dict[str, object]:
    print("\nReal fixes turned round (one code file, at most 8 lines)")
    print(f"{'':18}{'fixes':>9}{'flagged':>9}{'control':>9}")
    every = Fixes()
    for each in found.values():
        every.count, every.flagged = every.count + each.count, every.flagged + each.flagged
        every.control += each.control
        every.examples += each.examples
    for name, each in [*found.items(), ("all", every)]:
        print(f"{name:18}{each.count:9}{each.flagged:9}{each.control:9}")
    if show:
        print("\n".join(every.examples))
    return {"fixes": every.count, "flagged": every.flagged, "control": every.control}


def _clean(found: dict[str, Clean], show: bool) -> dict[str, object]:
    print("\nCommits that are no fixes")
    heads = ("commits", "warned", "hinted", "lines", "per 1,000", "unchanged", "per 1,000")
    print(f"{'':18}" + "".join(f"{head:>10}" for head in heads))
    every = Clean()
    for each in found.values():
        for name in ("count", "warned", "hinted", "changed", "unchanged", "flags_unchanged", "examples"):
            setattr(every, name, getattr(every, name) + getattr(each, name))
        every.flags.update(each.flags)
    for name, each in [*found.items(), ("all", every)]:
        flags, unchanged = sum(each.flags.values()), each.flags_unchanged
        rates = 1000 * flags / max(1, each.changed), 1000 * unchanged / max(1, each.unchanged)
        print(
            f"{name:18}{each.count:10}{each.warned:10}{each.hinted:10}{each.changed:10}{rates[0]:10.2f}"
            f"{each.unchanged:10}{rates[1]:10.2f}"
        )
    print(f"  {dict(every.flags)}")
    if show:
        print("\n".join(every.examples))
    out = {name: getattr(every, name) for name in ("count", "warned", "hinted", "changed", "unchanged")}
    return {**out, "flags": dict(every.flags), "flags_unchanged": every.flags_unchanged}


def _missed(found: dict[str, Missed], show: bool) -> dict[str, object]:
    print("\nOne of at least three equal rewrites of a commit taken back; as a control, the commits as they are")
    print(f"{'':18}{'taken back':>11}{'found':>9}{'files':>9}{'flags':>9}")
    every = Missed()
    for each in found.values():
        every.add(each)
    for name, each in [*found.items(), ("all", every)]:
        print(f"{name:18}{each.taken_back:11}{each.found:9}{each.files:9}{each.flags:9}")
    if show:
        print("\n".join(every.examples))
    return {"taken_back": every.taken_back, "found": every.found, "files": every.files, "flags": every.flags}


if __name__ == "__main__":
    sys.exit(main())
