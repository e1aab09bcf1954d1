"""What the gate costs per request: a 5,000-line file in the prompt, seen for the first time and while one types.

`python bench/egress.py [FILE…]` prints a table; without a file, modules of Python's own library are put together.
Times are of this process's CPU, so that a busy machine counts little. `--check` compares a request while typing
with hashing the same prompt, which the ledger needs anyway: a ratio, so that the machine's speed does not count.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from ai_lsp.context.egress import fingerprint
from ai_lsp.context.screening import Disguise, Policy, screen
from ai_lsp.context.secret_rules import library_rules
from ai_lsp.context.secrets import Scanner
from ai_lsp.models.port import ContextFile, FimPrompt, ModelRequest

LINES = 5_000
MOST_PER_HASH = 25.0
TYPED = "        result = self.compute(value, other_value) + 1"
MODULES = ("_pydecimal.py", "typing.py", "argparse.py", "ssl.py", "tarfile.py", "datetime.py")
SECRETS = (
    'API_KEY = "sk-proj-Zx9yW8vU7tS6rQ5pO4nM3lK2jI1h"',
    'password = "hunter2-and-more"',
    'url = "postgres://app:p4ssw0rd@db/app"',
)


def source(paths: list[Path]) -> str:
    """LINES lines, with a few secrets among them."""
    if not paths:
        paths = [Path(os.__file__).parent / name for name in MODULES]
    lines = "".join(path.read_text(encoding="utf-8", errors="replace") for path in paths).split("\n")
    lines = (lines * (LINES // len(lines) + 1))[: LINES - len(SECRETS)]
    for number, secret in enumerate(SECRETS):
        lines.insert((number + 1) * LINES // 4, secret)
    return "\n".join(lines)


def typing(text: str, *, window: int = 0) -> Iterator[ModelRequest]:
    """Requests of somebody who writes a line in the middle, key by key, and then the next line.

    `window` is the characters of the document on either side that go along; 0 is all of it.
    """
    at = text.index("\n", len(text) // 2) + 1
    above, below = text[:at], text[at:]
    if window:
        above, below = above[-window:], below[:window]
    files = (ContextFile("src/other.py", text[:4_000]), ContextFile("src/more.py", text[-4_000:]))
    for _ in range(4):
        for end in range(len(TYPED) + 1):
            prompt = FimPrompt(above, TYPED[:end], "\n" + below, "src/a.py", "repo", "python", files)
            yield ModelRequest(prompt, 64)
        above += TYPED + "\n"


def measure(requests: list[ModelRequest], disguise: Disguise) -> list[float]:
    """Milliseconds of CPU per request."""
    times = []
    for request in requests:
        started = time.process_time_ns()
        screened = screen(request, Policy(), disguise)
        times.append((time.process_time_ns() - started) / 1e6)
        assert screened.refused is None
        assert "hunter2" not in repr(screened.request)
    return times


def timed(work: Callable[[], object]) -> float:
    started = time.process_time_ns()
    work()
    return (time.process_time_ns() - started) / 1e6


def row(name: str, text: str, window: int) -> dict[str, float | int | str]:
    requests = list(typing(text, window=window))
    library = list(library_rules())
    colds = [measure(requests[:1], Disguise(b"k", Scanner(library)))[0] for _ in range(5)]
    disguise = Disguise(b"k", Scanner(library))
    measure(requests[:2], disguise)
    warm = measure(requests[2:], disguise)
    prompt = requests[0].prompt
    assert isinstance(prompt, FimPrompt)
    return {
        "case": name,
        "chars": len(prompt.prefix) + len(prompt.suffix) + sum(len(each.text) for each in prompt.files),
        "requests": len(warm),
        "cold_ms": round(statistics.median(colds), 2),
        "p50_ms": round(statistics.median(warm), 3),
        "p95_ms": round(statistics.quantiles(warm, n=20)[-1], 3),
        "max_ms": round(max(warm), 3),
        "per_hash": round(statistics.median(warm) / max(floor(text, window), 0.001), 1),
    }


def floor(text: str, window: int) -> float:
    """Milliseconds of hashing the text of a prompt, the median."""
    requests = list(typing(text, window=window))[:40]
    return statistics.median(timed(lambda each=each: fingerprint(each)) for each in requests)  # type: ignore[misc]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="*", type=Path, metavar="FILE")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures")
    parser.add_argument("--check", action="store_true", help="exit 1 where a ratio is over its limit")
    asked = parser.parse_args()
    imported = timed(lambda: list(library_rules()))
    built = timed(lambda: Scanner(library_rules()))
    text = source(asked.paths)
    rows = [row("all of it in the prompt", text, 0), row("a window of 24,000 characters", text, 12_000)]
    print(f"{LINES} lines; importing the library {imported:.0f} ms, making the rules {built:.0f} ms, once")
    columns = {"chars": "chars", "cold_ms": "cold ms", "p50_ms": "p50 ms", "p95_ms": "p95 ms", "max_ms": "max ms"}
    print(f"{'':32}" + "".join(f"{title:>9}" for title in (*columns.values(), "/ hash")))
    for each in rows:
        print(f"{each['case']:32}" + "".join(f"{each[key]:>9}" for key in (*columns, "per_hash")))
    if asked.json:
        figures = {"lines": LINES, "import_ms": round(imported, 1), "rules_ms": round(built, 1), "rows": rows}
        asked.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    over = [each["case"] for each in rows if float(each["per_hash"]) > MOST_PER_HASH]
    if asked.check and over:
        print(f"over {MOST_PER_HASH} times the cost of hashing: {', '.join(map(str, over))}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
