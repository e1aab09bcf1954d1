"""Steps against saying things twice: the line above, the lines below, and loops."""

from __future__ import annotations

import re

from ai_lsp.completion.clean.place import Place, closes_first, is_closer, squeezed

LOOP_LINES = 3
"""Times that a line must be said in a row to be a loop; a block of several lines is one when said twice."""

LOOP_PIECES = 4
LOOP_CHARS = 20
"""A line that ends with this many like pieces, of this many characters together, is a loop."""

_TOKENS = re.compile(r"\w+|\s+|.")


def drop_line_above(text: str, at: Place) -> str:
    """An answer that makes the cursor's line the same as the one above it only says that line again."""
    first = text.partition("\n")[0]
    said = squeezed(at.left + first)
    if len(said) >= 8 and said == squeezed(at.last_line) and not is_closer(at.last_line, at.words):
        return ""
    return text


def stop_at_lines_below(text: str, at: Place) -> str:
    """From a line on that repeats the lines below the cursor, the answer is theirs, not ours.

    White space and a `,` or `;` at the end make no difference. Lines of closers are judged by another step.
    """
    below = [key for line in at.below if (key := _key(line))][:2]
    if not below:
        return text
    lines = text.split("\n")
    for index, line in enumerate(lines):
        if index == 0 and not at.starts_line:
            continue
        if _key(line) != below[0] or closes_first(line, at.words) or _is_started_here(index, at):
            continue
        is_short = len(below[0]) <= 2
        if not is_short or [_key(x) for x in lines[index : index + 2]] == below:
            return "\n".join(lines[:index]).rstrip()
    return text


def _is_started_here(index: int, at: Place) -> bool:
    """Whether the first line is the start of the one below it, pushed down: then it is being written anew."""
    return index == 0 and bool(at.right.strip())


def _key(line: str) -> str:
    return squeezed(line).rstrip(",;")


def stop_repetition(text: str, at: Place) -> str:
    """A loop ends before it says the same again: a line, a block of lines, or pieces within the last line."""
    lines = text.split("\n")
    said = [line.strip() for line in lines]
    for index in range(len(lines)):
        for size in range(1, (len(lines) - index) // 2 + 1):
            block = said[index : index + size]
            times = LOOP_LINES if size == 1 else 2
            if not _is_weighty(block, size) or index + size * times > len(lines):
                continue
            if all(said[index + k * size : index + (k + 1) * size] == block for k in range(1, times)):
                return "\n".join(lines[: index + size])
    cut = loop_start(lines[-1])
    if cut is not None:
        lines[-1] = lines[-1][:cut]
        return "\n".join(lines).rstrip()
    return text


def _is_weighty(block: list[str], size: int) -> bool:
    if size == 1:
        return bool(block[0])
    return bool(block[0]) and len(set(block)) > 1 and sum(map(len, block)) >= LOOP_CHARS


def loop_start(line: str) -> int | None:
    """Where the second of at least LOOP_PIECES like pieces begins that end a line; None where none do."""
    tokens = _TOKENS.findall(line[-400:])
    total = len(tokens)
    for period in range(1, total // LOOP_PIECES + 1):
        if tokens[-period:] != tokens[-2 * period : -period]:
            continue
        same = period
        while same < total and tokens[total - 1 - same] == tokens[total - 1 - same + period]:
            same += 1
        size = sum(map(len, tokens[-same:]))
        piece = "".join(tokens[-period:])
        if same >= LOOP_PIECES * period and size >= LOOP_CHARS and re.search(r"\w", piece):
            return len(line) - size + sum(map(len, tokens[total - same : total - same + period]))
    return None
