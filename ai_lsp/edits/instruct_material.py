"""What makes a model understand an instruction, as quoted texts: problems, recent edits, rules of the project."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from ai_lsp.edits.instruct_values import Material
from ai_lsp.text.history import AUTHORED, HistoryEdit

MOST_RULES, MOST_RULE_CHARS = 2, 6_000
MOST_RECENT, MOST_RECENT_LINES, OLDEST_S = 6, 12, 1_800.0
PROBLEM_PRIORITY, RULES_PRIORITY, DEFINITIONS_PRIORITY, RECENT_PRIORITY = 300, 200, 150, 50
MOST_DEFINITIONS = 8

_PATH = re.compile(r"(?<![\w/])@?((?:[\w.-]+/)*[\w-][\w.-]*\.[A-Za-z][A-Za-z0-9]{0,7})(?!\w)")


def problems(lines: Sequence[str], path: str) -> list[Material]:
    """The diagnostics at the place, a line each."""
    text = "".join(f"{line}\n" for line in lines[:20])
    return [Material("problems that tools report here", text, path, PROBLEM_PRIORITY)] if text else []


def recent(
    edits: Sequence[HistoryEdit], now: float, path_of: Callable[[str], str], may_show: Callable[[str], bool]
) -> list[Material]:
    """What the user changed a moment ago, oldest first, as small diffs."""
    out: list[str] = []
    for edit in edits[::-1]:
        if edit.kind not in AUTHORED or now - edit.ended > OLDEST_S or not may_show(edit.uri):
            continue
        hunk = edit.lines
        if len(hunk.old) + len(hunk.new) > 2 * MOST_RECENT_LINES or hunk.old == hunk.new:
            continue
        lines = [f"{path_of(edit.uri)}, line {hunk.start + 1}:"]
        lines += [f"-{line[:200]}" for line in hunk.old] + [f"+{line[:200]}" for line in hunk.new]
        out.append("\n".join(lines) + "\n")
        if len(out) == MOST_RECENT:
            break
    return [Material("what the user changed last", "".join(out[::-1]), "", RECENT_PRIORITY)] if out else []


def rules(found: Sequence[tuple[str, str]]) -> list[Material]:
    """The project's rules: (path, text) each; long ones lose their end."""
    return [
        Material("rules of the project", text[:MOST_RULE_CHARS], path, RULES_PRIORITY - number)
        for number, (path, text) in enumerate(found[:MOST_RULES])
        if text.strip()
    ]


def definitions(found: Sequence[tuple[str, str]]) -> list[Material]:
    """Definitions of what the code at the place uses: (path, text) each."""
    return [
        Material("a definition that is used here", text, path, DEFINITIONS_PRIORITY - number)
        for number, (path, text) in enumerate(found[:MOST_DEFINITIONS])
    ]


def named_files(instruction: str) -> list[str]:
    """Paths that an instruction names, in their order: `src/shop.py`, `@shop.py`."""
    return list(dict.fromkeys(match[1] for match in _PATH.finditer(instruction)))
