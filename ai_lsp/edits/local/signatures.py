"""A parameter came into a function's declaration or left it: the calls that must follow, by scope and imports."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ai_lsp.edits.local import arguments
from ai_lsp.edits.local.arguments import ArgumentChange
from ai_lsp.edits.local.examples import Example
from ai_lsp.edits.local.index import Index
from ai_lsp.edits.local.rename import name_pattern
from ai_lsp.edits.local.uses import Followed, Renamed, uses

MOST_EXAMPLES = 8
_OPTIONAL = re.compile(r"=|\?\s*:|^\s*\*|^\s*\.\.\.|\.\.\.\w*$")


@dataclass(frozen=True, slots=True)
class CallSite:
    """A line with a call that must follow; `new` is the line as it would be, None where that is not known."""

    name: str
    line: int
    new: str | None
    function: str
    change: ArgumentChange
    example: Example


def call_sites(examples: Sequence[Example], index: Index, is_late: Callable[[], bool]) -> Iterator[CallSite]:
    """The calls that do not fit any more what the latest edits have declared."""
    settled = {(e.uri, n) for e in examples for n in range(e.at, e.at + len(e.new))}
    for example in examples[:MOST_EXAMPLES]:
        for a, b in example.pairs:
            for change in arguments.argument_changes(a, b):
                is_needed = change.old == "" and change.new and not _OPTIONAL.search(change.new)
                if change.is_declared and (is_needed or (change.old and not change.new)):
                    yield from _calls(change, example, b, settled, index, is_late)


def _calls(
    change: ArgumentChange, example: Example, line: str, settled: set[tuple[str, int]], index: Index,
    is_late: Callable[[], bool],
) -> Iterator[CallSite]:  # fmt: skip
    number, scopes = example.at + example.new.index(line), index.scopes(example.uri)
    view = index.view(example.uri)
    if scopes is None or number >= len(view.lines) or view.lines[number] != line:
        return
    for found in name_pattern(change.name).finditer(line):
        declared = scopes.mention(number, found.start(), found.end())
        if declared.reach in ("file", "member", "local"):
            break
    else:
        return
    one = Followed(Renamed(example.uri, change.name, change.name, declared.reach), example, declared)
    for use in uses(one, index, is_late):
        text = index.view(use.name).lines[use.line]
        if (use.name, use.line) in settled or not _lacks(text, change, line):
            continue
        is_known = not change.new or _is_at_hand(change, use.name, use.line, index)
        new = arguments.apply(change, text) if is_known else None
        yield CallSite(use.name, use.line, new, change.name, change, example)


def _lacks(line: str, change: ArgumentChange, declaration: str) -> bool:
    """Whether a line has a call that does not fit the declaration; one that goes over several lines counts."""
    if re.search(rf"(?<![\w$]){re.escape(change.name)}\s*\(", line) is None:
        return False
    taken = next((c.arguments for c in arguments.calls(declaration) if c.name == change.name), ())
    wanted = len(
        [a for a in taken if a.split(":")[0].strip() not in ("self", "cls", "&self", "&mut self", "this")]
    )
    calls = [c for c in arguments.calls(line) if c.name == change.name]
    counts = [
        len(c.arguments) for c in calls if not any(a.lstrip().startswith(("*", "...")) for a in c.arguments)
    ]
    return not calls or any(n < wanted if change.new else n > wanted for n in counts)


def _is_at_hand(change: ArgumentChange, name: str, line: int, index: Index) -> bool:
    """Whether the function around a call has something by the new parameter's name."""
    word = arguments.as_passed(change.new)
    scopes, view = index.scopes(name), index.view(name)
    if scopes is None or not word:
        return False
    home = scopes.function(line)
    return home is not None and any(home[0] <= n <= line for n in view.on(word))
