"""How many of the names in the line that a commit adds next stand in the prompt, with and without its sources.

    python -m eval.context REPO_DIR... [--commits 12] [--tokens 8192] [--json OUT]

The workspace is checked out as it was before the commit, with the history up to there; what the commit changed
before the line is open and counts as recent edits. `alone` are prompts of the document and nothing else; `all`
are prompts with all sources, cut to the same budget. `names` are words of three letters or more in the true line
that are no keywords; `missing` those that the document's own prompt lacks, and `found` how many of these the
sources bring. A column per source says how many it alone would have brought.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ai_lsp.completion.prompt import Around, build
from ai_lsp.completion.query import Query
from ai_lsp.completion.settings import CompletionSettings
from ai_lsp.context.parts import PromptPart
from ai_lsp.context.place import Place, RecentEdit
from ai_lsp.context.workspace.client import Question, WorkspaceClient
from ai_lsp.models.port import FimPrompt
from ai_lsp.models.tokens import Estimate
from ai_lsp.text.document import DocumentSnapshot
from eval.checkout import Checkout
from eval.lines.cases import LineCase, is_wanted, line_cases
from eval.lines.repository import Commit, Repository, language_id

NAME = re.compile(r"[^\W\d]\w{2,}")
KEYWORDS = frozenset(
    """
    and assert async await break case class const continue def default defer del elif else end enum
    except export extends extern false finally fn for from func function global goto impl import
    include interface let lambda match mod module mut new nil none None not null package pass pub
    public private protected raise require return self static struct super switch this throw trait
    true True False try type typeof use using var void where while with yield int string bool float
    str list dict set err error if is in of or
    """.split()  # noqa: SIM905
)
KINDS = ("definition", "file", "edit", "tests", "related")
COUNT = Estimate().count


@dataclass(slots=True)
class Score:
    """Sums over the cases of one repository."""

    cases: int = 0
    names: int = 0
    alone: int = 0
    missing: int = 0
    found: int = 0
    by_kind: Counter[str] = field(default_factory=Counter)
    tokens_alone: int = 0
    tokens_all: int = 0
    gather_ms: list[float] = field(default_factory=list)

    def row(self) -> dict[str, Any]:
        times = sorted(self.gather_ms)
        return {
            "cases": self.cases,
            "names": self.names,
            "alone": round(self.alone / max(1, self.names), 3),
            "all": round((self.alone + self.found) / max(1, self.names), 3),
            "missing": self.missing,
            "found": round(self.found / max(1, self.missing), 3),
            "tokens_alone": round(self.tokens_alone / max(1, self.cases)),
            "tokens_all": round(self.tokens_all / max(1, self.cases)),
            "gather_ms_p50": round(times[len(times) // 2], 1) if times else 0,
            "gather_ms_p95": round(times[len(times) * 95 // 100], 1) if times else 0,
            **{kind: round(self.by_kind[kind] / max(1, self.missing), 3) for kind in KINDS},
        }


class Asker:
    """One repository's workspace at one commit after another."""

    def __init__(self, repository: Repository, tree: Checkout, tokens: int) -> None:
        self.repository, self.tree, self.tokens = repository, tree, tokens
        self.client = WorkspaceClient()
        self.score = Score()

    async def commit(self, commit: Commit) -> None:
        """All cases of a commit."""
        changed = self.tree.at(commit.parent)
        root = str(self.tree.root)
        self.client.start([root], [], 20_000)
        self.client.files_changed([str(path) for path in changed])
        end = time.monotonic() + 60
        await asyncio.sleep(0.1)
        while self.client.state != "ready" and time.monotonic() < end:
            await asyncio.sleep(0.02)
        told: dict[str, str] = {}
        for case in line_cases(self.repository, commit):
            for path, lines in case.edited.items():
                text = "\n".join(lines)
                if path != case.path and told.get(path) != text:
                    told[path] = text
                    await self.client.opened(self._uri(path), f"{root}/{path}", path, language_id(path), text)
            told[case.path] = ""
            await self.case(case)
        for path in told:
            self.client.closed(self._uri(path))

    async def case(self, case: LineCase) -> None:
        """One line: its names in the prompt of the document alone, and in that with all sources."""
        wanted = {name for name in NAME.findall(case.line) if name not in KEYWORDS}
        if not wanted:
            return
        above = "".join(line + "\n" for line in case.before) + case.line[: case.indent]
        text = above + "".join("\n" + line for line in case.after)
        snapshot = DocumentSnapshot(self._uri(case.path), 1, language_id(case.path), text)
        place = Place(snapshot, len(above), case.path)
        began = time.perf_counter()
        made = await self._parts(place, case)
        self.score.gather_ms.append((time.perf_counter() - began) * 1_000)
        alone, with_all = self._prompt(place, ()), self._prompt(place, made)
        own = wanted & _names(alone)
        missing = wanted - own
        brought = missing & _names(with_all)
        score = self.score
        score.cases += 1
        score.names += len(wanted)
        score.alone += len(own)
        score.missing += len(missing)
        score.found += len(brought)
        score.tokens_alone += COUNT(_text(alone))
        score.tokens_all += COUNT(_text(with_all))
        for kind in KINDS:
            held = set().union(*(NAME.findall(part.text) for part in made if part.kind == kind))
            score.by_kind[kind] += len(missing & held)

    async def _parts(self, place: Place, case: LineCase) -> tuple[PromptPart, ...]:
        uri, text, root = place.snapshot.uri, place.snapshot.text, self.tree.root
        await self.client.opened(uri, f"{root}/{case.path}", case.path, place.snapshot.language_id, text)
        others = tuple(self._uri(path) for path in reversed(case.edited) if path != case.path)
        found = await self.client.gather(Question(uri, place.offset, len(text), others, _edits(case)), 5.0)
        assert found is not None
        return found.parts

    def _uri(self, path: str) -> str:
        return f"{self.tree.root.as_uri()}/{path}"

    def _prompt(self, place: Place, made: Sequence[PromptPart]) -> FimPrompt:
        query = Query(place.snapshot, place.offset, path=place.path)
        around = Around(tuple(made))
        built = build(query, CompletionSettings(), context_tokens=self.tokens, count=COUNT, around=around)
        assert isinstance(built.request.prompt, FimPrompt)
        return built.request.prompt


def _edits(case: LineCase) -> tuple[RecentEdit, ...]:
    """What the commit changed in other files before this line."""
    return tuple(
        RecentEdit(hunk.path, hunk.start, tuple(hunk.old), tuple(hunk.new), 60.0)
        for hunk in case.commit.hunks
        if hunk.path in case.edited and hunk.path != case.path
    )


def _text(prompt: FimPrompt) -> str:
    return "".join(each.text for each in prompt.files) + prompt.prefix + prompt.typed + prompt.suffix


def _names(prompt: FimPrompt) -> set[str]:
    return set(NAME.findall(_text(prompt)))


async def measure(folder: str, commits: int, tokens: int) -> dict[str, Any]:
    """The row of one repository."""
    repository = Repository(folder)
    with tempfile.TemporaryDirectory() as place:
        asker = Asker(repository, Checkout(folder, Path(place).resolve() / "work"), tokens)
        for commit in repository.commits(commits, is_wanted):
            await asker.commit(commit)
        await asker.client.aclose()
    repository.close()
    return asker.score.row()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repositories", nargs="+")
    parser.add_argument("--commits", type=int, default=12)
    parser.add_argument("--tokens", type=int, default=8_192)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    rows: dict[str, dict[str, Any]] = {}
    for folder in given.repositories:
        rows[Repository(folder).name] = asyncio.run(measure(folder, given.commits, given.tokens))
    keys = list(next(iter(rows.values())))
    print(f"{'':<14}" + "".join(f"{key:>14}" for key in keys))
    for name, row in rows.items():
        print(f"{name:<14}" + "".join(f"{row[key]:>14}" for key in keys))
    if given.json:
        given.json.write_text(json.dumps({"tokens": given.tokens, "rows": rows}, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
