"""How well ghost text keeps up with somebody who types, beside a floor server and any other.

    python -m bench.typing FILES_OR_REPO… [--profile fast|laptop|both] [--local on|off|both] [--floor]
                           [--server CMD] [--keys N] [--editor NAME]… [--at-once] [--json FILE]

Real time: 1,000 keys take about three minutes for each server and profile. The model is scripted (model.py), with
real HTTP, in a process of its own; the editor is editor.py. `--server` is any language server with
textDocument/inlineCompletion; `{url}` in it is the model's address, which is also in FLOOR_MODEL_URL.
docs/typing.md says how each row is counted.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shlex
import sys
import tempfile
from collections.abc import Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from ai_lsp.cli.lsp_client import LspClient
from bench.typing.editor import MANNERS, Editor, Manner, cancels
from bench.typing.figures import figures, table
from bench.typing.keys import Script, read_files, script
from bench.typing.model import PROFILES

ROOT = Path(__file__).resolve().parents[2]
OURS = [sys.executable, "-m", "ai_lsp", "--stdio"]
FLOOR = [sys.executable, str(ROOT / "bench" / "floor_server.py")]


@asynccontextmanager
async def model(folder: Path, profile: str, texts: Mapping[str, str]) -> Any:
    """The model's process; gives its URL."""
    facts = folder / "facts.json"
    facts.write_text(json.dumps({"profile": profile, "texts": dict(texts)}), "utf-8")
    command = [sys.executable, "-m", "bench.typing.model", str(facts), str(folder / "model.jsonl")]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        yield (await process.stdout.readline()).decode().strip()
    finally:
        process.kill()
        await process.wait()


def options(url: str, profile: str, has_local: bool) -> dict[str, Any]:
    """Settings of ai-lsp as a user of such a model would have them."""
    entry = {"api": PROFILES[profile].api, "url": url, "model": "qwen2.5-coder-1.5b"}
    found: dict[str, Any] = {"models": {"tab": entry}, "routes": {"completion": "tab"}}
    if not has_local:
        found |= {"completion": {"min_confidence": 1.0}, "index": {"enabled": False}}
    return found


async def run(
    command: list[str], what: Script, others: Mapping[str, str], profile: str, has_local: bool, manner: Manner
) -> dict[str, Any]:
    """One server, one profile."""
    with tempfile.TemporaryDirectory(prefix="ai-lsp-typing-") as name:
        folder = Path(name).resolve()
        root = folder / "work"
        for path, text in {**others, **what.before}.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, "utf-8")
        private = {f"XDG_{n}_HOME": str(folder / n.lower()) for n in ("CONFIG", "CACHE", "DATA", "STATE")}
        async with model(folder, profile, what.finished) as url:
            command = [part.replace("{url}", url) for part in command]
            environment = {**private, "FLOOR_MODEL_URL": url, "FLOOR_MODEL_API": PROFILES[profile].api}
            client = await LspClient.start(
                command, root, options=options(url, profile, has_local), environment=environment
            )
            if command == OURS:
                await until_ready(client)
            editor = Editor(client, root, what, manner)
            record = await editor.play()
            cancelled = await cancels(editor, 12, 0.045)
            await asyncio.sleep(0.5)
            await client.kill()
        log = [json.loads(line) for line in (folder / "model.jsonl").read_text("utf-8").splitlines()]
        closings = []
        for at in cancelled:
            closed = [row["closed_at"] for row in log if row["at"] < at <= row.get("closed_at", 0.0)]
            closings += [(min(closed) - at) * 1e3] if closed else []
        found = figures(record, log, what.finished, closings)
        return found | {"flickered": record.flickers[:20], "stderr": list(client.stderr)[-5:]}


async def until_ready(client: LspClient) -> None:
    for _ in range(1_500):
        status = await client.request("aiLsp/status", {})
        if status["ready"] and all(row["state"] not in ("starting", "off") for row in status["routes"].values()):
            return
        await asyncio.sleep(0.02)
    raise TimeoutError(f"the server did not become ready: {status}")


async def in_turn(columns: Mapping[str, Any]) -> dict[str, Any]:
    return {title: await column() for title, column in columns.items()}


async def at_once(columns: Mapping[str, Any]) -> dict[str, Any]:
    return dict(zip(columns, await asyncio.gather(*(column() for column in columns.values())), strict=True))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("places", nargs="+", type=Path, help="files, or folders of which --files are chosen")
    parser.add_argument("--profile", choices=(*PROFILES, "both"), default="both")
    parser.add_argument("--local", choices=("on", "off", "both"), default="off", help="the embedded predictor")
    parser.add_argument("--floor", action="store_true", help="also the floor server")
    parser.add_argument("--server", help="also this server")
    parser.add_argument("--no-ours", action="store_true")
    parser.add_argument("--keys", type=int, default=1_000)
    parser.add_argument("--files", type=int, default=6, help="files chosen of each folder")
    parser.add_argument("--editor", choices=MANNERS, action="append", help="how it asks; several make columns")
    parser.add_argument("--at-once", action="store_true", help="all columns at the same time: for a look only")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    files, others = read_files(args.places, args.files)
    what = script(files, args.keys, args.seed)
    seconds = sum(key.pause_ms for key in what.keys) / 1000
    print(f"{len(what.keys)} keys in {len(files)} files, {seconds:.0f} s for each column", file=sys.stderr)
    servers: dict[str, tuple[list[str], bool]] = {}
    if not args.no_ours:
        locals_ = {"on": (True,), "off": (False,), "both": (False, True)}[args.local]
        servers |= {"ai-lsp + local" if local else "ai-lsp": (OURS, local) for local in locals_}
    if args.floor:
        servers["floor"] = (FLOOR, False)
    if args.server:
        servers["other"] = (shlex.split(args.server), False)
    profiles = tuple(PROFILES) if args.profile == "both" else (args.profile,)
    columns: dict[str, Any] = {}
    for profile in profiles:
        for name, (command, local) in servers.items():
            for editor in args.editor or ("each-key",):
                title = f"{name}, {profile}" + (f", {editor}" if args.editor else "")
                columns[title] = partial(run, command, what, others, profile, local, MANNERS[editor])
    results = asyncio.run(at_once(columns) if args.at_once else in_turn(columns))
    print(table(results))
    for name, found in results.items():
        for old, new in found["flickered"][:3]:
            print(f"flicker of {name}: {old[:60]!r} -> {new[:60]!r}")
    if args.json:
        args.json.write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
