"""Lines of the same shape: which names of the one stand for which of the other, and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ai_lsp.edits.local.tokens import indentation, is_name, is_string, shape, whole


@dataclass(frozen=True, slots=True)
class Correspondence:
    """Names, strings and numbers of an example to those of a site, one to one; `same` is the share left equal."""

    pairs: Mapping[str, str]
    same: float


def mapped(example: Sequence[str], site: Sequence[str]) -> Correspondence | None:
    """How the words of some lines correspond to those of others; None where shapes differ or words collide."""
    if [shape(x) for x in example] != [shape(x) for x in site]:
        return None
    forth: dict[str, str] = {}
    back: dict[str, str] = {}
    same = total = 0
    for a, b in zip(example, site, strict=True):
        for (x, _, _), (y, _, _) in zip(whole(a), whole(b), strict=True):
            if not (is_name(x) or is_string(x) or x[0].isdigit()):
                continue
            total += 1
            same += x == y
            if forth.setdefault(x, y) != y or back.setdefault(y, x) != x:
                return None
    return Correspondence({x: y for x, y in forth.items() if x != y}, same / max(total, 1))


def translate(line: str, pairs: Mapping[str, str]) -> str:
    """A line with the mapped words exchanged, also where an affix was put to one."""
    out, done = [], 0
    for token, start, end in whole(line):
        other = pairs.get(token)
        if other is None and is_name(token):
            other = _derived(token, pairs)
        if other is not None:
            out += [line[done:start], other]
            done = end
    return "".join(out) + line[done:]


def _derived(token: str, pairs: Mapping[str, str]) -> str | None:
    """What `_size` or `size_t` becomes where `size` is mapped: the affix is kept."""
    for x, y in pairs.items():
        if len(x) < 3 or len(token) <= len(x) or not is_name(x) or not is_name(y):
            continue
        if token.endswith(x) and not token[-len(x) - 1].isalnum():
            return token[: -len(x)] + y
        if token.startswith(x) and not token[len(x)].isalnum():
            return y + token[len(x) :]
    return None


def shifted(lines: Sequence[str], was: str, now: str) -> tuple[str, ...]:
    """Lines that stood by a line indented as `was`, indented as they would be by one indented as `now`."""
    a, b = indentation(was), indentation(now)
    return tuple(b + x[len(a) :] if x.strip() and x.startswith(a) else x for x in lines)
