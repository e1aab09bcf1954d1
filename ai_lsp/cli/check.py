"""`ai-lsp check`: what the server finds in a change or in files, for a terminal or for CI; a language client."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from ai_lsp import __version__
from ai_lsp.cli.lsp_client import DEFAULT_CAPABILITIES, LspClient
from ai_lsp.cli.lsp_wire import RequestFailed, ServerGone
from ai_lsp.cli.report import FORMATS, Found, Report
from ai_lsp.text.document import split_lines

SERVER = (sys.executable, "-P", "-m", "ai_lsp", "--stdio")
LEVELS = {"error": 1, "warning": 2, "hint": 4, "never": 0}
CLEAN, FOUND, COULD_NOT_RUN = 0, 1, 2


class CouldNotRun(Exception):
    """Nothing was checked; the message says why in a sentence."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run `ai-lsp check`; returns 0 clean, 1 findings at or above --fail-on, 2 could not run."""
    options = parser().parse_args(argv)
    try:
        root = Path(options.root).resolve()
        if not root.is_dir():
            raise CouldNotRun(f"{root} is no folder")
        report = asyncio.run(check(root, options.diff, options.paths, options.timeout))
    except (CouldNotRun, ServerGone, RequestFailed, TimeoutError) as error:
        sys.stderr.write(f"ai-lsp check: {error or 'the server took too long'}\n")
        return COULD_NOT_RUN
    except KeyboardInterrupt:
        return 130
    sys.stdout.write(FORMATS[options.format](report))
    worst = min((found.severity for found in report.found), default=9)
    return FOUND if worst <= LEVELS[options.fail_on] else CLEAN


def parser() -> argparse.ArgumentParser:
    """The options."""
    parser = argparse.ArgumentParser(prog="ai-lsp check", description="Point out code that is probably wrong.")
    parser.add_argument(
        "paths", nargs="*", metavar="PATH", help="files and folders; all of the folder without any"
    )
    parser.add_argument("--diff", metavar="REV", help="only what changed since a revision of git, or within A..B")
    parser.add_argument("--format", choices=tuple(FORMATS), default="text")
    parser.add_argument(
        "--fail-on", choices=tuple(LEVELS), default="warning", help="the mildest finding that gives exit code 1"
    )
    parser.add_argument("--root", default=".", help="the folder that paths are relative to")
    parser.add_argument("--timeout", type=float, default=900.0, metavar="SECONDS")
    return parser


async def check(root: Path, revision: str | None, paths: Sequence[str], timeout: float) -> Report:
    """What the server says of a change or of files. Raises CouldNotRun and what LspClient raises."""
    capabilities = dict(DEFAULT_CAPABILITIES)
    text_document = dict(capabilities["textDocument"])
    text_document |= {"diagnostic": {}, "publishDiagnostics": {"relatedInformation": True}}
    capabilities["textDocument"] = text_document
    capabilities["workspace"] = {**capabilities["workspace"], "diagnostics": {"refreshSupport": True}}
    wish = {"paths": [str(Path(p)) for p in paths], "wait": True, **({"diff": revision} if revision else {})}
    # Only findings are asked for: no embedded predictor is started, and nothing is learnt.
    options = {"routes": {"completion": "", "next_edit": ""}}
    async with await LspClient.start(SERVER, root, capabilities=capabilities, options=options) as client:
        call = {"command": "ai-lsp.review", "arguments": [wish]}
        done = await client.request("workspace/executeCommand", call, timeout=timeout)
        if done["problem"]:
            raise CouldNotRun(done["problem"])
        found: list[Found] = []
        for file in done["files"]:
            if not file["findings"]:
                continue
            document = {"textDocument": {"uri": file["uri"]}}
            report = await client.request("textDocument/diagnostic", document, timeout=60.0)
            rows = await asyncio.to_thread(_rows, file["uri"])
            found += [_found(root, file["uri"], item, rows) for item in report["items"]]
    found.sort(key=lambda f: (f.path, f.line, f.column, f.code))
    skipped = [(_path(root, each["uri"]), str(each["why"])) for each in done["skipped"]]
    lines = sum(file["lines"] for file in done["files"])
    unheard = [(str(each["why"]), int(each["files"])) for each in done["unheard"]]
    return Report(found, len(done["files"]), lines, skipped, __version__, unheard)


def _found(root: Path, uri: str, item: Mapping[str, Any], rows: Sequence[str]) -> Found:
    start, end, data = item["range"]["start"], item["range"]["end"], item["data"]
    related = [
        (_path(root, each["location"]["uri"]), each["location"]["range"]["start"]["line"] + 1, each["message"])
        for each in item.get("relatedInformation", ())
    ]
    return Found(
        _path(root, uri),
        start["line"] + 1,
        start["character"] + 1,
        end["line"] + 1,
        end["character"] + 1,
        item["severity"],
        item["code"],
        item["message"],
        data["fingerprint"],
        data["confidence"],
        data["evidence"],
        related,
        rows[start["line"]] if start["line"] < len(rows) else "",
    )


def _rows(uri: str) -> list[str]:
    """The lines of a file; none where it is gone by now."""
    try:
        return split_lines(Path(unquote(urlsplit(uri).path)).read_text("utf-8", "replace"))
    except OSError:
        return []


def _path(root: Path, uri: str) -> str:
    path = Path(unquote(urlsplit(uri).path))
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()


if __name__ == "__main__":
    sys.exit(main())
