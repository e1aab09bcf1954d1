"""How fast the syntax of a large file follows a key, in the process beside the server that knows it.

    python -m bench.syntax [--lines 20000] [--keys 60] [--json PATH]

One file per language, made by repeating a sample with numbered names. Times are wall times on this machine as it
is; `cpu` columns are processor time, which load elsewhere does not change.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

from ai_lsp.context.languages import LANGUAGES, SECTIONS, Row, syntax_of
from ai_lsp.context.syntax import Parsed, Turns, facts, parse_changes, parse_whole
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Edit, Span

SAMPLES = {
    "python": "class C{n}(Base):\n    def method_{n}(self, items):\n        for item in items:\n"
    '            if item > {n}:\n                self.total += item  # é\n        return "done {n}"\n\n',
    "typescript": "export class C{n} extends Base {{\n  method{n}(items: number[]): string {{\n"
    "    for (const item of items) {{\n      if (item > {n}) this.total += item; // é\n    }}\n"
    "    return `done ${{items}}`;\n  }}\n}}\n\n",
    "go": "// F{n} sums é.\nfunc F{n}(items []int) string {{\n\tfor _, item := range items {{\n"
    '\t\tif item > {n} {{\n\t\t\ttotal += item\n\t\t}}\n\t}}\n\treturn "done"\n}}\n\n',
    "rust": "impl C{n} {{\n    fn method(&self, items: &[u64]) -> String {{\n        for item in items {{\n"
    "            if *item > {n} {{ self.add(item); }} // é\n        }}\n"
    '        "done".to_string()\n    }}\n}}\n\n',
}


def large(sample: str, lines: int) -> str:
    return "".join(sample.format(n=n) for n in range(lines // sample.count("\n") + 1))


def figures(values: Sequence[float]) -> dict[str, float]:
    """Milliseconds: median, 99th percentile (the worst of fewer than a hundred) and worst."""
    ordered = sorted(1e3 * value for value in values)
    p99 = ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))]
    return {"p50": round(statistics.median(ordered), 2), "p99": round(p99, 2), "max": round(ordered[-1], 2)}


def typed(parsed: Parsed, key: str, offset: int) -> tuple[DocumentSnapshot, Edit]:
    edit = Edit(Span(offset, offset), key)
    return parsed.snapshot.replace(edit, parsed.snapshot.version + 1), edit


def keys_of_one_worker(row: Row, text: str, keys: int) -> dict[str, object]:
    """Parses without a loop: what they cost, wall and processor."""
    syntax = syntax_of(row)
    for section in SECTIONS:
        getattr(syntax, section)
    parser, snapshot = syntax.parser(), DocumentSnapshot("file:///x", 1, row.ids[0], text)
    cpu = time.thread_time()
    parsed = parse_whole(parser, syntax, snapshot, Turns(time.monotonic, 30))
    first = time.thread_time() - cpu
    walls, cpus, asked = [], [], []
    offset = text.index(str(len(parsed.outline.definitions) // 8))
    offset = text.index("item", offset)
    for i in range(keys):
        snapshot, edit = typed(parsed, "abc "[i % 4], offset + i)
        wall, cpu = time.perf_counter(), time.thread_time()
        parsed = parse_changes(parser, parsed, snapshot, [edit], Turns(time.monotonic, 30))
        walls.append(time.perf_counter() - wall)
        cpus.append(time.thread_time() - cpu)
        wall = time.perf_counter()
        facts(parsed, offset + i + 1)
        asked.append(time.perf_counter() - wall)
    return {
        "lines": snapshot.line_count,
        "definitions": len(parsed.outline.definitions),
        "whole_cpu_ms": round(1e3 * first, 1),
        "key_wall_ms": figures(walls),
        "key_cpu_ms": figures(cpus),
        "facts_ms": figures(asked),
    }


def one_language(name: str, lines: int, keys: int) -> dict[str, object]:
    row = next(row for row in LANGUAGES if row.name == name)
    cpu = time.thread_time()
    syntax = syntax_of(row)
    compiled = {}
    for section in SECTIONS:
        began = time.thread_time()
        getattr(syntax, section)
        compiled[section] = round(1e3 * (time.thread_time() - began), 1)
    first_use = 1e3 * (time.thread_time() - cpu)
    text = large(SAMPLES[name], lines)
    out = {"first_use_cpu_ms": round(first_use, 1), "queries_cpu_ms": compiled}
    return out | keys_of_one_worker(row, text, keys)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    options.add_argument("--lines", type=int, default=20_000)
    options.add_argument("--keys", type=int, default=60)
    options.add_argument("--json", type=Path, help="where to write the figures")
    chosen = options.parse_args()
    results = {name: one_language(name, chosen.lines, chosen.keys) for name in SAMPLES}
    print(
        f"{chosen.lines} lines, {chosen.keys} keys, Python {platform.python_version()}; milliseconds p50/p99/max"
    )
    print(f"{'':12}{'first use':>10}{'whole cpu':>10}  {'key cpu':18}{'key wall':20}{'facts'}")
    for name, found in results.items():
        rows = (found["key_cpu_ms"], found["key_wall_ms"], found["facts_ms"])
        cells = ["/".join(f"{value:.1f}" for value in row.values()) for row in rows]
        print(f"{name:12}{found['first_use_cpu_ms']:>10}{found['whole_cpu_ms']:>10}  ", end="")
        print(*(cell.ljust(width) for cell, width in zip(cells, (17, 19, 0), strict=True)))
    if chosen.json:
        chosen.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
