"""How a line was rewritten, as a rule: its changed stretches, what stood around them, and where else that fits.

The unchanged stretches between two changed ones are holes: in another line any text with balanced brackets may
stand there. String literals count as one token unless the change lies inside one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from ai_lsp.edits.local.tokens import (
    CLOSERS,
    NAME,
    OPENERS,
    WORD,
    Token,
    fine,
    indentation,
    is_name,
    is_string,
    whole,
)

MOST_PARTS = 5
_LINE_START, _LINE_END = "\x02", "\x03"
_CONTEXT = 4  # tokens compared on either side
_LONGEST_HOLE = 24  # tokens


@dataclass(frozen=True, slots=True)
class Part:
    """One changed stretch: tokens that became a text. `from_left`, `to_right`: the blanks on that side changed
    with it, or nothing else stands there, and `new` carries them."""

    old: tuple[str, ...]
    new: str
    from_left: bool
    to_right: bool


@dataclass(frozen=True, slots=True)
class Rewrite:
    """All changed stretches of a line, the holes between them, and the tokens around."""

    parts: tuple[Part, ...]
    holes: tuple[tuple[str, ...], ...]
    left: tuple[str, ...]
    right: tuple[str, ...]
    is_whole: bool  # compared with string literals as one token
    is_partial: bool  # only some of the stretches that changed together

    @property
    def identity(self) -> tuple[object, ...]:
        """The same for rules that do the same."""
        return self.parts, self.holes, self.is_whole

    @property
    def exchanged(self) -> tuple[str, str] | None:
        """Old and new word where the rule exchanges one for another and nothing else."""
        if len(self.parts) != 1:
            return None
        old, new = self.parts[0].old, self.parts[0].new.strip()
        return (old[0], new) if len(old) == 1 and NAME.fullmatch(old[0]) and NAME.fullmatch(new) else None

    @property
    def renamed(self) -> tuple[str, str] | None:
        """The same where both are names in every language."""
        pair = self.exchanged
        return pair if pair is not None and is_name(pair[0]) and is_name(pair[1]) else None

    @property
    def keys(self) -> list[str]:
        """Names of which a line must hold at least the rarest for the rule to fit."""
        own = [w for part in self.parts for t in part.old for w in telling(t)]
        return own or [t for t in self.left[-2:] + self.right[:2] if is_name(t)]


@dataclass(frozen=True, slots=True)
class Fit:
    """How a rule fits a line: the line rewritten, tokens equal on both sides, share of holes that are equal."""

    new: str
    left: int
    right: int
    holes: float
    times: int


def rewrites(a: str, b: str) -> list[Rewrite]:
    """The rules in one rewritten line: all its stretches together, and each by itself."""
    before, after, is_whole = _lexed(a, b)
    changed = _stretches(before, after)
    out: list[Rewrite] = []
    if changed and len(changed) <= MOST_PARTS:
        out = [_rule(a, b, before, after, changed, is_whole, is_partial=False)]
    if not is_whole and len(literal := _stretches(whole(a), whole(b))) <= MOST_PARTS:
        out.append(_rule(a, b, whole(a), whole(b), literal, True, is_partial=False))  # one literal for another
    if 1 < len(changed) <= MOST_PARTS:
        out += [_rule(a, b, before, after, [one], is_whole, is_partial=True) for one in changed]
    return out


def telling(token: str) -> list[str]:
    """The words of a token by which lines can be found that hold it: a name, a number that is not tiny, the words
    of a literal."""
    if is_string(token):
        return [w for w in WORD.findall(token) if len(w) > 2]
    return [token] if is_name(token) or (len(token) > 1 and token[0].isdigit()) else []


def _lexed(a: str, b: str) -> tuple[tuple[Token, ...], tuple[Token, ...], bool]:
    before, after = whole(a), whole(b)
    for i1, i2, j1, j2 in _stretches(before, after):
        old = [t.text for t in before[i1:i2] if is_string(t.text)]
        new = [t.text for t in after[j1:j2] if is_string(t.text)]
        if len(old) == len(new) == 1 and old[0][0] == new[0][0]:
            return fine(a), fine(b), False
    return before, after, True


def _stretches(a: Sequence[Token], b: Sequence[Token]) -> list[tuple[int, int, int, int]]:
    """Changed stretches of two lines of tokens; those with only a joining sign between them are one."""
    left, right = [t.text for t in a], [t.text for t in b]
    out: list[tuple[int, int, int, int]] = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        if out and (i1 == out[-1][1] or (i1 == out[-1][1] + 1 and left[i1 - 1] in (".", ",", ":", "::", "_"))):
            out[-1] = (out[-1][0], i2, out[-1][2], j2)
        else:
            out.append((i1, i2, j1, j2))
    return out


def _rule(
    a: str, b: str, before: Sequence[Token], after: Sequence[Token], changed: Sequence[tuple[int, int, int, int]],
    is_whole: bool, *, is_partial: bool,
) -> Rewrite:  # fmt: skip
    parts, holes = [], []
    words = [t.text for t in before]
    for number, (i1, i2, j1, j2) in enumerate(changed):
        is_gap = i1 == i2 or j1 == j2
        from_left = is_gap or _blank_before(a, before, i1) != _blank_before(b, after, j1)
        to_right = is_gap or _blank_before(a, before, i2) != _blank_before(b, after, j2)
        start, end = _extent(b, after, j1, j2, from_left=from_left, to_right=to_right)
        parts.append(Part(tuple(words[i1:i2]), b[start:end], from_left, to_right))
        if number:
            holes.append(tuple(words[changed[number - 1][1] : i1]))
    left = (_LINE_START, *words[: changed[0][0]])[-_CONTEXT:]
    right = (*words[changed[-1][1] :], _LINE_END)[:_CONTEXT]
    return Rewrite(tuple(parts), tuple(holes), left, right, is_whole, is_partial)


def _blank_before(line: str, tokens: Sequence[Token], at: int) -> str:
    """The blanks between a token and the one before it."""
    start = tokens[at - 1].end if at else len(indentation(line))
    return line[start : tokens[at].start if at < len(tokens) else len(line)]


def _extent(
    line: str, tokens: Sequence[Token], first: int, stop: int, *, from_left: bool, to_right: bool
) -> tuple[int, int]:
    """The characters of some tokens, with the blanks on either side where wanted."""
    before = tokens[first - 1].end if first else len(indentation(line))
    behind = tokens[stop].start if stop < len(tokens) else len(line)
    return (before if from_left else tokens[first].start), (behind if to_right else tokens[stop - 1].end)


def fit(rule: Rewrite, line: str) -> Fit | None:
    """The line with the rule applied wherever it fits; None where it fits nowhere or changes nothing."""
    found = whole(line) if rule.is_whole else fine(line)
    words = [t.text for t in found]
    spans: list[tuple[int, int, str]] = []
    left = right = times = 0
    holes = 0.0
    first = rule.parts[0].old
    wanted = first[0] if first else rule.left[-1] if rule.left else ""
    at = 0
    while at <= len(words):
        near = words[at] if first and at < len(words) else words[at - 1] if not first and at else _LINE_START
        match = _match(rule, words, at) if near == wanted else None  # most tokens are not worth a look
        if match is None:
            at += 1
            continue
        spots, near_left, near_right, equal = match
        for (lo, hi), part in zip(spots, rule.parts, strict=True):
            start, end = _extent(line, found, lo, hi, from_left=part.from_left, to_right=part.to_right)
            spans.append((start, end, part.new))
        left, right, holes = max(left, near_left), max(right, near_right), max(holes, equal)
        times += 1
        at = max(spots[-1][1], at + 1)
    new, done = [], 0
    for start, end, text in spans:
        if start < done:
            return None
        new += [line[done:start], text]
        done = end
    rewritten = "".join(new) + line[done:]
    return Fit(rewritten, left, right, holes, times) if spans and rewritten != line else None


def _match(rule: Rewrite, words: Sequence[str], at: int) -> tuple[list[tuple[int, int]], int, int, float] | None:
    """Where the parts stand when the first one begins at a token, and how well the surroundings agree."""
    first = rule.parts[0].old
    if first and tuple(words[at : at + len(first)]) != first:
        return None
    left = _shared((_LINE_START, *words[:at])[::-1], rule.left[::-1])
    if not first and not left:
        return None
    spots = [(at, at + len(first))]
    end, equal = at + len(first), 0
    for number, hole in enumerate(rule.holes):
        wanted = rule.parts[number + 1].old
        following = rule.holes[number + 1][0] if number + 1 < len(rule.holes) else rule.right[0]
        stop = _hole_end(words, end, wanted, following, hole)
        if stop is None:
            return None
        equal += tuple(words[end:stop]) == hole
        spots.append((stop, stop + len(wanted)))
        end = stop + len(wanted)
    right = _shared((*words[end:], _LINE_END), rule.right)
    if not any(is_string(t) or telling(t) for part in rule.parts for t in part.old):
        near = [*rule.left[len(rule.left) - left :], *rule.right[:right]]
        if not (left and right and left + right >= 3 and any(is_name(t) for t in near)):
            return None
    return spots, left, right, equal / len(rule.holes) if rule.holes else 1.0


def _shared(a: Sequence[str], b: Sequence[str]) -> int:
    count = 0
    for x, y in zip(a, b, strict=False):
        if x != y:
            break
        count += 1
    return count


def _hole_end(
    words: Sequence[str], at: int, wanted: tuple[str, ...], following: str, hole: tuple[str, ...]
) -> int | None:
    """Where a stretch with balanced brackets ends so that `wanted` follows, or, without one, `following`."""
    if hole and (hole[0] in OPENERS or hole[0] == ".") and (at >= len(words) or words[at] != hole[0]):
        return None
    least, target = 0, 0
    for token in hole:
        target += (token in OPENERS) - (token in CLOSERS)
        least = min(least, target)
    depth = 0
    for stop in range(at, min(len(words), at + _LONGEST_HOLE) + 1):
        if depth == target:
            if wanted and tuple(words[stop : stop + len(wanted)]) == wanted:
                return stop
            if not wanted and (words[stop] if stop < len(words) else _LINE_END) == following:
                return stop
        if stop < len(words):
            depth += (words[stop] in OPENERS) - (words[stop] in CLOSERS)
            if depth < least:
                return None
    return None
