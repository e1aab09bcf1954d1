"""Renames typed key by key over the language server: `python -m eval.renames REPO_DIR...`.

In each case a declaration of the newest tree is renamed as a hand does it, the next edit is asked for at the
pause after it, and Tab is pressed until nothing comes.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from ai_lsp.text.document import utf16_to_index
from eval.lines.language_server import LanguageServer, utf16
from eval.lines.repository import Commit, Repository, language_id
from eval.renames.cases import KINDS, Case, Spot, cases

METHOD = "aiLsp/nextEdit"
_KEY_S = 0.03  # between two keys
_PAUSE_S = 0.25  # before the question that counts
OPTIONS = {"next_edit": {"hints": "off"}}


class Session:
    """One case in a fresh server: the documents, the text that is wanted, and what has been reached."""

    def __init__(self, server: LanguageServer, case: Case, is_open: bool) -> None:
        self.server, self.case = server, case
        self.count: Counter[str] = Counter()
        self.shown: list[str] = []
        self.wanted: dict[str, dict[int, list[Spot]]] = {}
        for spot in case.uses:
            self.wanted.setdefault(spot.path, {}).setdefault(spot.line, []).append(spot)
        self.left = {(s.path, s.line, s.start) for s in case.uses}
        server.ensure(case.declared.path)
        if is_open:
            for path in self.wanted:
                server.ensure(path)
        self.before = {path: list(server.lines(path)) for path in {case.declared.path, *self.wanted}}

    def rename(self, way: str) -> None:
        """Types the new name over the old one, asking now and then as an editor does."""
        spot, case = self.case.declared, self.case
        keep = 0 if way == "select" else _common(case.old, case.new)
        states = (
            [case.old[:n] for n in range(len(case.old) - 1, keep - 1, -1)] if way == "keys" else [case.old[:keep]]
        )
        if way == "tail" and case.new.startswith(case.old):
            states = []
        start = states[-1] if states else case.old
        states += [case.new[:n] for n in range(len(start) + 1, len(case.new) + 1)]
        for number, name in enumerate(states):
            lines = list(self.server.lines(spot.path))
            line = self.before[spot.path][spot.line]
            lines[spot.line] = line[: spot.start] + name + line[spot.end :]
            self.server.become(spot.path, lines)
            time.sleep(_KEY_S)
            if number % 3 == 2:
                self.ask(spot.path, spot.line, spot.start + len(name))
        time.sleep(_PAUSE_S)

    def ask(self, path: str, line: int, column: int) -> dict[str, Any] | None:
        """The suggestion with the cursor there."""
        server = self.server
        text = server.lines(path)[line]
        position = {"line": line, "character": utf16(text[:column])}
        document = {"uri": server.uri(path), "version": server.version(path)}
        began = time.perf_counter()
        answer = server.connection.request(METHOD, {"textDocument": document, "position": position})
        self.ms = (time.perf_counter() - began) * 1e3
        found = answer.get("suggestions") if isinstance(answer, dict) else None
        return found[0] if found else None

    def play(self) -> None:
        """Presses Tab until all is done or nothing comes."""
        case = self.case
        where = case.declared.path, case.declared.line, case.declared.start + len(case.new)
        for number in range(2 * len(case.uses) + 4):
            one = self.ask(*where)
            if number == 0:
                self.first(one)
            if one is None:
                break
            self.count["tabs"] += 1
            where = self.taken(one, where)
        self.count["uses"] = len(case.uses)
        self.count["reached"] = len(case.uses) - len(self.left)

    def first(self, one: dict[str, Any] | None) -> None:
        """What is seen at the pause."""
        self.count["ms"] = int(self.ms)
        self.count["shown"] = one is not None
        if one is None:
            return
        path, changed = self.changed(one)
        lines = self.wanted.get(path, {})
        places = changed if one["kind"] == "edit" else {one["target"]["start"]["line"]: None}
        self.count["place"] = bool(places) and all(number in lines for number in places)
        self.count["text"] = one["kind"] == "edit" and self.count["place"] and all(
            self.rights(path, number, text) for number, text in changed.items()
        )  # fmt: skip

    def changed(self, one: dict[str, Any]) -> tuple[str, dict[int, str | None]]:
        """The file, and its lines that an edit changes, each with its new text; None where lines come or go."""
        path = unquote(one["uri"].removeprefix(self.server.uri("")).lstrip("/"))
        old = list(self.server.lines(path))
        new = list(old)
        for edit in sorted(one.get("edits", []), key=lambda e: -e["range"]["start"]["line"]):
            start, end = edit["range"]["start"], edit["range"]["end"]
            first, last = new[start["line"]], new[end["line"]] if end["line"] < len(new) else ""
            text = (
                first[: utf16_to_index(first, start["character"])] + edit["newText"].replace("\r\n", "\n")
                + last[utf16_to_index(last, end["character"]) :]
            )  # fmt: skip
            new[start["line"] : end["line"] + 1] = text.split("\n")
        if len(old) != len(new):
            return path, {one["target"]["start"]["line"]: None}
        return path, {n: b for n, (a, b) in enumerate(zip(old, new, strict=True)) if a != b}

    def rights(self, path: str, number: int, text: str | None) -> list[Spot]:
        """The uses that a line's new text renames, nothing else having changed in it; none where it is wrong."""
        spots = sorted(self.wanted.get(path, {}).get(number, ()), key=lambda s: s.start)
        now = self.before[path][number]
        if text is None:
            return []
        for bits in range(2 ** min(len(spots), 6) - 1, 0, -1):  # all of them first
            some = [s for n, s in enumerate(spots) if bits >> n & 1]
            if _replaced(now, some, self.case.new) == text:
                return some
        return []

    def taken(self, one: dict[str, Any], where: tuple[str, int, int]) -> tuple[str, int, int]:
        """Goes there; applies what is right and dismisses what is not. Returns the cursor."""
        server = self.server
        path, changed = self.changed(one)
        target = one["target"]["start"]["line"]
        server.ensure(path)
        self.before.setdefault(path, list(server.lines(path)))
        if one["kind"] == "jump":
            self.count["jumps"] += 1
            self.count["wrong_jumps"] += target not in self.wanted.get(path, {})
            self.told(one, "ai-lsp.accept")
            return path, min(target, len(server.lines(path)) - 1), 0
        rights = {number: self.rights(path, number, text) for number, text in changed.items()}
        if not all(rights.values()):
            self.count[self.blame(path, changed, rights)] += 1
            self.shown.append(f"{path}: " + "; ".join(str(t).strip()[:80] for t in changed.values()))
            self.told(one, "ai-lsp.reject")
            return where
        lines = list(server.lines(path))
        for number, text in changed.items():
            lines[number] = str(text)
        for spots in rights.values():
            self.left -= {(s.path, s.line, s.start) for s in spots}
        server.become(path, lines)
        self.told(one, "ai-lsp.accept")
        return path, max(changed), len(lines[max(changed)])

    def blame(self, path: str, changed: dict[int, str | None], rights: dict[int, list[Spot]]) -> str:
        """What a wrong edit is: of text, of another scope, of a use with the wrong text, of something else."""
        wrong = [n for n in changed if not rights[n]]
        quiet = {(s.path, s.line) for s in self.case.quiet}
        if any(n in self.wanted.get(path, {}) for n in wrong):
            return "wrong_text"
        if all((path, n) in quiet for n in wrong):
            return "in_words"
        return "other_scope" if all(self.case.new in (changed[n] or "") for n in wrong) else "other"

    def told(self, one: dict[str, Any], command: str) -> None:
        identity = one.get("id") or (one.get("command") or {}).get("arguments", [""])[0]
        asked = {"command": command, "arguments": [identity]}
        self.server.connection.request("workspace/executeCommand", asked)
        time.sleep(0.05)


def _common(a: str, b: str) -> int:
    n = 0
    while n < min(len(a), len(b)) and a[n] == b[n]:
        n += 1
    return n


def _replaced(line: str, spots: Sequence[Spot], new: str) -> str:
    for spot in sorted(spots, key=lambda s: -s.start):
        line = line[: spot.start] + new + line[spot.end :]
    return line


def run(folder: str, options: argparse.Namespace) -> list[tuple[Case, Counter[str]]]:
    """All cases of one repository."""
    repository = Repository(folder)
    head = repository.git("rev-parse", options.commit).decode().strip()
    files = {}
    for path, sha in repository.tree(head).items():
        text = repository.text(sha)
        if text is not None:
            files[path] = language_id(path), text
    out = []
    for number, case in enumerate(cases(files, options.cases, repository.name)):
        if options.kinds and case.kind not in options.kinds:
            continue
        server = LanguageServer(repository, options.server, 0.6, OPTIONS)
        try:
            server.commit(Commit(head, head))
            dice = random.Random(f"{repository.name}{number}")
            session = Session(server, case, is_open=dice.random() < 0.5)
            session.rename(dice.choice(("tail", "select", "keys")))
            session.play()
            out.append((case, session.count))
            if options.show:
                where = f"{case.declared.path}:{case.declared.line + 1}"
                print(
                    case.kind, where, case.old, "->", case.new, dict(session.count), *session.shown, sep="\n   "
                )
        finally:
            server.close()
    return out


COLUMNS = (
    "shown",
    "place",
    "text",
    "reached",
    "jumps",
    "wrong_jumps",
    "in_words",
    "other_scope",
    "wrong_text",
    "other",
)


def table(done: Sequence[tuple[Case, Counter[str]]]) -> dict[str, dict[str, float]]:
    """The figures by kind. Shares of cases for what is seen at the pause; `reached`: the mean share of uses; the
    rest are counts a case."""
    out = {}
    for kind in (*KINDS, "all"):
        some = [c for case, c in done if kind in (case.kind, "all")]
        if some:
            n = len(some)
            row = {name: round(sum(c[name] for c in some) / n, 3) for name in COLUMNS}
            row["reached"] = round(sum(c["reached"] / c["uses"] for c in some) / n, 3)
            row["ms_most"] = max(c["ms"] for c in some)
            out[kind] = {"cases": n, **row}
    return out


def main() -> None:
    """Runs, prints a table, writes JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("repositories", nargs="+")
    parser.add_argument("--cases", type=int, default=4, help="of each kind in each repository")
    parser.add_argument("--kinds", nargs="*", choices=KINDS)
    parser.add_argument("--commit", default="HEAD")
    parser.add_argument("--server", default=f"{sys.executable} -m ai_lsp --stdio")
    parser.add_argument("--show", action="store_true", help="print each case")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    done: list[tuple[Case, Counter[str]]] = []
    for folder in options.repositories:
        done += run(folder, options)
    rows = table(done)
    names = ["cases", *COLUMNS, "ms_most"]
    print("kind".ljust(10), *(n.rjust(max(7, len(n))) for n in names))
    for kind, row in rows.items():
        print(kind.ljust(10), *(str(row[n]).rjust(max(7, len(n))) for n in names))
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
