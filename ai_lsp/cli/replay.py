"""`ai-lsp replay FILE`: recorded prompts made again with today's code, the same bytes or why not.

Recordings are made when `recording.enabled` is set, in the user's state folder; without FILE the newest is read.
"""

from __future__ import annotations

import argparse
import difflib
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ai_lsp.cli.remade import Remade, remade
from ai_lsp.context.counts import Counts
from ai_lsp.context.recording import NotRecorded, Recorded, decisions, digest, read, recorded
from ai_lsp.context.trace import kind_word, summary
from ai_lsp.errors import UnknownTemplate
from ai_lsp.lsp.recorder import recordings_folder
from ai_lsp.models.fim import FimTemplate, template_for, template_names
from ai_lsp.models.tokens import UnknownTokenizer, counter

MOST_LISTED = 12
"""Reasons that are listed of one prompt."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """One prompt made again. `now` is of the inputs as recorded, `changed` of those with another budget or
    tokenizer, the same where neither was asked for."""

    recorded: Recorded
    now: Remade
    changed: Remade

    @property
    def is_same(self) -> bool:
        return digest(self.now.prompt.request) == self.recorded.digest


def replay(
    lines: Iterable[str],
    counts: Counts,
    *,
    budget: int | None = None,
    tokenizer: str = "",
    only: int | None = None,
) -> Iterator[Replayed]:
    """The prompts of a recording as today's code makes them. `budget` in tokens takes the place of the model's
    context; `only` is one prompt's number. Raises NotRecorded, UnknownTokenizer."""
    count = counter(tokenizer) if tokenizer else None
    for row, texts in read(lines):
        if only is not None and row.get("number") != only:
            continue
        now = remade(row, texts, counts)
        is_other = budget is not None or count is not None
        changed = now.again(context_tokens=budget, count=count, counts=counts) if is_other else now
        yield Replayed(recorded(row), now, changed)


def drift(one: Replayed) -> list[str]:
    """Why a prompt has other bytes than then, part by part; [] where it has the same."""
    if one.is_same:
        return []
    before = {key: (kind, chosen, cost) for key, kind, chosen, cost in one.recorded.decisions}
    after = {key: (kind, chosen, cost) for key, kind, chosen, cost in decisions(one.now.prompt.fitted)}
    out = []
    for key in dict.fromkeys((*before, *after)):
        old, new = before.get(key), after.get(key)
        if old is None or new is None:
            kind = (new or old or ("",))[0]
            out.append(f"{kind_word(kind)} ({key}): {'is new' if old is None else 'is not made any more'}")
        elif old[1] != new[1]:
            out.append(f"{kind_word(new[0])} ({key}): was {_state(old[1])}, is {_state(new[1])}")
        elif old[2] != new[2] and old[2] >= 0 and new[2] >= 0:
            out.append(f"{kind_word(new[0])} ({key}): {old[2]} tokens then, {new[2]} now")
    return out or ["the same parts, joined in another way: the layout has changed"]


def main(argv: Sequence[str]) -> int:
    """Exit 0 where all prompts have the same bytes, 1 where some have not, 2 where nothing could be read."""
    options = _arguments(argv)
    try:
        path = options.file or newest()
        template = template_for("", options.template) if options.template else None
        with path.open(encoding="utf-8", errors="surrogatepass", newline="\n") as file:
            wanted = replay(file, Counts(), budget=options.budget, tokenizer=options.tokenizer, only=options.only)
            found = list(deque(wanted, options.last))
    except (OSError, NotRecorded, UnknownTemplate, UnknownTokenizer) as problem:
        print(f"ai-lsp replay: {problem}", file=sys.stderr)
        return 2
    if not found:
        print(f"{path}: no prompts", file=sys.stderr)
        return 2
    for line in report(found, template, shows_diff=options.diff, shows_cut=options.cut):
        print(line)
    if options.html:
        from ai_lsp.cli.replay_page import page

        options.html.write_text(page(found), encoding="utf-8")
        print(f"written: {options.html}")
    return int(any(not each.is_same for each in found))


def newest() -> Path:
    """The recording written last. Raises NotRecorded where there is none."""
    found = sorted(recordings_folder().glob("*.jsonl"), key=lambda path: path.stat().st_mtime)
    if not found:
        raise NotRecorded(f'nothing is recorded in {recordings_folder()}: set "enabled" in [recording]')
    return found[-1]


def report(
    found: Sequence[Replayed], template: FimTemplate | None, *, shows_diff: bool, shows_cut: bool
) -> Iterator[str]:
    """What is printed: a line per prompt that drifted or was asked for, and the count."""
    is_other = any(each.changed is not each.now for each in found)
    for one in found:
        at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(one.recorded.at))
        head = f"{one.recorded.number:>5}  {at}  {one.now.title}"
        if not one.is_same:
            yield f"{head}  other bytes (recorded by {one.recorded.version})"
            reasons = drift(one)
            yield from (f"       {reason}" for reason in reasons[:MOST_LISTED])
            if len(reasons) > MOST_LISTED:
                yield f"       and {len(reasons) - MOST_LISTED} more"
        elif is_other or shows_cut or shows_diff:
            yield f"{head}  the same bytes"
        if is_other:
            fitted = one.changed.prompt.fitted
            yield f"       {one.now.prompt.fitted.tokens:,} → {fitted.tokens:,} tokens of {fitted.budget:,}"
        if shows_cut:
            yield f"       {summary(one.changed.prompt.fitted)}"
            yield from _cut(one.changed)
        if shows_diff:
            yield from _diff(one.now.text(None), one.changed.text(template))
    same = sum(each.is_same for each in found)
    hidden = sum(each.recorded.hidden > 0 for each in found)
    tail = f"; in {hidden} placeholders stand for secrets" if hidden else ""
    yield f"{len(found)} prompts: {same} the same bytes, {len(found) - same} not{tail}"


def _cut(remade: Remade) -> Iterator[str]:
    cut = remade.prompt.fitted.cut
    for one in remade.prompt.fitted.dropped:
        label, mark = one.part.label, "  ← the cut" if one.part is cut else ""
        tokens = "?" if one.tokens is None else f"{one.tokens:,}"
        where = f"{label.uri}:{label.first_line + 1}" if label.uri else one.part.key
        yield f"       - {kind_word(one.part.kind)} {where}  {tokens} tokens, {one.why}{mark}"


def _diff(before: str, after: str) -> Iterator[str]:
    if before == after:
        yield "       (no difference)"
        return
    lines = difflib.unified_diff(
        before.split("\n"), after.split("\n"), "as recorded", "as asked", lineterm="", n=2
    )
    yield from (f"       {line}" for line in lines)


def _state(chosen: int) -> str:
    return "left out" if chosen < 0 else "whole" if chosen == 0 else f"shortened ({chosen})"


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="ai-lsp replay", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", nargs="?", type=Path, help="a recording; without it the newest")
    parser.add_argument("--only", type=int, metavar="N", help="the prompt of that number")
    parser.add_argument("--last", type=int, metavar="N", help="the last N prompts")
    parser.add_argument("--diff", action="store_true", help="what another budget, tokenizer or layout changes")
    parser.add_argument("--cut", action="store_true", help="what was left out, and why")
    parser.add_argument(
        "--budget", type=int, metavar="TOKENS", help="as if the model read so many tokens at once"
    )
    parser.add_argument(
        "--tokenizer", default="", metavar="NAME", help="o200k_base, cl100k_base, or bytes per token such as 3.2"
    )
    parser.add_argument("--template", default="", metavar="FAMILY", help=f"one of {', '.join(template_names())}")
    parser.add_argument("--html", type=Path, metavar="FILE", help="a page with the prompts, the cut and a slider")
    return parser.parse_args(argv)
