"""`python -m tests.fuzz --messages 100000 --seed 1`: many damaged sessions, one report."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

from tests.fuzz.sessions import Report, fuzz

PER_SESSION = 2_500


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.fuzz", description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1, help="of the first session; the next has the next number")
    options = parser.parse_args()
    began, total, seed = time.monotonic(), Report(), options.seed
    while total.messages < options.messages:
        count = min(PER_SESSION, options.messages - total.messages)
        with tempfile.TemporaryDirectory(prefix="ai-lsp-fuzz-") as folder:
            report = asyncio.run(fuzz(seed, count, Path(folder)))
        total.messages += report.messages
        total.damaged += report.damaged
        total.answered += report.answered
        total.texts_compared += report.texts_compared
        total.asked_of_models += report.asked_of_models
        total.faults += report.faults
        print(
            f"seed {seed}: {report.messages} messages in {report.seconds:.1f} s, {len(report.faults)} faults",
            flush=True,
        )
        for fault in report.faults[:5]:
            print("  " + fault[:3_000].replace("\n", "\n  "), flush=True)
        seed += 1
    print(
        f"{total.messages} messages, {total.damaged} of them damaged; {total.answered} answers, "
        f"{total.asked_of_models} requests to models, "
        f"{total.texts_compared} texts compared, {len(total.faults)} faults, {time.monotonic() - began:.0f} s"
    )
    return 1 if total.faults else 0


if __name__ == "__main__":
    sys.exit(main())
