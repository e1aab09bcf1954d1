"""How fast and large the embedded next-edit engine is on a large workspace: `python bench/next_edit.py FOLDER`.

The files of FOLDER are written to a scratch workspace again and again, each time with other names in them, until
it has the lines that were asked for. The engine runs in its own process, as the server runs it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import tempfile
import time
from pathlib import Path

from ai_lsp.context.workspace_files import WorkspaceFiles, read_source
from ai_lsp.edits.local.client import LocalNextEdits
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Edit, LineEdit, Span
from ai_lsp.text.history import History

_NAME = re.compile(r"[^\W\d]\w{5,}")


def write_workspace(source: Path, root: Path, wanted: int) -> int:
    """Fills `root`; returns how many lines it has."""
    texts = [(f.path, t) for f in WorkspaceFiles(str(source)).walk() if (t := read_source(f.path)) is not None]
    lines = copy = 0
    while lines < wanted:
        for path, text in texts:
            name = root / f"copy{copy}" / Path(path).relative_to(source)
            name.parent.mkdir(parents=True, exist_ok=True)
            fresh = _NAME.sub(lambda m, n=copy: m[0] if hash(m[0]) % 3 else f"{m[0]}_{n}", text) if copy else text
            name.write_text(fresh, "utf-8")
            lines += text.count("\n")
            if lines >= wanted:
                break
        copy += 1
    return lines


def peak_mb(pid: int) -> float:
    """The most memory that a process has used."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024  # type: ignore[index]


async def measure(root: Path, names: list[Path], questions: int) -> dict[str, float]:
    """Index the workspace, then rename random names in random files and ask after each."""
    engine = LocalNextEdits()
    began = time.perf_counter()
    await engine.start([str(root)])
    while engine.status.state != "ready":
        await asyncio.sleep(0.05)
    out = {"files": engine.status.files, "index_s": round(time.perf_counter() - began, 1)}
    dice, times, shown = random.Random(1), [], 0
    for number in range(questions):
        path = dice.choice(names)
        text = path.read_text("utf-8")
        found = list(_NAME.finditer(text))
        if not found:
            continue
        spot = dice.choice(found)
        uri, history = path.as_uri(), History()
        before = DocumentSnapshot(uri, 1, "", text)
        edit = Edit(Span(*spot.span()), f"renamed_{number}")
        after = before.replace(edit, 2)
        history.changed(before, [edit], after, 1.0)
        engine.opened(uri, str(path), "", text)
        line, column = before.line_and_column_at(spot.start())
        began = time.perf_counter()
        engine.changed(uri, [LineEdit(line, column, line, column + len(spot[0]), edit.new_text)])
        engine.edited(history.standing(16), 1.0)
        shown += bool(await engine.suggest(uri, line, column, max=5, min_confidence=0.5, timeout_s=5))
        times.append((time.perf_counter() - began) * 1000)
        engine.closed(uri)
    times.sort()
    process = engine._worker.process
    assert process is not None
    out |= {
        "questions": len(times),
        "answered": shown,
        "p50_ms": round(times[len(times) // 2], 1),
        "p95_ms": round(times[int(len(times) * 0.95)], 1),
        "most_ms": round(times[-1], 1),
        "peak_mb": round(peak_mb(process.pid)),
    }
    await engine.aclose()
    return out


def main() -> None:
    """Prints one line of JSON per size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--lines", type=int, nargs="+", default=[20_000, 1_000_000])
    parser.add_argument("--questions", type=int, default=200)
    options = parser.parse_args()
    for wanted in options.lines:
        with tempfile.TemporaryDirectory(prefix="bench-next-edit-") as folder:
            root = Path(folder).resolve()
            lines = write_workspace(options.folder.resolve(), root, wanted)
            names = sorted(p for p in root.rglob("*") if p.is_file() and p.stat().st_size > 200)
            print(
                json.dumps({"lines": lines, **asyncio.run(measure(root, names, options.questions))}), flush=True
            )


if __name__ == "__main__":
    main()
