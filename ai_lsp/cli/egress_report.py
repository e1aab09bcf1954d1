"""`ai-lsp stats --egress`: what left the machine, from the ledger: when, where to, how much, which policy."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ai_lsp.context.ledger import Entry, ledger_file, read_ledger

DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Total:
    """What one model at one endpoint was sent under one policy; `refused` requests went nowhere."""

    endpoint: str
    model: str
    policy: str
    requests: int
    chars: int
    files: int
    replaced: int
    refused: int
    first: float
    last: float


def totals(entries: Iterable[Entry]) -> list[Total]:
    """Entries added up by endpoint, model and policy, the largest first."""
    groups: dict[tuple[str, str, str], list[Entry]] = defaultdict(list)
    for entry in entries:
        groups[entry.endpoint, entry.model, entry.policy].append(entry)
    found = [
        Total(
            *key,
            requests=sum(not each.refused for each in some),
            chars=sum(each.chars for each in some),
            files=sum(each.files for each in some),
            replaced=sum(each.replaced for each in some),
            refused=sum(bool(each.refused) for each in some),
            first=min(each.at for each in some),
            last=max(each.at for each in some),
        )
        for key, some in groups.items()
    ]
    return sorted(found, key=lambda one: (-one.chars, one.endpoint, one.model))


def run(argv: Sequence[str]) -> int:
    """Print the report; exit 0, or 2 where no ledger can be read."""
    options = _arguments(argv)
    path = options.file or ledger_file()
    since = time.time() - options.days * DAY_S if options.days else 0.0
    entries = [entry for entry in read_ledger(path) if entry.at >= since]
    if not entries and not path.exists():
        print(f'no ledger in {path}: nothing was sent, or "ledger" in [privacy] is false', file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps([asdict(each) for each in (entries if options.entries else totals(entries))]))
        return 0
    for line in _entries(entries) if options.entries else _table(totals(entries)):
        print(line)
    print(f"{path}: {len(entries)} requests noted, none of them with its text")
    return 0


def _table(rows: Sequence[Total]) -> Iterator[str]:
    head = ("endpoint", "model", "policy", "requests", "characters", "files", "secrets hidden", "refused", "last")
    yield (
        f"{head[0]:<32}{head[1]:<14}{head[2]:<14}" + "".join(f"{each:>15}" for each in head[3:8]) + f"  {head[8]}"
    )
    for row in rows:
        numbers = (row.requests, row.chars, row.files, row.replaced, row.refused)
        cells = "".join(f"{number:>15,}" for number in numbers)
        names = f"{_cell(row.endpoint, 31)} {_cell(row.model, 13)} {_cell(row.policy, 13)}"
        yield f"{names} {cells}  {_when(row.last)}"


def _entries(entries: Sequence[Entry]) -> Iterator[str]:
    for each in entries:
        what = (
            f"not sent: {_cell(each.refused)}"
            if each.refused
            else f"{each.chars:,} characters, sha256 {each.sha256}"
        )
        extra = f", {each.files} files" if each.files else ""
        hidden = f", {each.replaced} secrets hidden" if each.replaced else ""
        policy = f", policy {_cell(each.policy)}"
        yield f"{_when(each.at)}  {_cell(each.endpoint)} {_cell(each.model)}  {what}{extra}{hidden}{policy}"


def _cell(text: object, width: int = 0) -> str:
    """A word of the file as one line of what can be seen; the file may hold anything."""
    clean = "".join(c if c.isprintable() else "?" for c in str(text))
    return clean[:width].ljust(width) if width else clean[:120]


def _when(at: float) -> str:
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))
    except (OverflowError, ValueError, OSError, TypeError):
        return "at no time"


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="ai-lsp stats --egress", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--days", type=float, default=0, help="only the last so many days")
    parser.add_argument("--entries", action="store_true", help="each request instead of sums")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--file", type=Path, help="another ledger than the user's")
    return parser.parse_args(argv)
