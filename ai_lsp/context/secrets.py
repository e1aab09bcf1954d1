"""Finds secrets in text: keys by their vendors' formats, passwords by the names they are given to.

A text is looked at paragraph by paragraph, and what was found in a paragraph is remembered: after a key press
only the paragraph around the cursor is looked at again.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

from ai_lsp.context.secret_rules import FORMATS, RUN, Rule, own_rules
from ai_lsp.context.secret_values import (
    NAME_WORDS,
    assigned,
    is_bare_value,
    is_open_value,
    is_quoted_value,
    is_random,
)

LONGEST_PARAGRAPH = 6_000
"""Characters; longer ones are cut at line ends."""

AT_ONCE = 2_000
"""Characters that are looked at between two turns of whoever looks ahead: half a millisecond."""

MOST_REMEMBERED = 8_000_000
"""Characters of paragraphs that are remembered; then all are forgotten at once."""

_MOST_RULES = 1_000


@dataclass(frozen=True, slots=True, order=True)
class Found:
    """A secret at `start..end` of a text, in offsets; `kind` is a word such as "aws" or "password"."""

    start: int
    end: int
    kind: str


class Scanner:
    """Rules, and what they found before. May be used by several threads."""

    _known: tuple[dict[str, tuple[Found, ...]], dict[str, tuple[Found, ...]]]
    _remembered: int

    def __init__(self, library: Iterable[Rule] = ()) -> None:
        """`library` are more rules than our own: secret_rules.library_rules(), which takes time to import."""
        self._rules: list[Rule] = []
        self._by_trigger: dict[str, list[int]] = {}
        for rule in (*own_rules(), *library):
            self._add(rule)
        self.learnt = 0
        self._forget()

    def find(self, text: str, *, is_data: bool = False) -> list[Found]:
        """Secrets in a text, in order and disjoint. `is_data`: values stand without quotes, as in YAML."""
        known = self._known[is_data]
        paragraphs = _paragraphs(text)
        results = [known.get(each) for each in paragraphs]
        if fresh := {paragraphs[i]: None for i, each in enumerate(results) if each is None}:
            new = self._look(list(fresh), is_data)
            results = [new.get(p, ()) if r is None else r for p, r in zip(paragraphs, results, strict=True)]
            self._remember(known, new)
        found: list[Found] = []
        at = 0
        for paragraph, result in zip(paragraphs, results, strict=True):
            if result:
                found += [Found(one.start + at, one.end + at, one.kind) for one in result]
            at += len(paragraph)
        found += _private_keys(text)
        return _disjoint(found)

    def unseen(self, text: str, *, is_data: bool = False) -> int:
        """How many characters of a text `find` has not seen before: those take time."""
        known = self._known[is_data]
        return sum(len(each) for each in _paragraphs(text) if each not in known)

    def look_ahead(self, text: str, *, is_data: bool = False) -> Iterator[None]:
        """Look at a text before it is asked about, a little at each step."""
        held: list[str] = []
        size = 0
        for paragraph in _pieces(text):
            if paragraph in self._known[is_data]:
                continue
            held.append(paragraph)
            size += len(paragraph)
            if size >= AT_ONCE:
                self._remember(self._known[is_data], self._look(held, is_data))
                held, size = [], 0
                yield
        if held:
            self._remember(self._known[is_data], self._look(held, is_data))

    def learn(self, secret: str, kind: str) -> None:
        """From now on this very text is a secret wherever it stands."""
        if len(self._rules) < _MOST_RULES:
            self.learnt += 1
            self._add(Rule(kind, (secret.lower(),), re.compile(re.escape(secret)), False, is_certain=True))
            self._forget()

    def _add(self, rule: Rule) -> None:
        self._rules.append(rule)
        for trigger in rule.triggers:
            self._by_trigger.setdefault(trigger, []).append(len(self._rules) - 1)

    def _forget(self) -> None:
        self._known = ({}, {})
        self._remembered = 0

    def _remember(self, known: dict[str, tuple[Found, ...]], new: dict[str, tuple[Found, ...]]) -> None:
        self._remembered += sum(map(len, new))
        if self._remembered > MOST_REMEMBERED:
            self._forget()
        elif known in self._known:
            known.update(new)

    def _look(self, fresh: list[str], is_data: bool) -> dict[str, tuple[Found, ...]]:
        """What is found in paragraphs. Each trigger is searched once, in all of them together."""
        lowered = [paragraph.lower() for paragraph in fresh]
        starts = list(accumulate((len(each) + 1 for each in lowered), initial=0))
        together = "\n".join(lowered)
        present: dict[int, list[str]] = {}
        for trigger in (*self._by_trigger, *NAME_WORDS):
            at = together.find(trigger)
            while at >= 0:
                number = bisect_right(starts, at) - 1
                present.setdefault(number, []).append(trigger)
                at = together.find(trigger, starts[number + 1])
        looked: dict[str, tuple[Found, ...]] = dict.fromkeys(fresh, ())
        for number, triggers in present.items():
            looked[fresh[number]] = tuple(_disjoint(self._found(fresh[number], triggers, is_data)))
        return looked

    def _found(self, text: str, present: list[str], is_data: bool) -> Iterator[Found]:
        numbers = {number for trigger in present for number in self._by_trigger.get(trigger, ())}
        has_run: bool | None = None
        for number in sorted(numbers):
            rule = self._rules[number]
            if rule.needs_run:
                has_run = _RUN.search(text) is not None if has_run is None else has_run
            if has_run or not rule.needs_run:
                yield from _matches(rule, text)
        if any(trigger in NAME_WORDS for trigger in present):
            yield from _assigned(text, is_data)


def is_unfinished(left: str, *, is_data: bool = False) -> bool:
    """Whether the line's text left of the cursor ends within what may become a secret."""
    if (key := _HALF_KEY.search(left)) is not None and _may_become_key(key[1], key[0][len(key[1]) :]):
        return True
    if (url := _HALF_URL.search(left)) is not None and not url[1].isdigit():
        return True
    return any(word in left.lower() for word in NAME_WORDS) and is_open_value(left, is_data=is_data)


def _may_become_key(prefix: str, tail: str) -> bool:
    """Whether what follows a prefix is more than a word; short prefixes also begin words (`npm_config`)."""
    if len(prefix) >= 5:
        return bool(tail)
    return any(c.isdigit() for c in tail) or (len(tail) >= 12 and tail.isalpha())


def entropy(text: str) -> float:
    """Bits per character, by how often each character occurs."""
    size = len(text)
    return -sum(n / size * math.log2(n / size) for n in Counter(text).values()) if size else 0.0


def starts_within(text: str) -> int:
    """Of text that begins in the middle of a line (a window's edge): characters that may be the end of a key."""
    first = _FIRST_RUN.match(text)
    if first is None or len(first[0]) < RUN:
        return 0
    run = first[0]
    return len(run) if re.search(r"\d", run) and re.search(r"[A-Za-z]", run) and entropy(run) > 3.5 else 0


_RUN = re.compile(rf"[A-Za-z0-9_\-+/.=]{{{RUN}}}")
_FIRST_RUN = re.compile(r"[A-Za-z0-9_\-+/=]+")
_REST_OF_RUN = re.compile(r"[A-Za-z0-9_\-]*={0,2}")
_REST_OF_BASE64 = re.compile(r"[A-Za-z0-9_\-+/]*={0,2}")
_HALF_URL = re.compile(r"\b[a-zA-Z][\w+.\-]{1,30}://[^\s/:@\"'`<>]{0,100}:([^\s/@\"'`<>{}$%]{1,200})\Z")
_HALF_KEY = re.compile(
    rf"(?<![A-Za-z0-9])({'|'.join(re.escape(each.prefix) for each in FORMATS)}|AKIA|ASIA|eyJhbGciOi)[\w\-]*\Z",
    re.ASCII,
)


@lru_cache(maxsize=32)  # a prompt's texts are taken apart to see whether they are known, and to be looked at
def _paragraphs(text: str) -> tuple[str, ...]:
    """The text in pieces that end at blank lines; put together they are the text."""
    return tuple(_pieces(text))


def _pieces(text: str) -> Iterator[str]:
    pieces = text.split("\n\n")
    last = len(pieces) - 1
    for number, piece in enumerate(pieces):
        whole = piece if number == last else piece + "\n\n"
        if len(whole) <= LONGEST_PARAGRAPH:
            if whole:
                yield whole
        else:
            yield from _lines_together(whole)


def _lines_together(text: str) -> Iterator[str]:
    """Lines of a long paragraph, cut where a line's own length says so: most cuts survive a change elsewhere."""
    *lines, last = text.split("\n")
    held: list[str] = []
    size = 0
    for line in lines:
        held.append(line)
        size += len(line) + 1
        if size > LONGEST_PARAGRAPH or (size > LONGEST_PARAGRAPH // 8 and len(line) % 16 == 0):
            yield "\n".join([*held, ""])
            held, size = [], 0
    if rest := "\n".join([*held, last]):
        yield rest


def _matches(rule: Rule, text: str) -> Iterator[Found]:
    covered = 0
    for match in rule.pattern.finditer(text):
        if match.start() < covered:
            continue
        group = match.lastindex or 0
        start, end = match.span(group)
        if rule.is_certain:
            yield Found(start, end, rule.kind)
            continue
        while start < end and text[start] in " \t\n\"'=:":  # which some patterns of the library take along
            start += 1
        while end > start and text[end - 1] in " \t\n\"'":
            end -= 1
        if start and not group and text[start].isalnum() and text[start - 1].isalnum():
            continue  # in the middle of something longer
        rest = (_REST_OF_BASE64 if re.search(r"[+/]", text[start:end]) else _REST_OF_RUN).match(text, end)
        if rule.kind != "password" and rest is not None:
            end = rest.end()
        secret = text[start:end]
        covered = end
        if secret and _is_no_example(rule, secret):
            yield Found(start, end, rule.kind)


def _is_no_example(rule: Rule, secret: str) -> bool:
    """Whether a match can be a real one: keys hold digits and vary; passwords are no variables of a template."""
    if rule.kind == "password":
        return is_bare_value(secret, is_password=True, is_data=True)
    if rule.kind == "webhook":
        return True
    if len(set(secret)) <= 7:
        return False
    return re.search(r"\d", secret) is not None or any(
        len(run) >= 24 and entropy(run) > 3.3 for run in re.findall(r"[A-Za-z]+", secret)
    )


def _assigned(text: str, is_data: bool) -> Iterator[Found]:
    for one in assigned(text):
        if one.is_weak:
            is_secret = (one.is_quoted or is_data) and is_random(one.value)
        elif one.is_quoted:
            is_secret = is_quoted_value(one.value, is_password=one.is_password, name=one.name)
        else:
            is_text = is_data or text[one.start - 1] == ">"  # between tags
            is_secret = is_bare_value(one.value, is_password=one.is_password, is_data=is_text)
        if is_secret:
            yield Found(one.start, one.end, "password" if one.is_password else "token")


_KEY_END = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|Private-MAC:")
_KEY_START = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|Private-Lines: \d+")
_KEY_BODY = re.compile(
    r"(?:\\[nrt]|[\s\"'`+,;\\#*/.()>|-]){0,80}(?:[A-Za-z][\w-]+: [^\n]*\n\s*|\n){0,8}(?=[A-Za-z0-9+/]{16})"
)
_KEY_LINE = re.compile(r"[^\S\n]*(?:[\"'`#*+>(\s]|//)*(?:[A-Za-z0-9+/=]|\\[nr])+[\"'`,;+\\)\s]*(?:\n|\Z)")


def _private_keys(text: str) -> Iterator[Found]:
    """Bodies of private keys, also where the text begins or ends within one."""
    if "PRIVATE KEY" not in text and "Private-" not in text:
        return
    starts = list(_KEY_START.finditer(text))
    ends = [end.start() for end in _KEY_END.finditer(text)]
    covered = 0
    for number, start in enumerate(starts):
        body = _KEY_BODY.match(text, start.end())
        if body is None or start.start() < covered:
            continue
        following = starts[number + 1].start() if number + 1 < len(starts) else len(text)
        nearest = bisect_left(ends, body.end())
        if nearest < len(ends) and ends[nearest] < following:
            stop = ends[nearest]
        else:
            stop = body.end()
            while stop < len(text) and (line := _KEY_LINE.match(text, stop)) is not None and line.end() > stop:
                stop = line.end()
        covered = stop
        yield _trimmed(text, body.end(), stop)
    if ends and (not starts or ends[0] < starts[0].start()):
        yield from _before_end(text, ends[0])


def _before_end(text: str, end: int) -> Iterator[Found]:
    """The lines of a key above its last line, whose first line is out of sight."""
    start = end = text.rfind("\n", 0, end) + 1
    while start > 0:
        line = text.rfind("\n", 0, start - 1) + 1
        matched = _KEY_LINE.match(text, line)
        if matched is None or matched.end() < start or len(text[line:start].strip()) < 4:
            break
        start = line
    if start < end:
        yield _trimmed(text, start, end)


def _trimmed(text: str, start: int, end: int) -> Found:
    inner = text[start:end]
    cut = inner.rstrip(" \t\r\n\"'`+,;\\#*/")
    if cut.endswith(("\\n", "\\r")):
        cut = cut[:-2]
    return Found(start + len(inner) - len(inner.lstrip()), start + len(cut), "private_key")


def _disjoint(found: Iterable[Found]) -> list[Found]:
    """In order; those that overlap become one of the longer one's kind."""
    merged: list[Found] = []
    for one in sorted(found):
        if one.end <= one.start:
            continue
        if merged and one.start < merged[-1].end:
            last = merged[-1]
            kind = last.kind if last.end - last.start >= one.end - one.start else one.kind
            merged[-1] = Found(last.start, max(last.end, one.end), kind)
        else:
            merged.append(one)
    return merged
