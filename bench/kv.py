"""Prompt tokens that a real llama.cpp server reads again per key, while a repository's commits are typed.

    python -m bench.kv [REPO…] [--commits N] [--keys N] [--json FILE]

Each stretch of added lines is typed key by key into the file as it was before the commit, other files of the
commit being open, and after every key ghost text is asked for as an editor would. The figures are llama.cpp's
own counters: of all prompt tokens, how many it evaluated and how many its cache gave. The model is made by
tests/tiny_model (random weights: what it says does not matter here), one slot, no cache beside the slot's.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import sys
import tempfile
import urllib.request
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ai_lsp.cli.lsp_client import LspClient
from eval.checkout import Checkout
from eval.lines.cases import is_wanted
from eval.lines.repository import Commit, Repository, language_id
from tests.tiny_model.serve import serving

ROOT = Path(__file__).parents[1]
Rows = dict[str, dict[str, float]]
COUNTERS = {"read": "llamacpp:prompt_tokens_total", "cached": "llamacpp:prompt_tokens_cached_total"}


@dataclass(frozen=True, slots=True)
class Counted:
    """Prompt tokens since the server began: evaluated, and taken from its cache."""

    read: int
    cached: int

    def since(self, before: Counted) -> Counted:
        return Counted(self.read - before.read, self.cached - before.cached)


def counters(url: str) -> Counted:
    text = urllib.request.urlopen(f"{url}/metrics", timeout=10).read().decode()
    found = {k: re.search(rf"^{re.escape(v)} ([\d.e+]+)", text, re.MULTILINE) for k, v in COUNTERS.items()}
    return Counted(**{name: int(float(match[1])) if match else 0 for name, match in found.items()})


class Typed:
    """Tokens by kind of key: "in line" is every key but the first of a line."""

    def __init__(self) -> None:
        self.requests: dict[str, list[Counted]] = defaultdict(list)

    def row(self, kinds: tuple[str, ...]) -> dict[str, float]:
        counted = [one for kind in kinds for one in self.requests[kind] if one.read + one.cached]
        read, cached = sum(c.read for c in counted), sum(c.cached for c in counted)
        return {
            "requests": len(counted),
            "prompt_tokens": round((read + cached) / max(1, len(counted))),
            "read_per_key": round(read / max(1, len(counted)), 1),
            "read_share": round(read / max(1, read + cached), 4),
        }


async def type_commit(
    client: LspClient, url: str, commit: Commit, repo: Repository, typed: Typed, most: int
) -> None:
    paths = list(dict.fromkeys(h.path for h in commit.hunks))
    texts = {p: t for p in paths if (t := repo.text(f"{commit.parent}:{p}")) is not None}
    uris = {p: (client.root / p).as_uri() for p in texts}
    for path, text in texts.items():
        client.open(uris[path], text, language_id(path))
    for hunk in commit.hunks:
        if hunk.path not in texts or not hunk.new:
            continue
        uri = uris[hunk.path]
        mirror = client.documents[uri]
        lines = mirror.text.split("\n")
        at = sum(len(line) + 1 for line in lines[: hunk.start])
        if at > len(mirror.text) or lines[hunk.start : hunk.start + len(hunk.old)] != hunk.old:
            continue  # an earlier stretch moved it
        for number, line in enumerate(hunk.new):
            indent = len(line) - len(line.lstrip())
            client.change(uri, at, at, line[:indent] + ("\n" if number == 0 else ""))
            at += indent
            for column, key in enumerate(line[indent:]):
                client.change(uri, at, at, key)
                at += 1
                before = counters(url)
                await client.ask_inline(uri, at).answer
                kind = "first of a line" if column == 0 else "in line"
                if column == 0 and number == 0:
                    kind = "first at a place"
                typed.requests[kind].append(counters(url).since(before))
                most -= 1
                if most <= 0:
                    break
            if most <= 0:
                break
            if number + 1 < len(hunk.new):
                client.change(uri, at, at, "\n")
                at += 1
        if most <= 0:
            break
    for uri in uris.values():
        client.close(uri)


async def go_to(client: LspClient, tree: Checkout, commit: str) -> None:
    """The workspace is at a commit, and the server knows its files again."""
    changed = [{"uri": path.as_uri(), "type": 2} for path in tree.at(commit)]
    client.notify("workspace/didChangeWatchedFiles", {"changes": changed})
    for _ in range(600):
        await asyncio.sleep(0.05)
        if (await client.request("aiLsp/status", {}))["context"]["state"] in ("ready", "off"):
            return


async def measure(repository: str, url: str, commits: int, keys: int, more: dict[str, Any]) -> Rows:
    repo, typed = Repository(repository), Typed()
    with tempfile.TemporaryDirectory() as folder:
        home = dict.fromkeys(("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"), folder)
        model = {
            "api": "llamacpp",
            "url": url,
            "model": "qwen2.5-coder-tiny",
            "context_tokens": 8192,
            "timeout_s": 30,
            **more.pop("model", {}),
        }
        options = {
            "models": {"tiny": model},
            "routes": {"completion": "tiny"},
            "completion": {"max_tokens": 4, "debounce_ms": 0},
            **more,
        }
        command = [sys.executable, "-m", "ai_lsp", "--stdio"]
        root = Path(folder).resolve() / "work"
        tree = Checkout(repository, root)
        async with await LspClient.start(command, root, options=options, environment=home) as client:
            while (await client.request("aiLsp/status", {}))["routes"]["completion"]["state"] != "ready":
                await asyncio.sleep(0.05)
            for commit in repo.commits(commits, is_wanted):
                await go_to(client, tree, commit.parent)
                await type_commit(client, url, commit, repo, typed, keys)
    repo.close()
    return {
        "in line": typed.row(("in line",)),
        "first of a line": typed.row(("first of a line",)),
        "overall": typed.row(("in line", "first of a line", "first at a place")),
    }


def options(args: argparse.Namespace) -> dict[str, Any]:
    """Settings that differ from those of all runs."""
    return {"context": {"enabled": not args.alone}, "model": {"template": args.template}}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repositories", nargs="*", default=[str(ROOT)])
    parser.add_argument("--commits", type=int, default=6)
    parser.add_argument("--keys", type=int, default=250, help="most keys of one commit")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--template", default="", help="another family's format, such as mellum (suffix first)")
    parser.add_argument("--alone", action="store_true", help="prompts of the document and nothing else")
    args = parser.parse_args()
    os.environ["AI_LSP_TINY_CACHE_RAM"] = "0"  # only what one slot remembers
    results = {}
    with serving(slots=1) as url:
        for repository in args.repositories:
            results[Path(repository).parent.name if repository.endswith("/repo") else Path(repository).name] = (
                asyncio.run(measure(repository, url, args.commits, args.keys, options(args)))
            )
    print(f"{'repository':<24}{'keys':<18}{'requests':>9}{'prompt':>8}{'read/key':>10}{'share':>8}")
    for name, rows in results.items():
        for kind, row in rows.items():
            print(
                f"{name:<24}{kind:<18}{row['requests']:>9}{row['prompt_tokens']:>8}"
                f"{row['read_per_key']:>10}{row['read_share']:>8.1%}"
            )
    if args.json:
        args.json.write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
