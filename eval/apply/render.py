"""Blocks and files as replies in each format, and sketches of a file that hide what an edit does not touch."""

from __future__ import annotations

import random
from collections.abc import Sequence

from ai_lsp.context.languages import Row
from ai_lsp.edits.apply.lines import FileLines
from ai_lsp.edits.apply.structure import Structure, structure_of
from eval.apply.cases import Case
from eval.apply.corrupt import Block

CALLABLES = ("function", "method")


def search_replace(case: Case, blocks: Sequence[Block], dice: random.Random) -> str:
    """In fences, with the path above each block."""
    out = ["Here is the change.\n"]
    for block in blocks:
        before = "".join(line + "\n" for line in block.before)
        after = "".join(line + "\n" for line in block.after)
        out.append(f"\n{case.path}\n```\n<<<<<<< SEARCH\n{before}=======\n{after}>>>>>>> REPLACE\n```\n")
    return "".join(out)


def _signed(block: Block) -> list[str]:
    out: list[str] = []
    at = 0
    for k, line in enumerate(block.before):
        if block.shown[k] < 0:
            out.append("-" + line)
            continue
        out += ["+" + new for new in block.after[at : block.shown[k]]]
        out.append(" " + line)
        at = block.shown[k] + 1
    return out + ["+" + new for new in block.after[at:]]


def unified_diff(case: Case, blocks: Sequence[Block], dice: random.Random) -> str:
    """With line numbers that are off by up to 25."""
    out = [f"```diff\n--- a/{case.path}\n+++ b/{case.path}\n"]
    for block in blocks:
        line = max(1, block.first + dice.randint(-25, 25))
        out.append(f"@@ -{line},{len(block.before)} +{line},{len(block.after)} @@\n")
        out.append("\n".join(_signed(block)) + "\n")
    return "".join([*out, "```\n"])


def v4a(case: Case, blocks: Sequence[Block], dice: random.Random) -> str:
    """Hunks under bare `@@`."""
    out = [f"*** Begin Patch\n*** Update File: {case.path}\n"]
    for block in blocks:
        end = "*** End of File\n" if block.last == len(case.old_lines) and block.before else ""
        out.append("@@\n" + "\n".join(_signed(block)) + "\n" + end)
    return "".join([*out, "*** End Patch\n"])


LOCATED = {"search_replace": search_replace, "unified_diff": unified_diff, "v4a": v4a}


def whole_file(case: Case) -> str:
    return f"```\n{case.new}" + ("" if case.new.endswith("\n") else "\n") + "```\n"


def sketch(case: Case, row: Row, style: str) -> str | None:
    """A sketch of the new text; None where it would show everything.

    `style`: "functions" shows whole every function that is touched or next to a touched line, three lines around
    what is in none, and the heads of what they are in; "bare functions" is without those heads; "hunks" shows
    three lines around each edit, wherever that cuts.
    """
    file = FileLines(case.new)
    structure = structure_of(file, row, lambda: False)
    if structure is None:
        return None
    shown: set[int] = set()
    for region in case.regions:
        shown |= _shown(region.new, file, structure, style)
    shown = {n for n in shown if 0 <= n < len(file)}
    if style != "hunks":
        shown |= _completed(shown, structure)
    comment = f"{row.line_comment} ... existing code ..." if row.line_comment else "/* ... existing code ... */"
    out: list[str] = []
    hidden: list[int] = []

    def close() -> None:
        said = [file.raw[n] for n in hidden if file.raw[n].strip()]
        if said:
            first = said[0]
            out.append(first[: len(first) - len(first.lstrip())] + comment)
        hidden.clear()

    for number in range(len(file)):
        if number in shown:
            close()
            out.append(file.raw[number])
        else:
            hidden.append(number)
    close()
    if not any(comment in line for line in out):
        return None
    return "```\n" + "\n".join(out) + "\n```\n"


def symbols(case: Case, row: Row) -> str | None:
    """The touched functions alone; None where something else is touched too."""
    file = FileLines(case.new)
    structure = structure_of(file, row, lambda: False)
    if structure is None:
        return None
    shown: dict[int, None] = {}
    for region in case.regions:
        unit = _around(region.new, structure)
        if unit is None:
            return None
        shown[unit] = None
    parts = [structure.units[u] for u in sorted(shown)]
    return "```\n" + "\n\n".join("\n".join(file.raw[p.first : p.last]) for p in parts) + "\n```\n"


def _around(lines: tuple[int, int], structure: Structure) -> int | None:
    """The outermost function that holds the lines, as a model would show it."""
    first, last = lines
    for index, unit in enumerate(structure.units):
        inside = unit.first <= first and last <= unit.last and (first < last or unit.first < first < unit.last)
        if unit.kind in CALLABLES and inside:
            return index
    return None


def _completed(shown: set[int], structure: Structure) -> set[int]:
    """Functions of which something is shown are shown whole."""
    out: set[int] = set()
    for index, unit in enumerate(structure.units):
        parent = unit.parent
        is_outer = not (parent >= 0 and structure.units[parent].kind in CALLABLES)
        if unit.kind in CALLABLES and is_outer and any(unit.first <= n < unit.last for n in shown):
            out |= set(range(unit.first, structure.units[index].last))
    return out


def _shown(lines: tuple[int, int], file: FileLines, structure: Structure, style: str) -> set[int]:
    unit = _around(lines, structure) if style != "hunks" else None
    if unit is None:
        return set(range(lines[0] - 3, lines[1] + 3))
    part = structure.units[unit]
    first = part.first
    while first > 0 and file.raw[first - 1].lstrip().startswith(("@", "#[")):
        first -= 1
    out = set(range(first, part.last))
    parent = part.parent
    while parent >= 0 and style == "functions":
        head = structure.units[parent]
        out |= set(range(head.first, head.body))
        parent = head.parent
    return out
