"""Line completion on repositories' own later commits: `python -m eval.lines REPO_DIR...`.

By default the predictor's engine answers in this process; with --server a language server answers.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from ai_lsp.completion.local import scorer
from eval.lines.cases import LineCase, columns, is_wanted, line_cases
from eval.lines.language_server import LanguageServer
from eval.lines.replay import Asked, InProcess, timed, type_line
from eval.lines.repository import Repository
from eval.lines.score import Answer, Typed, mean, report, typing_report

Report = dict[str, dict[str, float]]
CURVE = (0.3, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9)
_TOLERANCE = 0.003  # a figure may be this much below the baseline's
_CHECKED = ("coverage", "precision_prefix", "saved", "recall_exact", "keys_saved", "accept_rate")
_COLUMNS = (
    "positions", "coverage", "precision_prefix", "precision_exact", "recall_exact", "saved", "net_saved",
    "ms_p50", "ms_p95", "lines", "keys_saved", "accept_rate", "shown_per_line",
)  # fmt: skip


def run(folder: str, options: argparse.Namespace) -> tuple[str, Report]:
    """(name, figures) of one repository."""
    name = Repository(folder).name
    engine = _engine(Repository(folder), options)
    answers: list[Answer] = []
    curve: dict[float, list[Answer]] = {}
    several: list[tuple[bool, bool]] = []

    def ask_both(case: LineCase, _: int) -> None:
        for kind, col in columns(case).items():
            rest = case.line[col:].rstrip()
            text, confidence, ms = timed(engine, col)
            answers.append(Answer(kind, not case.replaced, rest, text, ms, confidence))
            if options.lines > 1 and isinstance(engine, InProcess):
                several.append(_several(engine, case, col, options.lines))
            if options.curve and isinstance(engine, InProcess):
                for threshold, shown in _at_thresholds(engine, col):
                    curve.setdefault(threshold, []).append(Answer(kind, not case.replaced, rest, shown, 0.0))

    _replay(folder, engine, options.commits, ask_both)
    figures = report(answers)
    if several:
        longer = [right for shown, right in several if shown]
        figures["several lines"] = {
            "positions": len(several),
            "coverage": round(len(longer) / len(several), 4),
            "precision_exact": round(sum(longer) / max(len(longer), 1), 4),
        }
    for threshold, some in curve.items():
        rows = report(some)
        figures |= {f"{kind}@{threshold}": rows[kind] for kind in ("inside", "start") if kind in rows}
    if options.typing:
        figures["typing"] = _typing(folder, options)
    return name, figures


def _engine(repository: Repository, options: argparse.Namespace) -> Asked:
    if options.server:
        return LanguageServer(repository, options.server, options.threshold)
    return InProcess(repository, options.threshold, options.hide_words)


def _typing(folder: str, options: argparse.Namespace) -> dict[str, float]:
    """Every fourth line typed key by key, in a replay of its own: no earlier question may have shown its text."""
    engine = _engine(Repository(folder), options)
    typed: list[Typed] = []

    def type_some(case: LineCase, number: int) -> None:
        if number % 4 == 0:
            typed.append(type_line(engine, case))

    _replay(folder, engine, options.commits, type_some)
    return typing_report(typed)


def _replay(folder: str, engine: Asked, commits: int, each: Callable[[LineCase, int], None]) -> None:
    repository = Repository(folder)
    try:
        for commit in repository.commits(commits, is_wanted):
            engine.commit(commit)
            for number, case in enumerate(line_cases(repository, commit)):
                engine.line(case)
                each(case, number)
    finally:
        engine.close()
        repository.close()


def _several(engine: InProcess, case: LineCase, col: int, most: int) -> tuple[bool, bool]:
    """(more than one line was shown, every line of it is right)."""
    uri, line = engine.prepare(col)
    found = engine.engine.predict(uri, line, col, engine.threshold, most)
    if found is None or found.lines < 2:
        return False, False
    truth = [case.line[col:], *case.following]
    shown = found.text.split("\n")
    return True, [x.rstrip() for x in shown] == [x.rstrip() for x in truth[: len(shown)]]


def _at_thresholds(engine: InProcess, col: int) -> list[tuple[float, str | None]]:
    uri, line = engine.prepare(col)
    asked = engine.engine.question(uri, line, col)
    if asked is None:
        return []
    rated = scorer.rate(asked.spot, asked.ways(), engine.engine.trees)
    found = []
    for threshold in CURVE:
        chosen = scorer.pick(rated, threshold)
        found.append((threshold, chosen.candidate.text if chosen else None))
    return found


def table(reports: Sequence[tuple[str, Report]]) -> str:
    """The figures as text, one block for each kind of spot."""
    lines: list[str] = []
    width = max(len(name) for name, _ in reports)
    for kind in sorted({k for _, r in reports for k in r}):
        some = [(name, r[kind]) for name, r in reports if kind in r]
        shown = [c for c in _COLUMNS if c in some[0][1]]
        lines.append(f"{kind:<{width}}  " + "  ".join(f"{c:>{max(len(c), 6)}}" for c in shown))
        for name, row in some:
            cells = "  ".join(
                f"{row[c]:>{max(len(c), 6)}.{0 if c in ('positions', 'lines') else 3}f}" for c in shown
            )
            lines.append(f"{name:<{width}}  {cells}")
        lines.append("")
    return "\n".join(lines)


def worse(now: Sequence[tuple[str, Report]], baseline: dict[str, Report]) -> list[str]:
    """Where a score of the mean has fallen below the baseline's; times are never compared."""
    found = []
    means = dict(now).get("mean", {})
    for kind, row in baseline.get("mean", {}).items():
        for name in _CHECKED:
            if name in row and kind in means and means[kind][name] < row[name] - _TOLERANCE:
                found += [f"{kind} {name}: {means[kind][name]:.3f}, baseline {row[name]:.3f}"]
    return found


def main() -> int:
    """Runs the evaluation; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m eval.lines", description=__doc__)
    parser.add_argument("repositories", nargs="+", metavar="REPO_DIR")
    parser.add_argument("--commits", type=int, default=30)
    parser.add_argument("--threshold", type=float, default=0.45)
    parser.add_argument("--typing", action="store_true", help="also type every fourth line key by key")
    parser.add_argument("--curve", action="store_true", help="also measure other thresholds (not with --server)")
    parser.add_argument("--lines", type=int, default=1, help="also allow several lines (not with --server)")
    parser.add_argument(
        "--hide-words", action="store_true", help="not what a word menu gives (not with --server)"
    )
    parser.add_argument("--server", help="command line of a language server on stdio")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--json", type=Path, help="where the figures go")
    parser.add_argument("--check", type=Path, help="fail where a score is below this earlier file's")
    options = parser.parse_args()
    with ProcessPoolExecutor(options.jobs) as pool:
        reports = list(pool.map(partial(run, options=options), options.repositories))
    reports.append(("mean", mean([r for _, r in reports])))
    print(table(reports))
    if options.json:
        about = {
            "commits": options.commits,
            "threshold": options.threshold,
            "server": options.server or "in process",
        }
        options.json.write_text(json.dumps({"about": about, **dict(reports)}, indent=1) + "\n", "utf-8")
    fallen = worse(reports, json.loads(options.check.read_text("utf-8"))) if options.check else []
    for line in fallen:
        print("worse:", line)
    return 1 if fallen else 0


if __name__ == "__main__":
    sys.exit(main())
