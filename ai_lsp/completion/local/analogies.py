"""Next tokens by analogy: places of the same shape with other names, and removed lines that are alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from ai_lsp.completion.local.lexing import END_SAME, ENDS, PAD, Vocabulary
from ai_lsp.completion.local.shapes import NAMES_END, Shapes
from ai_lsp.completion.local.shards import MAX_ORDER
from ai_lsp.completion.local.votes import Distribution, Stream

_TWIN_SHARE = 0.6  # of the probability that a perfect twin takes
_LEAST = 3  # tokens that must agree in shape
_PLACES = 12  # of one order that are asked
_ENOUGH = 12
_SHARE, _SHARE_LONG = (
    0.25,
    0.6,
)  # of the probability; the latter where the shape agrees much further than the words
_STRANGE = 0.2  # of its weight that a name keeps which stands there and not here


def add_shapes(
    result: Distribution,
    context: Sequence[int],
    open_text: Stream,
    vocabulary: Vocabulary,
    shapes: Shapes,
    partial: str,
) -> None:
    """Mixes in the votes of places of the same shape, their names replaced by the names here."""
    past = context[-MAX_ORDER:]
    levels = _shape_levels(past, open_text, shapes)
    if len(levels) < _LEAST:
        return
    text = vocabulary.text
    tally: dict[int, float] = {}
    asked = 0
    known = set(past)
    for order in range(len(levels), max(_LEAST, len(levels) - 3) - 1, -1):
        at = levels[order - 1]
        for place in at[-_PLACES:].tolist() if len(at) else ():
            there = open_text.flat[place - order + 1 : place + 1].tolist()
            mapped = _map_names(there, past[-order:], text, shapes)
            token = int(open_text.flat[place + 1])
            if mapped is None or token == PAD:
                continue
            names, same = mapped
            weight = float(open_text.weight[place]) * (1.0 + same) * order
            if token in ENDS:
                token = END_SAME
            elif shapes.of[token] < NAMES_END:
                word = text[token]
                bare = word.strip()
                if bare in names:
                    token = vocabulary.add((" " if word[0] == " " else "") + names[bare])
                elif token not in known:
                    weight *= _STRANGE
            if partial and (token in ENDS or not text[token].startswith(partial)):
                continue
            tally[token] = tally.get(token, 0.0) + weight
            asked += 1
        if asked >= _ENOUGH:
            break
    if tally:
        result.shape_order = len(levels)
        _mix(result, tally, asked)


def _mix(result: Distribution, tally: dict[int, float], asked: int) -> None:
    total = sum(tally.values())
    share = asked / (asked + 2.0)
    if result.tokens:
        share *= _SHARE_LONG if result.shape_order >= result.order + 3 else _SHARE
    for token in result.tokens:
        result.tokens[token] *= 1.0 - share
    for token, weight in tally.items():
        result.tokens[token] = result.tokens.get(token, 0.0) + share * weight / total
        result.shaped[token] = weight / total


def _map_names(
    there: Sequence[int], here: Sequence[int], text: Sequence[str], shapes: Shapes
) -> tuple[dict[str, str], int] | None:
    """(names there to names here, tokens that are equal); None where the names do not map one to one."""
    names: dict[str, str] = {}
    back: dict[str, str] = {}
    same = 0
    for old, new in zip(there, here, strict=True):
        same += old == new
        if shapes.of[old] < NAMES_END:
            a, b = text[old].strip(), text[new].strip()
            if names.setdefault(a, b) != b or back.setdefault(b, a) != a:
                return None
    return names, same


def _shape_levels(past: Sequence[int], open_text: Stream, shapes: Shapes) -> list[npt.NDArray[np.int64]]:
    """For k = 1, 2, …: places whose longest match in shape is exactly k tokens."""
    found: list[npt.NDArray[np.int64]] = []
    if not past:
        return found
    wanted = [int(shapes.of[t]) for t in past]
    flat = open_text.shape
    at = open_text.shaped(wanted[-1])
    for back in range(1, len(wanted)):
        if not len(at):
            return found
        same = flat[at - back] == wanted[-1 - back]
        found.append(at[~same])
        at = at[same]
    if len(at):
        found.append(at)
    return found


def with_twins(result: Distribution, following: Sequence[tuple[int, float]]) -> Distribution:
    """A copy that also hears the removed lines that the typed one stands for: (next token, likeness)."""
    best: dict[int, float] = {}
    for token, alike in following:
        best[token] = max(best.get(token, 0.0), alike)
    total = sum(best.values())
    share = _TWIN_SHARE * max(best.values())
    known = sum(result.tokens.values()) or 1.0
    tokens = {t: x / known * (1.0 - share) for t, x in result.tokens.items()}
    for token, alike in best.items():
        tokens[token] = tokens.get(token, 0.0) + share * alike / total
    return replace(result, tokens=tokens, twin=best)
