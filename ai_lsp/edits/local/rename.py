"""A name exchanged for another, followed into longer names and other spellings."""

from __future__ import annotations

import re
from functools import lru_cache

SHORTEST_PART = 3


def changed_part(old: str, new: str) -> tuple[str, str]:
    """The words within two names that differ: `get_foo`, `get_bar` -> `foo`, `bar`."""
    a, b = _words(old), _words(new)
    start = 0
    while start < min(len(a), len(b)) and a[start] == b[start]:
        start += 1
    end = 0
    while end < min(len(a), len(b)) - start and a[-1 - end] == b[-1 - end]:
        end += 1
    return "".join(a[start : len(a) - end]).strip("_"), "".join(b[start : len(b) - end]).strip("_")


@lru_cache(maxsize=4096)
def _words(name: str) -> tuple[str, ...]:
    return tuple(re.findall(r"_+|[A-Z]+(?![a-z])|[A-Z]?[a-z0-9$]+|[^\W\d_]+|\d+", name))


def spellings(old: str, new: str) -> dict[str, str]:
    """A part of a name in the spellings that code uses, each with the new one in the same spelling."""
    a, b = [w.lower() for w in _words(old) if w.strip("_")], [w.lower() for w in _words(new) if w.strip("_")]
    if not a or not b:
        return {old: new}
    styles = {
        "_".join(a): "_".join(b),
        "_".join(a).upper(): "_".join(b).upper(),
        "".join(map(str.capitalize, a)): "".join(map(str.capitalize, b)),
        a[0] + "".join(map(str.capitalize, a[1:])): b[0] + "".join(map(str.capitalize, b[1:])),
        "-".join(a): "-".join(b),
        " ".join(a): " ".join(b),
    }
    return {old: new} | {x: y for x, y in styles.items() if len(x) >= SHORTEST_PART and x != y}


@lru_cache(maxsize=512)
def pattern(part: str) -> re.Pattern[str]:
    """Finds a part where it is words of a name, not letters of a word."""
    before = r"(?<![a-zA-Z])" if part[0].islower() else r"(?<![A-Z])" if part[0].isupper() else ""
    after = r"(?![A-Z0-9])" if part.isupper() else r"(?![a-z])"
    return re.compile(before + re.escape(part) + after)


@lru_cache(maxsize=512)
def name_pattern(name: str) -> re.Pattern[str]:
    """Finds a name as a whole."""
    return re.compile(rf"(?<![\w$]){re.escape(name)}(?![\w$])")
