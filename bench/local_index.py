"""The embedded predictor at scale: `python bench/local_index.py SOURCE_DIR... [--lines 1000000]`.

Lays out a workspace of so many lines from the code files of some folders or git repositories, starts the real
worker on it, and measures: time until the first answer and until all is indexed, memory, the time of a request
while indexing and after, and a second start from the cache. Prints a table and, with --json, writes it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from ai_lsp.completion.local.client import LocalPredictor
from ai_lsp.context.workspace_files import is_source_name, read_source
from ai_lsp.text.edit import LineEdit

_REQUESTS = 400


def sources(folder: Path, scratch: Path) -> Iterator[tuple[str, str]]:
    """(relative path, text) of every code file of a folder; a bare git repository is unpacked first."""
    if (folder / "HEAD").exists() and (folder / "objects").is_dir():
        into = scratch / folder.parent.name
        into.mkdir()
        archive = subprocess.run(["git", "-C", str(folder), "archive", "HEAD"], check=True, capture_output=True)
        subprocess.run(["tar", "-x", "-C", str(into)], input=archive.stdout, check=True)
        folder = into
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink() and is_source_name(path.name) and ".git" not in path.parts:
            text = read_source(str(path))
            if text:
                yield f"{folder.name}/{path.relative_to(folder)}", text


def lay_out(folders: list[Path], work: Path, lines: int) -> int:
    """Writes files until there are enough lines; a further round changes words, so that it is not mere copies."""
    written = 0
    with tempfile.TemporaryDirectory() as scratch:
        files = [f for folder in folders for f in sources(folder, Path(scratch))]
    turn = 0
    while files and written < lines:
        for name, text in files:
            path = work / f"round{turn}" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text if not turn else text.replace("e", f"e{turn}e").replace("_", f"_{turn}_"))
            written += text.count("\n")
            if written >= lines:
                break
        turn += 1
    return written


def memory_mb(pid: int) -> dict[str, float]:
    """Resident and private memory of a process, in megabytes."""
    rows = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    found = {r.split(":")[0]: float(r.split()[1]) / 1024 for r in rows[1:]}
    return {"rss": found["Rss"], "anonymous": found["Anonymous"]}


def worker_pid(predictor: LocalPredictor) -> int:
    process = predictor._worker.process
    assert process is not None
    return process.pid


async def ask_somewhere(
    predictor: LocalPredictor, files: list[Path], dice: random.Random, keep: list[float]
) -> None:
    """Opens a file, cuts a line short as if it were being typed, and times a few keys of it."""
    path = dice.choice(files)
    text = path.read_text("utf-8")
    lines = text.split("\n")
    row = dice.randrange(len(lines))
    line = lines[row].rstrip()
    if len(line.strip()) < 8:
        return
    uri = path.as_uri()
    predictor.opened(uri, str(path), "", text)
    start = len(line) - len(line.lstrip()) + dice.randrange(len(line.strip()) - 3)
    predictor.changed(uri, [LineEdit(row, start, row, len(lines[row]), "")])
    await predictor.predict(uri, row, start, min_confidence=0.6, timeout_s=5)  # takes in what was just opened
    for col in range(start, min(start + 3, len(line))):
        predictor.changed(uri, [LineEdit(row, col, row, col, line[col])])
        began = time.perf_counter()
        await predictor.predict(uri, row, col + 1, min_confidence=0.6, timeout_s=5)
        keep.append((time.perf_counter() - began) * 1e3)
    predictor.closed(uri)


def spread(values: list[float]) -> dict[str, float]:
    """Percentiles of some times."""
    ordered = sorted(values) or [0.0]
    pick = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
    return {k: round(ordered[min(len(ordered) - 1, int(len(ordered) * q))], 1) for k, q in pick.items()}


async def measure(work: Path, cache: Path, files: list[Path]) -> dict[str, object]:
    """All figures of one workspace."""
    dice = random.Random(1)
    found: dict[str, object] = {}
    for turn in ("first start", "second start"):
        predictor = LocalPredictor(cache)
        began = time.perf_counter()
        await predictor.start([str(work)])
        while predictor._worker.process is None:
            await asyncio.sleep(0.005)
        during: list[float] = []
        first = random.Random(2)
        while not during:  # a file may have no line worth asking about where the dice fall
            await ask_somewhere(predictor, files, first, during)
        found[f"{turn}: first answer s"] = round(time.perf_counter() - began, 2)
        during.clear()
        while predictor.status.state != "ready":
            await ask_somewhere(predictor, files, dice, during)
            await asyncio.sleep(0.1)
        found[f"{turn}: whole s"] = round(time.perf_counter() - began, 2)
        found[f"{turn}: request ms while indexing"] = spread(during)
        found[f"{turn}: memory MB when ready"] = {
            k: round(v) for k, v in memory_mb(worker_pid(predictor)).items()
        }
        after: list[float] = []
        while len(after) < _REQUESTS:
            await ask_somewhere(predictor, files, dice, after)
        found[f"{turn}: request ms when ready"] = spread(after)
        found[f"{turn}: memory MB after requests"] = {
            k: round(v) for k, v in memory_mb(worker_pid(predictor)).items()
        }
        found["files"], found["tokens"] = predictor.status.files, predictor.status.tokens
        await predictor.aclose()
    return found


def main() -> None:
    """Lays out, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-local-") as folder:
        work, cache = Path(folder) / "work", Path(folder) / "cache"
        work.mkdir()
        written = lay_out(options.folders, work, options.lines)
        files = [p for p in work.rglob("*") if p.is_file()]
        found: dict[str, object] = {"lines": written, **asyncio.run(measure(work, cache, files))}
        found["cache MB"] = round(sum(p.stat().st_size for p in cache.rglob("*") if p.is_file()) / 1e6)
    for name, value in found.items():
        print(f"{name:<44} {value}")
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
