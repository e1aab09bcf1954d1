"""What cleaning does to right answers: `python -m eval.clean REPO_DIR...`.

A model that knew the rest of the file would answer with it. Cleaning may shorten such an answer, but what it
leaves must be a start of it, and it should seldom leave nothing.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
from collections import Counter
from pathlib import Path

from ai_lsp.completion.clean import Limits, clean, trace
from ai_lsp.completion.query import Declined, Query
from ai_lsp.context.languages import language_of
from ai_lsp.text.document import DocumentSnapshot

ANSWER_LINES = 8
PROSE = {"markdown", "json", "yaml", "toml", "html", "css"}


def cases(folder: Path, count: int, seed: int) -> list[tuple[Query, str]]:
    """Cursors in files of the newest commit, half of them at the start of a line: the rest of the line and the
    next ones, ANSWER_LINES at most, are the answer, and are not in the document."""
    listed = subprocess.run(
        ["git", "-C", str(folder), "ls-tree", "-r", "--name-only", "HEAD"],
        capture_output=True,
        text=True,
        check=True,
    )
    names = [n for n in listed.stdout.split("\n") if (row := language_of("", n)) and row.name not in PROSE]
    dice = random.Random(seed)
    out: list[tuple[Query, str]] = []
    for name in dice.choices(names, k=count):
        shown = subprocess.run(
            ["git", "-C", str(folder), "show", f"HEAD:{name}"], capture_output=True, check=False
        )
        text = shown.stdout.decode("utf-8", "replace").replace("\r\n", "\n")
        lines = text.split("\n")
        written = [i for i, line in enumerate(lines) if line.strip()]
        row = language_of("", name)
        if len(written) < 10 or len(text) > 200_000 or row is None:
            continue
        for start_of_line in (True, False):
            at = dice.choice(written)
            line = lines[at]
            indent = len(line) - len(line.lstrip())
            column = indent if start_of_line else dice.randint(indent + 1, max(indent + 1, len(line) - 3))
            if column >= len(line.rstrip()):
                continue
            size = dice.randint(1, ANSWER_LINES)
            answer = "\n".join([line[column:], *lines[at + 1 : at + size]])
            before = "\n".join([*lines[:at], line[:column]])
            document = DocumentSnapshot("", 1, row.ids[0], before + "\n" + "\n".join(lines[at + size :]))
            out.append((Query(document, len(before)), answer))
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("repositories", nargs="+", type=Path)
    parser.add_argument("--cursors", type=int, default=400, help="of each kind in each repository")
    parser.add_argument(
        "--show", type=int, default=0, help="print this many answers that came out wrong or empty"
    )
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    totals: Counter[str] = Counter()
    steps: Counter[str] = Counter()
    shown = options.show
    for folder in options.repositories:
        counts: Counter[str] = Counter()
        for query, answer in cases(folder, options.cursors, 1):
            got = clean(answer, query, Limits(ANSWER_LINES))
            counts["answers"] += 1
            counts["characters"] += len(answer.rstrip())
            if isinstance(got, Declined):
                counts["empty"] += 1
                steps[got.reason.name] += 1
            elif answer.startswith(got[0]) or got[0].rstrip() == answer.rstrip():
                counts["kept"] += len(got[0])
                counts["whole"] += got[0] == answer.rstrip()
            else:
                counts["wrong"] += 1
                steps[trace(answer, query, Limits(ANSWER_LINES))[-1][0]] += 1
            is_odd = isinstance(got, Declined) or not answer.startswith(got[0].rstrip())
            if is_odd and shown > 0:
                shown -= 1
                last = query.snapshot.slice(max(0, query.offset - 120), query.offset)
                below = query.snapshot.slice(query.offset, query.offset + 80)
                print("-" * 60, folder.name, got, sep="\n")
                print(f"{last}«{answer}»{below}")
        print(row(folder.name, counts))
        totals.update(counts)
    print(row("all", totals))
    print("why wrong or empty:", dict(steps.most_common()))
    if options.json:
        print(json.dumps({**totals, "why": dict(steps)}))


def row(name: str, counts: Counter[str]) -> str:
    n = max(1, counts["answers"])
    return (
        f"{name:12} n {counts['answers']:5}  wrong {counts['wrong'] / n:6.2%}  empty {counts['empty'] / n:6.2%}  "
        f"whole {counts['whole'] / n:6.1%}  characters kept {counts['kept'] / max(1, counts['characters']):6.1%}"
    )


if __name__ == "__main__":
    main()
