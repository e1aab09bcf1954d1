"""What checking an edit costs, and whether the verdict is true: real edits of repositories against the same tools
run cold, as commands, on the written-out edit.

    python -m bench.shadow REPO... [--edits 100] [--servers ruff,ty] [--kills 20] [--json FILE]

Each edit is a file before and after a commit, as an unsaved buffer over the newest tree. Prints the wait for a
verdict (ms), the checkers' memory (MB), agreement with the cold commands over what is introduced and fixed, and
whether a byte or a time under the user's root changed, also when the process is killed in the middle.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

from ai_lsp.diagnostics.shadow.checkers import BY_NAME, executable
from ai_lsp.diagnostics.shadow.pool import Candidate, Pool
from ai_lsp.diagnostics.shadow.settings import ShadowSettings
from ai_lsp.diagnostics.shadow.verdict import HINT, Reported
from ai_lsp.text.document import split_lines
from eval.lines.repository import Repository

Keys = Counter[tuple[str, str]]
_TY_LINE = re.compile(r"^(?P<path>[^:\n]+):(?P<line>\d+):\d+: (?P<level>\w+)\[(?P<code>[\w-]+)\]", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class RealEdit:
    """A file before and after a commit."""

    path: str
    before: str
    after: str


def edits_of(repository: Repository, root: Path, most: int) -> Iterator[RealEdit]:
    """The newest edits of Python files that the newest tree still has."""
    found = 0
    for row in repository.git("log", "--no-merges", "--format=%H", "-n", "3000").decode().split():
        for line in (
            repository.git("diff-tree", "-r", "--no-commit-id", "--name-status", row).decode().splitlines()
        ):
            kind, _, path = line.partition("\t")
            if kind != "M" or not path.endswith(".py") or not (root / path).is_file():
                continue
            before, after = repository.text(f"{row}^:{path}"), repository.text(f"{row}:{path}")
            if before is None or after is None or before == after:
                continue
            yield RealEdit(path, before, after)
            found += 1
            if found == most:
                return


def cold(server: str, root: Path, path: str, text: str) -> Keys:
    """What the tool's own command says of a file with this text, by code and the words of the line."""
    (root / path).write_text(text, encoding="utf-8")
    program = executable(BY_NAME[server])
    assert program is not None
    if server == "ruff":
        command = [program, "check", "--no-cache", "--force-exclude", "--output-format", "json", path]
        said = subprocess.run(command, cwd=root, capture_output=True, text=True).stdout
        places = [(str(each["code"]), each["location"]["row"]) for each in json.loads(said or "[]")]
    else:
        command = [program, "check", "--output-format", "concise", path]
        said = subprocess.run(command, cwd=root, capture_output=True, text=True).stdout
        places = [(m["code"], int(m["line"])) for m in _TY_LINE.finditer(said) if m["path"] == path]
    lines = split_lines(text)
    return Counter((code, " ".join(lines[row - 1].split()) if row <= len(lines) else "") for code, row in places)


def keys(found: tuple[Reported, ...], server: str, uri: str) -> Keys:
    """A verdict's half, comparable with the cold one."""
    mine = (each for each in found if each.checker == server and each.uri == uri and each.severity != HINT)
    return Counter((each.code, each.words) for each in mine)


def state_of(root: Path) -> dict[str, tuple[int, str]]:
    """Time and hash of every file."""
    files = (path for path in root.rglob("*") if path.is_file() and not path.is_symlink())
    return {str(p): (p.stat().st_mtime_ns, hashlib.sha256(p.read_bytes()).hexdigest()) for p in files}


async def measure(repository: Repository, servers: tuple[str, ...], most: int) -> dict[str, object]:
    """All figures of one repository."""
    with tempfile.TemporaryDirectory(prefix="shadow-") as folder:
        user, clean = Path(folder, "user"), Path(folder, "clean")
        checked_out(repository, user)
        shutil.copytree(user, clean, symlinks=True)
        before = state_of(user)
        pool = Pool(ShadowSettings(servers=servers, budget_ms=60_000))
        waits: list[float] = []
        dirty_waits: list[float] = []
        agreed = asked = 0
        differing: list[str] = []
        memory = 0
        first_ms = 0.0
        try:
            for edit in edits_of(repository, user, most):
                uri = (user / edit.path).as_uri()
                base = {uri: edit.before}
                began = time.perf_counter()
                await pool.check(
                    Candidate(user, base, {uri: edit.before})
                )  # the editor's own state, known before
                first_ms = first_ms or (time.perf_counter() - began) * 1000
                began = time.perf_counter()
                verdict = await pool.check(Candidate(user, base, {uri: edit.after}))
                took = (time.perf_counter() - began) * 1000
                waits.append(took)
                if verdict.introduces or verdict.fixes:
                    dirty_waits.append(took)
                memory = max(memory, pool.memory_mb)
                for server in servers:
                    if server not in ("ruff", "ty"):
                        continue
                    asked += 1
                    old, new = (cold(server, clean, edit.path, t) for t in (edit.before, edit.after))
                    truth = (new - old, old - new)
                    ours = (keys(verdict.introduces, server, uri), keys(verdict.fixes, server, uri))
                    if server in verdict.checked_by and truth == ours:
                        agreed += 1
                    else:
                        differing.append(f"{server} {edit.path}: {truth} != {ours} {dict(verdict.unknown)}")
                shutil.copyfile(user / edit.path, clean / edit.path)
        finally:
            await pool.aclose()
        changed = [path for path, state in state_of(user).items() if before.get(path) != state]
        changed += [path for path in before if not Path(path).exists()]
        return {
            "repository": repository.name,
            "edits": len(waits),
            "first_ms": round(first_ms, 1),
            "p50_ms": round(median(waits), 1) if waits else None,
            "p95_ms": round(quantiles(waits, n=20)[-1], 1) if len(waits) > 1 else None,
            "p50_dirty_ms": round(median(dirty_waits), 1) if dirty_waits else None,
            "memory_mb": memory,
            "compared": asked,
            "agreed": agreed,
            "differing": differing[:20],
            "changed_under_root": changed,
        }


def checked_out(repository: Repository, folder: Path) -> None:
    """The newest tree as files."""
    folder.mkdir(parents=True)
    archive = subprocess.Popen(
        ["git", "-C", repository.folder, "archive", "HEAD"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    subprocess.run(["tar", "-x", "-C", folder], stdin=archive.stdout, check=True)
    archive.wait()


async def victim(root: Path, servers: tuple[str, ...]) -> None:
    """Checks edits of a folder without end, until it is killed."""
    pool = Pool(ShadowSettings(servers=servers, budget_ms=60_000))
    files = sorted(root.rglob("*.py"))
    while True:
        for path in files:
            text = path.read_text(encoding="utf-8", errors="replace")
            await pool.check(Candidate(root, {path.as_uri(): text}, {path.as_uri(): text + "\nundefined_name\n"}))


def killed(repository: Repository, servers: tuple[str, ...], times: int) -> tuple[int, int]:
    """Files changed, and checkers left running, after so many kill -9 at random moments."""
    dice = random.Random(1)
    with tempfile.TemporaryDirectory(prefix="shadow-") as folder:
        root = Path(folder, "user")
        checked_out(repository, root)
        before = state_of(root)
        for _ in range(times):
            command = [
                sys.executable,
                "-m",
                "bench.shadow",
                "--victim",
                str(root),
                "--servers",
                ",".join(servers),
            ]
            child = subprocess.Popen(command)
            time.sleep(dice.uniform(0.3, 1.5))
            child.send_signal(signal.SIGKILL)
            child.wait()
        time.sleep(1.0)
        left = subprocess.run(["pgrep", "-f", f"{folder}"], capture_output=True, text=True).stdout.split()
        return sum(before.get(path) != state for path, state in state_of(root).items()), len(left)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repositories", nargs="*")
    parser.add_argument("--edits", type=int, default=100, help="of each repository")
    parser.add_argument("--servers", default="ruff,ty")
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--victim", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    servers = tuple(asked.servers.split(","))
    if asked.victim:
        asyncio.run(victim(asked.victim, servers))
    rows = []
    for name in asked.repositories:
        repository = Repository(name)
        row = asyncio.run(measure(repository, servers, asked.edits))
        if asked.kills:
            row["changed_by_kills"], row["left_running"] = killed(repository, servers, asked.kills)
        repository.close()
        rows.append(row)
        print(
            f"{row['repository']:12} {row['edits']:4} edits  first {row['first_ms']} ms  p50 {row['p50_ms']}"
            f" (with findings {row['p50_dirty_ms']})  p95 {row['p95_ms']} ms  {row['memory_mb']} MB  agreed"
            f" {row['agreed']}/{row['compared']}  changed {len(row['changed_under_root'])}"  # type: ignore[arg-type]
            + (f"  kills: {row['changed_by_kills']} changed, {row['left_running']} left" if asked.kills else "")
        )
        for line in row["differing"]:  # type: ignore[attr-defined]
            print("   ", line)
    if asked.json:
        asked.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
