"""How likely a suggestion is right: a few features of its evidence, weighed as fitted on other repositories."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from ai_lsp.completion.local import votes
from ai_lsp.completion.local.beam import Step, Way
from ai_lsp.completion.local.documents import Document
from ai_lsp.completion.local.shards import MAX_ORDER

SHORTEST = 3  # characters; less is not worth a glance


@dataclass(frozen=True, slots=True)
class Spot:
    """Where the suggestion would stand."""

    typed: str  # of the line, without its indentation
    partial: str  # half-typed last token
    after: str  # rest of the line
    document: Document
    line: int


def features(spot: Spot, steps: Sequence[Step], i: int) -> list[float]:
    """Features of the suggestion that ends after step i."""
    part = steps[: i + 1]
    last = part[-1]
    text = last.text
    low = min(s.share for s in part)
    whole = len(part) > 1 and part[-2].text == text
    nest = sum(text.count(c) for c in "([{") - sum(text.count(c) for c in ")]}")
    joint = math.log(max(last.joint, 1e-4))
    half = 1.0 if spot.partial else 0.0
    return [
        1.0,
        joint,
        math.log(max(low, 1e-3)),
        part[0].order / MAX_ORDER,
        sum(s.order for s in part) / len(part) / MAX_ORDER,
        min(s.order for s in part) / MAX_ORDER,
        math.log(len(part)),
        math.log1p(len(text)),
        half,
        math.log1p(part[0].branches),
        float(whole),
        math.log1p(len(spot.typed)),
        nest / 3,
        half * math.log(max(part[0].share, 1e-3)),
        joint * joint / 10,
    ]


@cache
def shipped() -> list[float]:
    """The weights that come with the package."""
    stored = json.loads(files("ai_lsp.completion.local").joinpath("weights.json").read_text("utf-8"))
    weights: list[float] = stored["line"]
    return weights


def choose(
    spot: Spot, found: Sequence[Way], weights: Sequence[float], min_confidence: float
) -> tuple[str, float, str] | None:
    """(text, confidence, why) of the longest start of the best way that is sure enough."""
    if not found:
        return None
    best: tuple[str, float, str] | None = None
    for i, s in enumerate(found[0].steps):
        if len(s.text.strip()) < SHORTEST:
            continue
        z = sum(a * b for a, b in zip(weights, features(spot, found[0].steps, i), strict=True))
        confidence = 1 / (1 + math.exp(-max(-30.0, min(30.0, z))))
        if confidence >= min_confidence and (best is None or len(s.text) >= len(best[0])):
            best = (s.text, confidence, _why(s))
    return best


_NAMES = {
    votes.OTHER: "other files of the workspace",
    votes.FOLDER: "files of this folder",
    votes.RECENT: "other open files",
    votes.BELOW: "text below in this file",
    votes.ABOVE: "text above in this file",
    votes.GONE: "text you have just removed",
}


def _why(last: Step) -> str:
    source = max(range(votes.SOURCES), key=lambda k: last.sources[k])
    return f"seen in {_NAMES[source]} after the same {last.order} tokens"
