"""What fitting a prompt costs and wastes, on real lines: `python bench/fit.py [PATH] [--check] [--trees N]`.

Each figure is the best of several runs in process time, beside a floor measured between the same runs: sorting
the same parts by priority for warm fits, and that plus counting what is kept for cold ones. `--check` compares
the ratios to the floor, which a slow or busy machine hardly moves, with the limits below.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from operator import attrgetter
from pathlib import Path
from random import Random
from time import process_time
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from ai_lsp.context.counts import Counts  # noqa: E402
from ai_lsp.context.fit import fit  # noqa: E402
from ai_lsp.context.parts import OURS, Alternative, PromptPart  # noqa: E402
from ai_lsp.text.document import split_lines  # noqa: E402
from tests.laws.fit_oracle import COUNTERS, changed, random_tree  # noqa: E402

TARGETS_MS = {(10_000, "cold"): 25.0, (10_000, "warm"): 4.0, (100_000, "cold"): 300.0}
TREE_TARGETS_MS = {(10_000, "cold"): 25.0, (10_000, "warm"): 4.0}
LIMITS = {
    "lines": {"cold": 2.0, "warm": 4.5, "held": 6.5},
    "tree": {"cold": 3.6, "warm": 9.5, "held": 14.0},
}
"""Times the floor, at most, for `--check`: half as much again as measured."""

_TOKEN = re.compile(r"\w+|\s+|[^\w\s]")
Parts = tuple[PromptPart, ...]


def count(text: str) -> int:
    """Words, runs of blanks and signs: joins over line ends, as real vocabularies do, only more often."""
    return len(_TOKEN.findall(text))


def source_lines(path: Path, size: int) -> list[str]:
    """`size` lines of the Python files under a path, made different from each other, as a session's lines are."""
    found: list[str] = []
    for file in sorted(path.rglob("*.py")):
        if not any(part.startswith(".") for part in file.relative_to(path).parts):
            found += split_lines(file.read_text(encoding="utf-8", errors="replace"))
    if not found:
        raise SystemExit(f"no Python files under {path}")
    return [found[i % len(found)].rstrip("\r\n") + f"  # {i}\n" for i in range(size)]


def flat(lines: list[str]) -> Parts:
    rng = Random(1)
    return tuple(
        PromptPart("line", line, OURS, key=f"l{i}", priority=rng.randrange(len(lines)))
        for i, line in enumerate(lines)
    )


def tree(lines: list[str]) -> Parts:
    """Files of 50 lines behind headers: each tenth line has shorter texts, each twentieth keeps with the next."""
    rng = Random(2)
    files = []
    for start in range(0, len(lines), 50):
        children = []
        for i, line in enumerate(lines[start : start + 50], start):
            shorter = (Alternative(line[:20] + "\n", 60), Alternative(line[:6] + "\n")) if i % 10 == 0 else ()
            company = f"{i // 20}" if i % 20 < 2 else ""
            one = PromptPart("line", line, OURS, f"l{i}", rng.randrange(50), "slow", False, company, shorter)
            children.append(one)
        header = f"# file {start}\n"
        files.append(PromptPart("file", header, OURS, header, rng.randrange(9), children=tuple(children)))
    return tuple(files)


def edited(parts: Parts) -> Parts:
    """The prompt one key later: one part has another text."""
    middle = parts[len(parts) // 2]
    return tuple(replace(part, text=part.text + "x") if part is middle else part for part in parts)


def best(runs: int, *doings: Callable[[], object]) -> list[float]:
    """The best process time of each in milliseconds, taking turns, so that noise meets all alike."""
    times = [float("inf")] * len(doings)
    for _ in range(runs):
        for index, doing in enumerate(doings):
            start = process_time()
            doing()
            times[index] = min(times[index], (process_time() - start) * 1_000)
    return times


def measure(shape: str, parts: Parts, size: int, runs: int) -> dict[str, Any]:
    budget = count("".join(each.text for part in parts for each in (part, *part.children))) // 3
    step = budget // 16
    counts = Counts(entries=4 * size)
    kept = [each.text for each in fit(parts, budget, count, counts=counts).kept]
    before = fit(parts, budget, count, step=step, counts=counts)
    later = edited(parts)
    assert fit(later, budget, count, step=step, previous=before, counts=counts).is_held
    leaves = [each for part in parts for each in (part, *part.children)]

    def sort() -> object:
        return sorted(leaves, key=attrgetter("priority"), reverse=True)

    def sort_and_count() -> object:
        return sort(), [count(text) for text in kept], count("".join(kept))

    cold, warm, held, floor, cold_floor = best(
        runs,
        lambda: fit(parts, budget, count),
        lambda: fit(parts, budget, count, counts=counts),
        lambda: fit(later, budget, count, step=step, previous=before, counts=counts),
        sort,
        sort_and_count,
    )
    fitted = fit(parts, budget, count, counts=counts)
    return {
        "shape": shape,
        "parts": size,
        "budget": budget,
        "ms": {"cold": cold, "warm": warm, "held": held, "floor": floor, "cold_floor": cold_floor},
        "over_floor": {"cold": cold / cold_floor, "warm": warm / floor, "held": held / floor},
        "used_by_sum": fitted.cost / budget,
        "used_as_joined": fitted.tokens / budget,
    }


def pages(lines: list[str]) -> Parts:
    texts = ["".join(lines[start : start + 8]) for start in range(0, len(lines), 8)]
    return flat(texts)


def over_budget(trees: int) -> dict[str, int]:
    """Random prompts of all constructs, each fitted, changed and fitted again; how many were over the budget."""
    rng, over, fits = Random(3), 0, 0
    counts = Counts(entries=4_096)
    for _ in range(trees):
        counter, budget, step = rng.choice(COUNTERS), rng.randint(0, 60), rng.choice((0, 2, 8))
        parts, previous = random_tree(rng), None
        for _ in range(2):
            previous = fit(parts, budget, counter, step=step, previous=previous, counts=counts)
            runs = [""]
            for part, chosen in zip(previous.layout.parts, previous.chosen, strict=True):
                runs += [""] if part.break_before else []
                runs[-1] += previous.layout.texts[chosen] if chosen >= 0 else ""
            over += sum(counter(run) for run in runs) > budget
            fits += 1
            parts = changed(rng, parts)
    return {"trees": trees, "fits": fits, "over": over}


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("path", nargs="?", type=Path, default=ROOT)
    options.add_argument("--runs", type=int, default=15)
    options.add_argument("--trees", type=int, default=0, help="also try so many random prompts, 0 may be over")
    options.add_argument("--json", type=Path, default=None, help="write the figures there")
    options.add_argument("--check", action="store_true", help="exit 1 where a ratio is over its limit")
    given = options.parse_args()
    rows = []
    for size in (1_000, 10_000, 100_000):
        lines = source_lines(given.path, size)
        runs = max(3, given.runs // 4) if size > 10_000 else given.runs
        for shape, make in (("lines", flat), ("pages", pages), ("tree", tree)):
            if shape != "pages" or size == 10_000:
                rows.append(measure(shape, make(lines), size, runs))
    print("shape    parts   cold ms  warm ms  held ms   × floor: cold  warm  held   budget used: by sum  joined")
    for row in rows:
        ms, ratio = row["ms"], row["over_floor"]
        print(
            f"{row['shape']:6} {row['parts']:7} {ms['cold']:9.2f} {ms['warm']:8.2f} {ms['held']:8.2f}"
            f" {ratio['cold']:15.2f} {ratio['warm']:5.2f} {ratio['held']:5.2f}"
            f" {row['used_by_sum']:21.2%} {row['used_as_joined']:7.2%}"
        )
    result: dict[str, Any] = {"rows": rows, "limits": LIMITS}
    if given.trees:
        result["random"] = over_budget(given.trees)
        print("{fits} fits of {trees} random prompts: {over} over the budget".format(**result["random"]))
    for shape, targets in (("lines", TARGETS_MS), ("tree", TREE_TARGETS_MS)):
        for (size, name), target in targets.items():
            ms = next(row["ms"][name] for row in rows if row["parts"] == size and row["shape"] == shape)
            met = "met" if ms <= target else "missed"
            print(f"target: {size} parts, {shape}, {name} <= {target:g} ms: {ms:.2f} ms, {met}")
    print(json.dumps(result))
    if given.json:
        given.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    slow = [
        f"{row['parts']} {row['shape']} {name}: {ratio:.2f} × the floor, limit {limit}"
        for row in rows
        for name, limit in LIMITS.get(row["shape"], {}).items()
        if (ratio := row["over_floor"][name]) > limit
    ]
    print(*slow, sep="\n", end="\n" if slow else "")
    return int(given.check and (bool(slow) or result.get("random", {}).get("over", 0) > 0))


if __name__ == "__main__":
    sys.exit(main())
