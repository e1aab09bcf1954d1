"""The model's part of a review: passes over the changed regions in shuffled order, votes, a validating pass.

A pass sees all regions and names suspicious lines. What several passes name is shown to the model once more with
the evidence there is, and confirmed or not. Confidence comes from how many passes agreed and what the validation
said, by Bayes' rule on rates of error that are kept as data; the model's own words about how sure it is count for
nothing. Everything is bounded in tokens.
"""

from __future__ import annotations

import json
import math
import random
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass

from ai_lsp.diagnostics.finding import Evidence
from ai_lsp.models.port import ChatPrompt, Message, ModelRequest

ANSWER_TOKENS = 700
"""The most tokens that a pass may write."""

CHARS_PER_TOKEN = 3
"""Of a prompt, cautiously: what does not fit is left out whole."""

_PASS = (
    "You review a change. Point out bugs only: code that will do something else than it is meant to. No style, no"
    " advice, no praise. Answer with a JSON array, empty if there is no bug, of objects"
    ' {"path": "FILE", "line": NUMBER, "what": "one sentence"}, with the number in front of the line.'
)
_VALIDATE = (
    "Another reviewer claims that a line has a bug. Try to prove them wrong from the code. Answer with one word:"
    " `bug` only if the claim holds, else `fine`."
)


@dataclass(frozen=True, slots=True)
class Region:
    """Changed lines with what stands around them; `first` is the 0-based number of the first of `lines`.
    An urgent one, dangerous code or a hot spot, is in every pass, whatever is left out."""

    path: str
    first: int
    lines: tuple[str, ...]
    is_urgent: bool = False


@dataclass(frozen=True, slots=True)
class Claim:
    """What passes said of one line: 0-based `line`, `votes` of `passes`, whether the validation agreed (None
    where it was not asked), and the confidence."""

    path: str
    line: int
    what: str
    votes: int
    passes: int
    is_validated: bool | None
    confidence: float

    def evidence(self) -> Evidence:
        """As a finding's evidence. All passes are of one model: together they are one signal."""
        said = {True: ", and it held when checked", False: ", and it did not hold when checked", None: ""}
        detail = f"{self.votes} of {self.passes} passes of the model name this line{said[self.is_validated]}"
        return Evidence("model", "model", detail, self.confidence)


@dataclass(frozen=True, slots=True)
class Rates:
    """How often the model is wrong, as far as is known: `hit` is the chance that a pass names a line with a bug,
    `slip` that it names one without; `confirm` and `wave_through` are the same for the validation; `prior` is the
    part of reviewed lines with a bug. Replaced by what users call a bug or not, see `learned`."""

    hit: float = 0.5
    slip: float = 0.04
    confirm: float = 0.8
    wave_through: float = 0.3
    prior: float = 0.01


def confidence(votes: int, passes: int, is_validated: bool | None, rates: Rates) -> float:
    """The chance of a bug given the votes and the validation, by Bayes' rule; passes err independently."""
    logit = math.log(rates.prior / (1 - rates.prior))
    logit += votes * math.log(rates.hit / rates.slip)
    logit += (passes - votes) * math.log((1 - rates.hit) / (1 - rates.slip))
    if is_validated is not None:
        right, wrong = rates.confirm, rates.wave_through
        logit += math.log(right / wrong) if is_validated else math.log((1 - right) / (1 - wrong))
    return 1 / (1 + math.exp(-max(-40.0, min(40.0, logit))))


def learned(rates: Rates, bugs: Sequence[tuple[int, int]], fine: Sequence[tuple[int, int]]) -> Rates:
    """The rates after lines whose truth is known: pairs of votes and passes. Each starting rate counts as much as
    twenty passes, so that a few answers move it a little."""
    weight = 20.0

    def rate(start: float, seen: Sequence[tuple[int, int]]) -> float:
        return (start * weight + sum(v for v, _ in seen)) / (weight + sum(n for _, n in seen))

    hit, slip = rate(rates.hit, bugs), rate(rates.slip, fine)
    return Rates(hit, min(slip, hit * 0.9), rates.confirm, rates.wave_through, rates.prior)


Ask = Callable[[ModelRequest], Awaitable[str]]
"""Sends a request and gives the whole answer. Raises errors.ModelError."""

Known = Callable[[str, int], Sequence[str]]
"""What is known of a line without the model, in sentences: findings, verdicts of checkers."""


async def review_regions(
    regions: Sequence[Region],
    ask: Ask,
    known: Known,
    *,
    passes: int,
    max_tokens: int,
    seed: int = 0,
    rates: Rates | None = None,
) -> AsyncIterator[Claim]:
    """Claims that at least two passes made (one where there is one pass), surest last passes first.

    The order of the regions is shuffled anew for each pass, for reviewers of every kind find less in what they
    see late. Stops asking when the next request would exceed `max_tokens`, written ones included.
    """
    rates, left = rates or Rates(), max_tokens
    votes: dict[tuple[str, int], list[str]] = {}
    made = 0
    for number in range(passes):
        order = list(regions)
        random.Random(seed * 1000 + number).shuffle(order)
        order.sort(key=lambda region: not region.is_urgent)
        request = _pass_request(order, left - ANSWER_TOKENS)
        if request is None:
            break
        left -= _size(request) + ANSWER_TOKENS
        for place, what in _claims(await ask(request), order):
            votes.setdefault(place, []).append(what)
        made += 1
    least = min(2, made)
    for (path, line), said in sorted(votes.items(), key=lambda item: (-len(item[1]), item[0])):
        if len(said) < least:
            continue
        is_validated = None
        region = next(r for r in regions if r.path == path and r.first <= line < r.first + len(r.lines))
        request = _validation(region, line, said[0], known(path, line))
        if _size(request) + 8 <= left:
            left -= _size(request) + 8
            is_validated = _is_bug(await ask(request))
        yield Claim(
            path, line, said[0], len(said), made, is_validated, confidence(len(said), made, is_validated, rates)
        )


def _pass_request(regions: Sequence[Region], tokens: int) -> ModelRequest | None:
    parts, chars = [], tokens * CHARS_PER_TOKEN - len(_PASS)
    for region in regions:
        text = _numbered(region)
        if len(text) <= chars:
            parts.append(text)
            chars -= len(text)
    if not parts:
        return None
    messages = (Message("system", _PASS), Message("user", "\n".join(parts)))
    return ModelRequest(ChatPrompt(messages), ANSWER_TOKENS, temperature=0.7)


def _validation(region: Region, line: int, claim: str, known: Sequence[str]) -> ModelRequest:
    facts = "".join(f"\nKnown: {fact}" for fact in known)
    text = f"{_numbered(region)}\nClaim about line {line + 1} of {region.path}: {claim}{facts}"
    return ModelRequest(ChatPrompt((Message("system", _VALIDATE), Message("user", text))), 8)


def _numbered(region: Region) -> str:
    rows = (f"{region.first + i + 1}: {line}" for i, line in enumerate(region.lines))
    return f"== {region.path}\n" + "\n".join(rows) + "\n"


def _size(request: ModelRequest) -> int:
    assert isinstance(request.prompt, ChatPrompt)
    return sum(len(message.content) for message in request.prompt.messages) // CHARS_PER_TOKEN + 1


_ARRAY = re.compile(r"\[.*\]", re.DOTALL)


def _claims(answer: str, regions: Sequence[Region]) -> list[tuple[tuple[str, int], str]]:
    """The lines that an answer names, each once; what is not as asked is passed over."""
    match = _ARRAY.search(answer)
    try:
        raw = json.loads(match[0]) if match else []
    except (ValueError, RecursionError):
        return []
    out: dict[tuple[str, int], str] = {}
    for each in raw if isinstance(raw, list) else []:
        if not isinstance(each, dict) or not isinstance(line := each.get("line"), int) or isinstance(line, bool):
            continue
        path = each.get("path")
        for region in regions:
            if region.first < line <= region.first + len(region.lines) and path in (None, region.path):
                out.setdefault((region.path, line - 1), str(each.get("what", ""))[:300])
                break
    return list(out.items())


def _is_bug(answer: str) -> bool:
    return answer.strip().strip("`'\".").lower().startswith("bug")


def regions_of(
    path: str, text: Sequence[str], changed: Sequence[int], urgent: Collection[int] = (), around: int = 12
) -> list[Region]:
    """The changed lines with `around` lines on either side, joined where they touch; at most 200 lines each.
    `urgent` are lines of dangerous code and of hot spots."""
    out: list[Region] = []
    pressing = set(urgent) & set(changed)

    def region(start: int, end: int) -> Region:
        return Region(path, start, tuple(text[start:end]), any(line in pressing for line in range(start, end)))

    start = end = -1
    for line in sorted(changed):
        low, high = max(0, line - around), min(len(text), line + around + 1)
        if start >= 0 and low <= end and high - start <= 200:
            end = high
            continue
        if start >= 0:
            out.append(region(start, end))
        start, end = max(low, end if start >= 0 else 0), high
    if start >= 0:
        out.append(region(start, end))
    return out
