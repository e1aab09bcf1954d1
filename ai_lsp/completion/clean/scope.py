"""Steps that keep an answer in the block it began in: closers the document has, dedents, dead code."""

from __future__ import annotations

import re

from ai_lsp.completion.clean.place import Place, closes_first, is_closer, open_brackets, opens, squeezed, width

_LABEL = re.compile(r"\s*[\w.$-]+:\s*(?://.*|/\*.*)?$")
_COMMENT_END = re.compile(r"\s*(?://|#(?![{\[])|--|/\*).*$")
_UNFINISHED = (",", "(", "[", "{", "\\", "+", "-", "*", "/", "|", "&", "=", "?", ":", ".", "<")


def drop_double_closers(text: str, at: Place) -> str:
    """A line that closes a block which the document closes right below the cursor is there already."""
    lines = text.split("\n")
    for index, line in _unowned_closers(lines, at):
        below = at.next_line
        if squeezed(below).rstrip(",;") != squeezed(line).rstrip(",;") or not is_closer(line, at.words):
            continue
        if width(below) == _depth(lines, index, at) or (index == 0 and not _has_opener_above(line, at)):
            return "\n".join(lines[:index]).rstrip()
    return text


def stay_in_block(text: str, at: Place) -> str:
    """An answer ends where it would leave the block that it began in.

    Closers and clauses such as `else` may go on one level further out, where the document itself does not go on
    inside the block: then they finish what the user began.
    """
    if at.words.is_prose:
        return text
    lines = text.split("\n")
    floor = width(at.left + lines[0]) if at.starts_line else width(at.left)
    unowned = {index for index, _ in _unowned_closers(lines, at)}
    has_closed = False
    for index, line in enumerate(lines[1:], 1):
        if not line.strip() or (line.startswith("#") and not at.words.is_indented):
            continue
        depth = width(line)
        if depth >= floor and index not in unowned and not has_closed:
            continue
        is_clause = bool(at.words.clauses.match(line))
        if depth > floor or not (closes_first(line, at.words) or is_clause) or _goes_on_inside(depth, line, at):
            return "\n".join(lines[:index]).rstrip()
        floor = depth
        has_closed = is_closer(line, at.words)
    return text


def end_after_leaving(text: str, at: Place) -> str:
    """Nothing runs behind `return` or `break` in the same block: the line after it belongs further out."""
    if at.words.is_prose:
        return text
    lines = text.split("\n")
    before = at.last_line if at.starts_line else at.left + lines[0]
    first = 0 if at.starts_line else 1
    depth = width(before)
    for index in range(first, len(lines)):
        line = at.left + lines[index] if index == 0 else lines[index]
        if not line.strip():
            continue
        if width(line) == depth and leaves(before, at) and not _may_follow(line, at):
            return "\n".join(lines[:index]).rstrip()
        before, depth = line, width(line)
    return text


def leaves(line: str, at: Place) -> bool:
    """Whether a whole statement on one line leaves its block, as `return` does."""
    if not at.words.leaving.match(line):
        return False
    code = _COMMENT_END.sub("", line).rstrip()
    if at.words.ends_in_semicolon:
        return code.endswith(";")
    return open_brackets(code) == 0 and not code.endswith(_UNFINISHED)


def _may_follow(line: str, at: Place) -> bool:
    """Lines that may stand behind `return`: clauses, closers, labels, comments, what is hoisted."""
    words = at.words
    return bool(
        closes_first(line, words)
        or words.clauses.match(line)
        or words.hoisted.match(line)
        or _LABEL.match(line)
        or line.lstrip().startswith((*words.comment, "#", "@"))
    )


def _unowned_closers(lines: list[str], at: Place) -> list[tuple[int, str]]:
    """Lines that close something which the answer itself did not open, by indentation.

    A line of the same depth must have opened it, with nothing further out between them. `} else {` hands on what
    it closes: where that is not the answer's own, neither is what the next closer closes.
    """
    out: list[tuple[int, str]] = []
    owned: set[int] = set()
    start = 0 if at.starts_line else 1
    for index in range(start, len(lines)):
        line = lines[index]
        closes = closes_first(line, at.words)
        if not closes and not at.words.clauses.match(line):
            continue
        depth = _depth(lines, index, at)
        owner = next((i for i in range(index - 1, start - 1, -1) if _is_at_most(lines, i, depth, at)), -1)
        opened = owner >= 0 and _depth(lines, owner, at) == depth
        if opened and (owner in owned or _opens_itself(lines[owner], at)):
            if not is_closer(line, at.words):
                owned.add(index)
        elif closes:
            out.append((index, line))
    return out


def _opens_itself(line: str, at: Place) -> bool:
    hands_on = closes_first(line, at.words) or at.words.clauses.match(line)
    return not hands_on and opens(line, at.words)


def _is_at_most(lines: list[str], index: int, depth: int, at: Place) -> bool:
    return bool(lines[index].strip()) and _depth(lines, index, at) <= depth


def _depth(lines: list[str], index: int, at: Place) -> int:
    return width(at.left + lines[0]) if index == 0 else width(lines[index])


def _has_opener_above(line: str, at: Place) -> bool:
    """Whether the line above that a closer at the cursor would answer to opens a block."""
    depth = width(at.left + line)
    above = next((x for x in at.above if x.strip() and width(x) <= depth), "")
    return bool(above) and width(above) == depth and opens(above, at.words)


def _goes_on_inside(depth: int, line: str, at: Place) -> bool:
    """Whether the document goes on below inside the block that a line at `depth` would end, or ends it itself."""
    below = at.next_line
    if not below:
        return False
    if width(below) > depth:
        return True
    if width(below) < depth:
        return False
    if is_closer(line, at.words):
        return is_closer(below, at.words)
    return bool(at.words.clauses.match(line)) and squeezed(below)[:4] == squeezed(line)[:4]
