"""Apply on repositories' own commits: `python -m eval.apply REPO_DIR... [--formats ...] [--commits N]`."""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from ai_lsp.context.languages import language_of
from ai_lsp.edits.apply import Applied, Proposal, Refusal, changed_text, locate_and_merge
from ai_lsp.edits.formats import FORMATS
from ai_lsp.text.document import DocumentSnapshot
from eval.apply import render
from eval.apply.cases import Case, cases
from eval.apply.corrupt import OPERATORS, Block, blocks_of, is_answerable
from eval.apply.score import Outcome, judge, measure, table
from eval.lines.repository import Repository

STYLES = ("functions", "bare functions", "hunks")
_TOLERANCE = {
    "ok": 0.5,
    "damaged": 0.2,
    "wrong": 0.1,
}  # percent by which a share may be worse than the baseline's


def run(folder: str, options: argparse.Namespace) -> list[Outcome]:
    """Everything asked of one repository."""
    repository = Repository(folder)
    out: list[Outcome] = []
    try:
        for case in cases(repository, options.commits):
            for outcome, proposal, result in outcomes(case, options.formats):
                out.append(outcome)
                if outcome.what in options.show:
                    _show(case, outcome, proposal, result)
    finally:
        repository.close()
    return out


def outcomes(case: Case, formats: Sequence[str]) -> Iterator[tuple[Outcome, Proposal, Applied | Refusal]]:
    """Every format and operator on one edit."""
    for name in formats:
        if name in render.LOCATED:
            yield from _located(case, name)
        else:
            yield from _code(case, name)


def _located(case: Case, name: str) -> Iterator[tuple[Outcome, Proposal, Applied | Refusal]]:
    for operator, (change, context) in OPERATORS.items():
        dice = random.Random(f"{case.sha}{case.path}{operator}")
        made = [(change(block, dice), block) for block in blocks_of(case, context)]
        if any(block is None for block, _ in made) and not any(block is not None for block, _ in made):
            continue
        blocks: list[Block] = [block if block is not None else plain for block, plain in made]
        reply = render.LOCATED[name](case, blocks, dice)
        places = [(b.first, b.last) for b in blocks]
        if operator == "no context" and not is_answerable(case, blocks):
            one = _ask(case, name, "nothing says where", reply, case.old, None, places)
            if isinstance(one[2], Applied) and changed_text(case.old, one[2]) == case.new:
                continue  # as many equal blocks as places: there was an answer
            yield one
        else:
            yield _ask(case, name, operator, reply, case.old, case.new, places)
    yield from _unanswerable(case, name)


def _unanswerable(case: Case, name: str) -> Iterator[tuple[Outcome, Proposal, Applied | Refusal]]:
    """The first block's lines are gone from the file: refusing is the only right answer."""
    blocks = blocks_of(case, 3)[:1]
    old = case.old.split("\n")
    if "\r" in case.old or not any(line.strip() for line in blocks[0].before):
        return
    gone = "\n".join(old[: blocks[0].first] + old[blocks[0].last :])
    if "".join("".join(blocks[0].before).split()) in "".join(gone.split()):
        return  # a twin stands elsewhere
    reply = render.LOCATED[name](case, blocks, random.Random(case.sha))
    yield _ask(case, name, "the place is gone", reply, gone, None, [])


def _code(case: Case, name: str) -> Iterator[tuple[Outcome, Proposal, Applied | Refusal]]:
    row = language_of(case.language, case.path)
    if name == "whole_file":
        yield _ask(case, name, "none", render.whole_file(case), case.old, case.new, [])
        return
    if row is None:
        return
    if name == "whole_symbol":
        if (reply := render.symbols(case, row)) is not None:
            yield _ask(case, name, "none", reply, case.old, case.new, [r.old for r in case.regions])
        return
    for style in STYLES:
        if (reply := render.sketch(case, row, style)) is not None:
            yield _ask(case, name, style, reply, case.old, case.new, [r.old for r in case.regions])


def _ask(
    case: Case,
    name: str,
    operator: str,
    reply: str,
    text: str,
    truth: str | None,
    places: Sequence[tuple[int, int]],
) -> tuple[Outcome, Proposal, Applied | Refusal]:
    snapshot = DocumentSnapshot(f"file:///w/{case.path}", 1, case.language, text)
    proposal = FORMATS[name].parse(reply)[0]
    began = time.perf_counter()
    result = locate_and_merge(snapshot, proposal)
    ms = (time.perf_counter() - began) * 1000
    is_code = name not in render.LOCATED
    what = judge(text, truth, result, blank_lines_count=not is_code)
    near = _is_near(snapshot, result, places, is_code) if isinstance(result, Refusal) else None
    row = "sketch" if name == "sketch" else "located" if not is_code else name
    return Outcome(row, name, operator, what, ms, snapshot.line_count, near), proposal, result


def _is_near(
    snapshot: DocumentSnapshot, refusal: Refusal, places: Sequence[tuple[int, int]], is_code: bool
) -> bool:
    """Whether a candidate touches the place of the refused part, or for code of any part."""
    wanted = places if is_code else places[refusal.hunk : refusal.hunk + 1]
    for candidate in refusal.candidates[:3]:
        first = snapshot.line_at(candidate.span.start)
        last = snapshot.line_at(max(candidate.span.start, candidate.span.end - 1)) + 1
        if any(first <= b + 1 and last >= a - 1 for a, b in wanted):
            return True
    return False


def _show(case: Case, outcome: Outcome, proposal: Proposal, result: Applied | Refusal) -> None:
    from difflib import unified_diff

    print(f"\n#### {outcome.what} {outcome.format} / {outcome.operator}: {case.sha[:10]} {case.path}")
    if isinstance(result, Refusal):
        print(result.sentence)
        return
    if outcome.operator == "the place is gone":
        return
    after = changed_text(case.old, result)
    print("".join(unified_diff(case.new.splitlines(True), after.splitlines(True), "truth", "made", n=2))[:2500])
    print([e.sentence for e in result.evidence][:4])


def report(found: Sequence[Outcome]) -> dict[str, dict[str, float]]:
    """Rows: located formats together, each operator, each format, each style of sketch."""
    rows: dict[str, list[Outcome]] = {}
    for o in found:
        names = [o.row] if o.row == "located" else []
        names += [f"{o.format}: {o.operator}"] if o.row == "sketch" else []
        names += [f"  {o.operator}", f"  {o.format}"] if o.row == "located" else []
        names += [o.format] if o.row in ("whole_file", "whole_symbol") else []
        for name in names:
            rows.setdefault(name, []).append(o)
    order = sorted(rows, key=lambda name: (name != "located", not name.startswith("  "), name))
    return {name: measure(rows[name]) for name in order}


def worse(now: dict[str, dict[str, float]], then: dict[str, dict[str, float]]) -> list[str]:
    """Where a share is worse than the baseline's; times are never compared."""
    out = []
    for name, row in then.items():
        for what, tolerance in _TOLERANCE.items():
            if name not in now:
                out.append(f"{name}: not measured")
                break
            by = now[name][what] - row[what]
            if (-by if what == "ok" else by) > tolerance:
                out.append(f"{name} {what}: {now[name][what]}, baseline {row[what]}")
    return out


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m eval.apply", description=__doc__)
    parser.add_argument("repositories", nargs="+", metavar="REPO_DIR")
    parser.add_argument("--commits", type=int, default=60, help="newest commits of each repository that count")
    parser.add_argument("--formats", nargs="+", default=list(FORMATS), choices=list(FORMATS))
    parser.add_argument("--show", nargs="*", default=[], help="outcomes to print: damaged wrong refused")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--check", type=Path, help="exit 1 where a share is worse than this file's")
    options = parser.parse_args()
    if options.jobs > 1:
        with ProcessPoolExecutor(options.jobs) as pool:
            per = list(pool.map(partial(run, options=options), options.repositories))
    else:
        per = [run(folder, options) for folder in options.repositories]
    figures = report([outcome for some in per for outcome in some])
    print(table(list(figures.items())))
    if options.json:
        names = [Repository(folder).name for folder in options.repositories]
        made = {"repositories": names, "commits": options.commits, "rows": figures}
        options.json.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    if options.check:
        found = worse(figures, json.loads(options.check.read_text(encoding="utf-8"))["rows"])
        print("\n".join(found))
        return 1 if found else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
