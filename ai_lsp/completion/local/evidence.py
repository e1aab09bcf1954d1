"""What speaks for and against each suggestion, as numbers: the scorer's whole view of the world."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ai_lsp.completion.local import votes
from ai_lsp.completion.local.beam import Step, Way
from ai_lsp.completion.local.documents import Document
from ai_lsp.completion.local.lexing import ENDS, Ids, is_identifier, tokens

SHORTEST = 3  # characters; less is not worth a glance
_NEAR_LINES = 300  # lines around the cursor that are compared as wholes
_NEAR_TOKENS = 3000
_WAYS = 8  # ways whose starts may be shown

NAMES = (
    "joint", "low", "last_share", "first_share", "first_order", "mean_order", "low_order", "last_order",
    "first_own", "last_own", "low_own", "steps", "chars", "half", "half_chars", "branches",
    "last_branches", "low_branches", "typed_chars", "typed_tokens", "nest", "typed_nest", "mass",
    "against", "runner_first", "runner_last", "low_margin", "rank", "lead", "votes_first", "votes_last",
    "votes_low", "gone_first", "above_first", "below_first", "recent_first", "folder_first",
    "other_first", "gone_last", "above_last", "below_last", "recent_last", "folder_last", "other_last",
    "gone_low", "file_low", "open_low", "is_whole", "ends_next", "end_share", "ways", "in_string",
    "in_comment", "after_cursor", "after_agrees", "last_kind", "before_kind", "first_kind", "dup_above",
    "dup_below", "dup_next", "dup_gone", "gone_prefix", "gone_typed", "gone_age", "new_words",
    "far_words", "last_chars", "file_tokens", "depth", "inside_word", "typed_known", "known_first",
    "known_last", "shaped_first", "shaped_last", "shaped_low", "shape_first", "shape_last",
    "twin_first", "twin_last", "twin_low", "is_split",
    "prose_typed", "prose_above", "prose_next", "same_start",
    "usual_first", "usual_last", "usual_low", "usual_order_first", "usual_order_last", "usual_joint", "family",
    "defines", "in_line", "repeats", "nest_sum", "string_after", "rivals", "half_whole",
)  # fmt: skip
"""The features, in the order of a row."""


@dataclass(slots=True)
class Spot:
    """Where a suggestion would stand, and what is near."""

    typed: str  # of the line, without its indentation
    partial: str  # half-typed last token
    after: str  # rest of the line
    document: Document
    line: int
    depth: int
    typed_tokens: int
    near: dict[str, int] = field(default_factory=dict)  # line without indentation -> its distance, sign by side
    words: dict[int, int] = field(default_factory=dict)  # token -> distance in tokens
    gone: list[tuple[int, str]] = field(default_factory=list)  # (age, removed line) that begin as the typed one
    gone_lines: set[str] = field(default_factory=set)
    gone_age: int = -1  # of the latest removal
    in_string: float = 0.0
    in_comment: float = 0.0
    prose_typed: float = 0.0  # share of letters and blanks
    prose_above: float = 0.0
    same_start: float = 0.0  # lines near that begin as the typed one does
    line_words: frozenset[int] = frozenset()  # tokens of the line before the half-typed one
    defines: float = 0.0  # whether a name comes here that is new, as after `def`
    rivals: float = 0.0  # words near that begin as the half-typed one does
    half_whole: float = 0.0  # how often the half-typed word stands near as a whole one

    def look_around(self) -> None:
        """Fills what is near; costs a fraction of a millisecond."""
        lines, at = self.document.lines, self.line
        # From far to near, so that what is nearer stands.
        for far in range(_NEAR_LINES, 0, -1):
            for i in (at + far, at - far):
                if 0 <= i < len(lines) and (body := lines[i].strip()):
                    self.near[body] = i - at
        start = self.document.tokens_before(at)
        flat = self.document.flat[max(0, start - _NEAR_TOKENS) : start + _NEAR_TOKENS]
        distance = np.abs(np.arange(len(flat)) - min(start, _NEAR_TOKENS))
        order = np.argsort(-distance, kind="stable")
        self.words = dict(zip(flat[order].tolist(), distance[order].tolist(), strict=True))
        for age, removal in enumerate(reversed(self.document.gone)):
            for line in removal.lines:
                body = line.strip()
                self.gone_lines.add(body)
                self.gone_age = age if self.gone_age < 0 else self.gone_age
                if body.startswith(self.typed):
                    self.gone.append((age, body))
        self.prose_typed = _prose(self.typed)
        self.prose_above = _prose(lines[at - 1].strip() if at else "")
        if self.typed:
            self.same_start = math.log1p(sum(body.startswith(self.typed) for body in self.near))
        self._look_at_half(self.document.text_of, flat)
        self.in_string, self.in_comment = lexical_state(self.typed, self.document.family)

    def _look_at_half(self, text: Sequence[str], flat: Ids) -> None:
        so_far = tokens(self.typed)
        if self.partial:
            so_far.pop()
            bare = self.partial.strip()
            if is_identifier(bare):
                starts = (bare, " " + bare)
                self.rivals = math.log1p(sum(text[w].startswith(starts) for w in self.words))
                ids = [w for w in self.words if text[w] in starts]
                self.half_whole = math.log1p(sum(int(np.count_nonzero(flat == w)) for w in ids))
        self.line_words = frozenset(self.document.ids_of(so_far))
        self.defines = 1.0 if so_far and so_far[-1].strip() in _DEFINERS else 0.0


@dataclass(slots=True)
class Candidate:
    """A text that could be shown, the way it begins, and its row of features."""

    text: str
    way: Way
    cut: int  # index of its last step
    row: list[float]
    is_known_word: bool = False  # nothing but the rest of one word that the open file holds


def candidates(spot: Spot, ways: Sequence[Way]) -> list[Candidate]:
    """Every text that may be shown: each way, cut after each token, once."""
    spot.look_around()
    best: dict[str, tuple[Way, int, int]] = {}
    for rank, way in enumerate(ways[:_WAYS]):
        for cut, step in enumerate(way.steps):
            if step.token in ENDS or len(step.text.strip()) < SHORTEST:
                continue
            known = best.get(step.text)
            if known is None or known[0].steps[known[2]].joint < step.joint:
                best[step.text] = (way, rank if known is None else known[1], cut)
    leaves = [(w.text, w.joint) for w in ways]
    for text, (way, rank, cut) in list(_shared_starts(ways[:_WAYS]).items()):
        best.setdefault(text, (way, rank, cut))
    return [
        Candidate(text, way, cut, _row(spot, way, rank, cut, text, leaves), _is_known_word(spot, way, cut, text))
        for text, (way, rank, cut) in best.items()
    ]


def _is_known_word(spot: Spot, way: Way, cut: int, text: str) -> bool:
    """Whether a text only ends a half-typed word that stands in the open file near the cursor."""
    if cut or not spot.partial or not is_identifier(spot.partial) or not is_identifier("a" + text):
        return False
    return way.steps[0].token in spot.words


def _shared_starts(ways: Sequence[Way]) -> dict[str, tuple[Way, int, int]]:
    """Texts that end inside a word, after an underscore or before a capital, where two ways part."""
    found: dict[str, tuple[Way, int, int]] = {}
    for rank, way in enumerate(ways):
        text = way.text
        for other in ways[rank + 1 :]:
            n = 0
            for a, b in zip(text, other.text, strict=False):
                if a != b:
                    break
                n += 1
            while n and not (text[n - 1] == "_" or (text[n - 1].islower() and text[n : n + 1].isupper())):
                n -= 1
            if len(text[:n].strip()) >= SHORTEST and text[:n] not in found:
                cut = next(i for i, s in enumerate(way.steps) if len(s.text) >= n)
                found[text[:n]] = (way, rank, cut)
    return found


def _row(
    spot: Spot, way: Way, rank: int, cut: int, text: str, leaves: Sequence[tuple[str, float]]
) -> list[float]:
    part = way.steps[: cut + 1]
    following = way.steps[cut + 1] if cut + 1 < len(way.steps) else None
    ends = following if following is not None and following.token in ENDS else None
    return [
        *_certainty(spot, way, rank, part, text, leaves),
        *_sources(part),
        1.0 if way.is_whole else 0.0,
        1.0 if ends is not None else 0.0,
        ends.share if ends is not None else 0.0,
        len(leaves),
        *_surroundings(spot, part, text),
        *_analogies(spot, part, text),
    ]


def _certainty(
    spot: Spot, way: Way, rank: int, part: Sequence[Step], text: str, leaves: Sequence[tuple[str, float]]
) -> list[float]:
    first, last = part[0], part[-1]
    mass = sum(joint for leaf, joint in leaves if leaf.startswith(text))
    against = sum(joint for leaf, joint in leaves if not leaf.startswith(text))
    top = leaves[0][1] if leaves else 0.0
    shares = [s.share for s in part]
    return [
        _log(last.joint),
        _log(min(shares)),
        _log(last.share),
        _log(first.share),
        first.order,
        sum(s.order for s in part) / len(part),
        min(s.order for s in part),
        last.order,
        first.own_order,
        last.own_order,
        min(s.own_order for s in part),
        len(part),
        len(text),
        1.0 if spot.partial else 0.0,
        len(spot.partial.strip()),
        math.log1p(first.branches),
        math.log1p(last.branches),
        math.log1p(max(s.branches for s in part)),
        len(spot.typed),
        spot.typed_tokens,
        _nest(text),
        _nest(spot.typed),
        _log(mass),
        _log(against),
        _log(first.runner_up),
        _log(last.runner_up),
        min(s.share - s.runner_up for s in part),
        rank,
        _log(way.joint) - _log(top),
        math.log1p(first.votes),
        math.log1p(last.votes),
        math.log1p(min(s.votes for s in part)),
    ]


def _sources(part: Sequence[Step]) -> list[float]:
    every = [_fractions(s) for s in part]
    return [
        *(every[0][k] for k in _ORDER),
        *(every[-1][k] for k in _ORDER),
        min(f[votes.GONE] for f in every),
        min(f[votes.GONE] + f[votes.ABOVE] + f[votes.BELOW] for f in every),
        min(f[votes.GONE] + f[votes.ABOVE] + f[votes.BELOW] + f[votes.RECENT] for f in every),
    ]


def _surroundings(spot: Spot, part: Sequence[Step], text: str) -> list[float]:
    whole_line = (spot.typed + text).strip()
    spread = spot.near.get(whole_line, 0)
    rest_age = next((age for age, line in spot.gone if line.startswith(whole_line)), -1)
    typed_age = spot.gone[0][0] if spot.typed and spot.gone else -1
    distances = [spot.words.get(s.token, 9999) for s in part if s.token not in ENDS and s.is_word]
    return [
        spot.in_string,
        spot.in_comment,
        1.0 if spot.after.strip() else 0.0,
        1.0 if spot.after.strip() and spot.after.strip()[0] == text.rstrip()[-1:] else 0.0,
        _kind(text[-1:]),
        _kind(spot.typed[-1:]),
        _kind(text[:1]),
        -spread if spread < 0 else 0,
        spread if spread > 0 else 0,
        1.0 if spread == 1 else 0.0,
        1.0 if whole_line in spot.gone_lines else 0.0,
        rest_age,
        typed_age,
        spot.gone_age,
        sum(d == 9999 for d in distances),
        math.log1p(max(distances, default=0)),
        len(text) - (len(part[-2].text) if len(part) > 1 else 0),
        math.log1p(len(spot.document.flat)),
        spot.depth,
        1.0 if spot.partial and is_identifier(spot.partial) else 0.0,
        1.0 if spot.partial and spot.same_start > 0 else 0.0,
    ]


def _analogies(spot: Spot, part: Sequence[Step], text: str) -> list[float]:
    first, last = part[0], part[-1]
    return [
        first.known,
        last.known,
        first.shaped,
        last.shaped,
        min(s.shaped for s in part),
        first.shape_order,
        last.shape_order,
        first.twin,
        last.twin,
        min(s.twin for s in part),
        1.0 if len(last.text) != len(text) else 0.0,
        spot.prose_typed,
        spot.prose_above,
        _prose(text),
        spot.same_start,
        first.usual,
        last.usual,
        min(s.usual for s in part),
        first.usual_order,
        last.usual_order,
        sum(_log(s.usual) for s in part),
        _FAMILIES.get(spot.document.family, -1),
        spot.defines,
        sum(s.is_word and s.token in spot.line_words for s in part),
        sum(a.token == b.token for a, b in zip(part[1:], part, strict=False)),
        _nest(spot.typed) + _nest(text),
        lexical_state(spot.typed + text, spot.document.family)[0],
        spot.rivals,
        spot.half_whole,
    ]


_DEFINERS = frozenset(
    "as auto bool boolean char class const def define enum fn func function int interface let macro_rules"  # noqa: SIM905
    " mod module static String struct trait type val var void".split()
)
_FAMILIES = {f: i for i, f in enumerate(("python", "js", "go", "rust", "java", "c", "ruby"))}
_ORDER = (votes.GONE, votes.ABOVE, votes.BELOW, votes.RECENT, votes.FOLDER, votes.OTHER)


def _fractions(step: Step) -> list[float]:
    total = sum(step.sources)
    return [x / total for x in step.sources] if total else [0.0] * votes.SOURCES


def _log(x: float) -> float:
    return math.log(max(x, 1e-4))


def _prose(text: str) -> float:
    """How much a text looks like prose: the share of letters and blanks in it."""
    return sum(c.isalpha() or c == " " for c in text) / len(text) if text else -1.0


def _nest(text: str) -> int:
    return sum(text.count(c) for c in "([{") - sum(text.count(c) for c in ")]}")


def _kind(character: str) -> int:
    """What a character is, as a small number that trees can split on."""
    if not character:
        return -1
    if character.isalpha() or character == "_":
        return 0
    if character.isdigit():
        return 1
    if character.isspace():
        return 2
    return 3 + "([{)]}.,;:=\"'`<>/-+*#@!&|\\?$%^~".find(character)


_LINE_COMMENT = {"python": "#", "ruby": "#", "shell": "#", "yaml": "#", "toml": "#", "lua": "--", "sql": "--"}


def lexical_state(typed: str, family: str) -> tuple[float, float]:
    """Whether the cursor stands in a string, in a comment, judged by its line alone."""
    comment = _LINE_COMMENT.get(family, "//")
    quote = ""
    i = 0
    if typed.startswith(("*", "/*")) and comment == "//":
        return 0.0, 1.0
    while i < len(typed):
        c = typed[i]
        if quote:
            if c == "\\":
                i += 1
            elif c == quote:
                quote = ""
        elif c in "\"'`":
            if not (c == "'" and family == "rust"):
                quote = c
        elif typed.startswith(comment, i):
            return 0.0, 1.0
        i += 1
    return (1.0 if quote else 0.0), 0.0
