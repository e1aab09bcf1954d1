"""`ai-lsp index [PATH]`: a folder is learnt now, so that the first editor that opens it finds it known."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import platformdirs

from ai_lsp.cli.lsp_client import LspClient
from ai_lsp.cli.lsp_wire import RequestFailed, ServerGone

SERVER = (sys.executable, "-P", "-m", "ai_lsp", "--stdio")
POLL_S = 0.1


class NotIndexed(Exception):
    """Nothing, or not all, was learnt; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Index:
    """What was learnt of a folder, in how many seconds, and the bytes all indexes of the user take on disk."""

    root: str
    files: int
    tokens: int
    seconds: float
    cache: str
    cache_bytes: int


def main(argv: Sequence[str] | None = None) -> int:
    """Run `ai-lsp index`; returns 0 where all was learnt, 2 where not."""
    options = parser().parse_args(argv)
    try:
        root = Path(options.path).resolve()
        if not root.is_dir():
            raise NotIndexed(f"{root} is no folder")
        index = asyncio.run(learn(root, options.timeout, is_seen=sys.stderr.isatty()))
    except (NotIndexed, ServerGone, RequestFailed) as error:
        sys.stderr.write(f"ai-lsp index: {error}\n")
        return 2
    except KeyboardInterrupt:
        return 130  # what was finished is in the cache
    sys.stdout.write(json.dumps(asdict(index)) + "\n" if options.json else description(index))
    return 0


def parser() -> argparse.ArgumentParser:
    """The options."""
    parser = argparse.ArgumentParser(
        prog="ai-lsp index",
        description="Learn a folder now: an editor that opens it later finds it known. Secret and ignored files "
        "are left out; a second run reads only what has changed.",
    )
    parser.add_argument("path", nargs="?", default=".", metavar="PATH", help="the folder (default: this one)")
    parser.add_argument("--json", action="store_true", help="figures for programs")
    parser.add_argument("--timeout", type=float, default=900.0, metavar="SECONDS")
    return parser


async def learn(root: Path, timeout: float, *, is_seen: bool = False) -> Index:
    """Start the server in `root` and wait until it knows all files. Raises NotIndexed, and as LspClient does."""
    began = time.monotonic()
    async with await LspClient.start(SERVER, root) as client:
        while True:
            status = await client.request("aiLsp/status", {})
            local = status["local"]
            if local["state"] == "failed":
                raise NotIndexed(f"the embedded predictor failed: {local['problem']}")
            if local["state"] == "off":
                raise NotIndexed('nothing learns here: routes.completion is not "local" in your settings')
            if status["ready"]:
                break
            seconds = time.monotonic() - began
            if is_seen:
                sys.stderr.write(f"\r{local['files']:,} files, {local['tokens']:,} tokens, {seconds:.0f} s ")
            if seconds > timeout:
                raise NotIndexed(f"not ready after {timeout:g} s; what is finished is kept, so run it again")
            await asyncio.sleep(POLL_S)
    if is_seen:
        sys.stderr.write("\r\033[K")
    cache = Path(platformdirs.user_cache_dir("ai-lsp")) / "local"
    size = sum(path.stat().st_size for path in cache.rglob("*") if path.is_file())
    return Index(str(root), local["files"], local["tokens"], time.monotonic() - began, str(cache), size)


def description(index: Index) -> str:
    """The index for a person."""
    files = "1 file" if index.files == 1 else f"{index.files:,} files"
    return (
        f"{index.root}: {files}, {index.tokens:,} tokens, known after {index.seconds:.1f} s\n"
        f"{index.cache}: {index.cache_bytes / 1e6:,.1f} MB, the indexes of all folders\n"
    )


if __name__ == "__main__":
    sys.exit(main())
