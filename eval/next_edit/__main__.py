"""The next edit on repositories' own commits: `python -m eval.next_edit REPO_DIR...`.

By default the engine answers in this process; with --server a language server answers.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from eval.lines.repository import Repository
from eval.next_edit.cases import Order, Workspace, steps
from eval.next_edit.cases import commits as commits_of
from eval.next_edit.language_server import OverLsp
from eval.next_edit.replay import Asked, InProcess
from eval.next_edit.score import Answer, Verdict, at_coverage, judge, mean, report

CURVE = (0.3, 0.4, 0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9)
TOPS = (0.05, 0.1, 0.2, 0.35)
_TOLERANCE = 0.005  # a figure may be this much below the baseline's
_CHECKED = ("coverage", "precision_exact", "precision_lines", "precision_place", "recall_exact")
Figures = dict[str, dict[str, float]]
_COLUMNS = (
    "states", "coverage", "precision_exact", "precision_lines", "precision_place", "recall_exact",
    "jump_coverage", "jump_precision_place", "hint_coverage", "hint_precision_place", "false_fires",
    "false_hints", "ms_p50", "ms_p95",
)  # fmt: skip


def run(folder: str, order: Order, options: argparse.Namespace) -> tuple[str, Figures]:
    """(name, figures by row) of one repository in one order."""
    repository = Repository(folder)
    engine: Asked
    if options.server:
        engine = OverLsp(repository, options.server, options.threshold, options.jump)
    else:
        engine = InProcess(repository)
    answers: list[Answer] = []
    try:
        for commit in commits_of(repository, options.commits, options.skip):
            engine.commit(commit)
            workspace = Workspace(repository, commit)
            for hunk, left in steps(commit, order):
                engine.applied(workspace, hunk)
                began = time.perf_counter()
                edit, jump = engine.ask()
                ms = (time.perf_counter() - began) * 1e3
                verdicts = [judge(one, left, workspace.place) if one else Verdict() for one in (edit, jump)]
                answers.append(Answer(edit, verdicts[0], jump, verdicts[1], not left, ms))
    finally:
        engine.close()
    figures = {"shown": report(answers, options.threshold, options.jump)}
    if options.curve:
        figures |= {f"at {t}": report(answers, t, t) for t in CURVE}
        figures |= {f"top {c}": at_coverage(answers, c) for c in TOPS}
    return repository.name, figures


def main() -> None:
    """Runs, prints a table, writes JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("repositories", nargs="+")
    parser.add_argument("--commits", type=int, default=60)
    parser.add_argument("--skip", type=int, default=0, help="newest commits left out")
    parser.add_argument("--order", choices=["diff", "shuffle", "both"], default="both")
    parser.add_argument("--threshold", type=float, default=0.5, help="least confidence of an edit")
    parser.add_argument("--jump", type=float, default=0.7, help="least confidence of a jump")
    parser.add_argument("--curve", action="store_true", help="also every other threshold, and the surest shares")
    parser.add_argument("--server", help="command of a language server to ask")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--check", type=Path, help="a baseline: exit 1 where a score of the mean is below it")
    options = parser.parse_args()
    orders: Sequence[Order] = ["diff", "shuffle"] if options.order == "both" else [options.order]
    out: dict[str, dict[str, Figures]] = {}
    for order in orders:
        with ProcessPoolExecutor(options.jobs) as pool:
            rows = dict(pool.map(partial(run, order=order, options=options), options.repositories))
        rows["mean"] = {row: mean([r[row] for r in rows.values()]) for row in next(iter(rows.values()))}
        out[order] = rows
        _print(order, rows)
    if options.check:
        sys.exit(_compared(out, json.loads(options.check.read_text("utf-8"))))
    if options.json:
        options.json.write_text(json.dumps(out, indent=1) + "\n", "utf-8")


def _compared(now: dict[str, dict[str, Figures]], baseline: dict[str, dict[str, Figures]]) -> int:
    """1 where a score of the mean is below the baseline's by more than the tolerance, else 0."""
    worse = 0
    for order, rows in baseline.items():
        for label, row in rows["mean"].items():
            for name in _CHECKED:
                if name in row and now[order]["mean"].get(label, {}).get(name, 0.0) < row[name] - _TOLERANCE:
                    print(f"{order}, {label}: {name} was {row[name]}")
                    worse = 1
    return worse


def _print(order: str, rows: dict[str, Figures]) -> None:
    short = {"precision": "p", "coverage": "cov", "recall": "r"}
    names = list(_COLUMNS)
    for long, brief in short.items():
        names = [n.replace(long, brief) for n in names]
    print(f"{order:24}" + "".join(f"{n:>13}" for n in names))
    for name, figures in rows.items():
        for label, row in figures.items():
            cells = "".join(f"{row[c]:13.3f}" if c in row else " " * 13 for c in _COLUMNS)
            print(f"{name[:14]:15}{label:>9}{cells}")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
