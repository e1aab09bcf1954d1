"""How sure public code is of a choice, given what stands around it: weights learned by eval/review/fit.py.

The score of a choice is the sum of the weights of the features around it, and scores become chances by softmax.
Features are kept as hashes and weights as bytes; no numpy is needed.
"""

from __future__ import annotations

import base64
import json
import math
import sys
import zlib
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from pathlib import Path

from ai_lsp.diagnostics.shapes import GROUPS
from ai_lsp.diagnostics.sites import Site

FILE = Path(__file__).with_name("habits.json")


def hashed(feature: str) -> int:
    """A feature as 32 bits."""
    return zlib.crc32(feature.encode("utf-8", "surrogatepass"))


@dataclass(frozen=True, slots=True)
class Group:
    """What was learned of one kind of choice: for a feature's hash a weight for each choice, and what they are
    without any. `slope` and `offset` turn how much another choice would be likelier (a logarithm) into the
    chance that it was meant, on code that was not learned from (see fit.py for what is assumed of bugs);
    `rarity` is the part of the offset that says how rare bugs are, as a logit."""

    weights: Mapping[int, tuple[float, ...]]
    bias: tuple[float, ...]
    slope: float
    offset: float
    rarity: float


@cache
def groups() -> dict[str, Group]:
    """The learned weights, read when first asked for."""
    raw = json.loads(FILE.read_text("utf-8"))
    out = {}
    for name, entry in raw["groups"].items():
        data, scale = zlib.decompress(base64.b85decode(entry["weights"])), entry["scale"]
        hashes = array("I", data[: 4 * entry["count"]])
        if sys.byteorder == "big":
            hashes.byteswap()
        levels = array("b", data[4 * entry["count"] :])
        n = len(entry["bias"])
        rows = (tuple(scale * level for level in levels[i : i + n]) for i in range(0, len(levels), n))
        out[name] = Group(dict(zip(accumulate(hashes), rows, strict=True)), tuple(entry["bias"]), *entry["meant"])
    return out


def chances(site: Site, extra: Iterable[str] = ()) -> dict[str, float]:
    """The chance of each choice at a site; empty where nothing is known of its kind."""
    group = groups().get(site.group)
    if group is None:
        return {}
    scores = list(group.bias)
    for feature in {hashed(feature) for feature in (*site.features, *extra)}:
        for i, weight in enumerate(group.weights.get(feature, ())):
            scores[i] += weight
    top = max(scores)
    parts = [math.exp(score - top) for score in scores]
    whole = sum(parts)
    return {choice: part / whole for choice, part in zip(GROUPS[site.group], parts, strict=True)}


MISTAKES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "equal": {"==": ("!=",), "!=": ("==",)},
    "is": {"is": ("is not",), "is not": ("is",)},
    "in": {"in": ("not in",), "not in": ("in",)},
    "order": {"<": ("<=", ">", ">="), "<=": ("<", ">", ">="), ">": (">=", "<", "<="), ">=": (">", "<", "<=")},
    "bool": {"and": ("or",), "or": ("and",)},
    "sign": {"+": ("-",), "-": ("+",)},
    "not": {"plain": ("not",), "not": ("plain",)},
    "number": {"0": ("1",), "1": ("0", "2"), "2": ("1", "3"), "3": ("2",)},
    "arguments": {"right": ("swapped",)},
    "numeral": {"right": ("off by one",)},
}
"""What may have been meant instead of each choice."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """Another choice, how common it is in such places (0 to 1), and the chance that it was meant. A flip: it is
    what stood there before a change that did nothing else to the line."""

    instead: str
    share: float
    chance: float
    is_flip: bool = False


FLIPS_WRONG = 0.3
"""Assumed of changes that turn one choice of a line and nothing else: this part of them is wrong. Most of the
others mend what was; which of the two it is, habits must say."""


LEAST_SHARE = 0.7
"""How common a choice must be for its loss to be pointed out."""


def doubt(site: Site, extra: Iterable[str] = (), before: str | None = None) -> Doubt | None:
    """What was most likely meant instead; None where nothing is known of its kind. `before` is the choice that
    stood there until a change that did nothing else."""
    found = chances(site, extra)
    if not found:
        return None
    is_flip = before is not None and found.get(before, 0.0) >= LEAST_SHARE
    instead = before if before is not None and is_flip else ""
    instead = instead or max(MISTAKES[site.group][site.choice], key=lambda choice: found[choice])
    group = groups()[site.group]
    logit = group.slope * surprise(found[instead], found[site.choice]) + group.offset
    if is_flip:
        logit += math.log(FLIPS_WRONG / (1 - FLIPS_WRONG)) - group.rarity
    return Doubt(instead, found[instead], 1 / (1 + math.exp(-max(-30.0, min(30.0, logit)))), is_flip)


def surprise(other: float, chosen: float) -> float:
    """By how much another choice would be likelier, as a natural logarithm."""
    return math.log(max(other, 1e-9) / max(chosen, 1e-9))


def elsewhere(sites: Sequence[Site]) -> list[tuple[str, ...]]:
    """For each site of a file, features that say what the same file chooses for the same things elsewhere."""
    counts: dict[str, Counter[str]] = {}
    for site in sites:
        if site.key:
            counts.setdefault(f"{site.group} {site.key}", Counter())[site.choice] += 1
    out = []
    for site in sites:
        others = counts.get(f"{site.group} {site.key}", Counter())
        found = []
        for choice in GROUPS[site.group] if site.key else ():
            n = others[choice] - (choice == site.choice)
            if n:
                found.append(f"elsewhere={choice}{'+' if n > 2 else ''}")
        out.append(tuple(found))
    return out
