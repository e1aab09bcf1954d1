"""How far two lines are apart, in characters that someone must have changed."""

from __future__ import annotations

import re
from difflib import SequenceMatcher

from ai_lsp.text.diff import common_prefix

_DIGITS = re.compile(r"\d+")
_WORDS = re.compile(r"\w+|[^\w]")
LIKE = 0.6
"""Share of a line that must be the same for it to be the same line, changed."""


def distance(a: str, b: str) -> float:
    """About how many characters must change to make `b` from `a`; infinite where too few stay.

    Different numbers say that a text has moved on, not that someone mistyped: they cost extra.
    """
    if a == b:
        return 0.0
    longest, shortest = max(len(a), len(b)), min(len(a), len(b))
    if longest - shortest > (1 - LIKE) * longest + 1:
        return float("inf")
    start = common_prefix(a, b)
    x, y = a[start:], b[start:]
    end = common_prefix(x[::-1], y[::-1])
    x, y = x[: len(x) - end], y[: len(y) - end]
    cost = float(max(len(x), len(y)))
    if cost > 3 and x and y:
        matcher = SequenceMatcher(None, x, y, autojunk=False)
        same = sum(block.size for block in matcher.get_matching_blocks() if block.size > 1)
        cost = max(len(x), len(y)) - same
    if cost > (1 - LIKE) * longest + 1:
        return float("inf")
    if _DIGITS.findall(a) != _DIGITS.findall(b):
        cost += 3
    return cost


def is_slip(quoted: str, ours: str, text: str) -> bool:
    """Whether a line is quoted as by a slip of the pen: a character or two differ, no number, or only blanks.

    What comes of a slip is no word of the file's `text`; `sync` for `async` is another line where both are words.
    """
    if "".join(quoted.split()) == "".join(ours.split()):
        return True
    if distance(quoted, ours) > max(2.0, 0.04 * len(quoted)):
        return False
    theirs, own = _WORDS.findall(quoted), _WORDS.findall(ours)
    for start, end, new in _changes(own, theirs):
        words = [word for word in new if _is_word(word)]
        if not words and any(map(_is_word, own[start:end])):
            return False  # a word less is another line too
        if any(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text) for word in words):
            return False
    return True


def _is_word(token: str) -> bool:
    return token[0].isalnum() or token[0] == "_"


def merge_words(base: str, ours: str, theirs: str) -> str | None:
    """One line changed on two sides, merged by words; None where both changed the same words differently."""
    if base == theirs or ours == theirs:
        return ours
    if base == ours:
        return theirs
    b, o, t = (_WORDS.findall(line) for line in (base, ours, theirs))
    mine, yours = _changes(b, o), _changes(b, t)
    out: list[str] = []
    at = i = j = 0
    while i < len(mine) or j < len(yours):
        a = mine[i] if i < len(mine) else None
        c = yours[j] if j < len(yours) else None
        if a is not None and c is not None and a == c:
            i, j, step = i + 1, j + 1, a
        elif a is not None and (c is None or a[1] < c[0] or (a[1] == c[0] and a[0] < a[1] and c[0] < c[1])):
            i, step = i + 1, a
        elif c is not None and (a is None or c[1] < a[0] or (c[1] == a[0] and c[0] < c[1] and a[0] < a[1])):
            j, step = j + 1, c
        else:
            return None
        start, end, new = step
        out += [*b[at:start], *new]
        at = end
    return "".join([*out, *b[at:]])


def _changes(old: list[str], new: list[str]) -> list[tuple[int, int, list[str]]]:
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    return [(a, b, new[c:d]) for tag, a, b, c, d in matcher.get_opcodes() if tag != "equal"]
