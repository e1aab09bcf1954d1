"""The likeliest ways to go on from the cursor: a small beam over next tokens, to the end of the line."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ai_lsp.completion.local.lexing import END_SAME, Vocabulary
from ai_lsp.completion.local.votes import SOURCES, Distribution

WIDTH = 3
LONGEST = 28  # tokens
_FLOOR = 0.01


@dataclass(slots=True)
class Step:
    """One token of a way: the text up to and with it, and how sure the model was."""

    text: str
    token: int
    joint: float  # probability of the whole text so far
    share: float  # of this token alone
    runner_up: float  # of the best other token
    order: int  # longest context that spoke
    own_order: int  # longest context that spoke for this token
    branches: int
    votes: float
    sources: list[float]


@dataclass(slots=True)
class Way:
    """One way to go on. `is_whole`: it reaches the line's end."""

    steps: list[Step]
    joint: float
    tokens: list[int] = field(default_factory=list)
    is_whole: bool = False

    @property
    def text(self) -> str:
        """The text it would type."""
        return self.steps[-1].text if self.steps else ""


def search(
    left: Sequence[int],
    partial: str,
    ask: Callable[[Sequence[int], str], Distribution],
    vocabulary: Vocabulary,
    deadline: float = float("inf"),
) -> list[Way]:
    """Ways to go on after `left` and the half-typed `partial`, likeliest first. Stops at the deadline."""
    beams = [Way([], 1.0)]
    found: list[Way] = []
    best_whole = 0.0
    first = True
    context = list(left)
    while beams:
        grown: list[Way] = []
        for way in beams:
            if time.perf_counter() > deadline:
                break
            half = partial if first else ""
            spread = ask(context + way.tokens, half)
            options = sorted(spread.tokens.items(), key=lambda kv: -kv[1])[: WIDTH + 1]
            scale = 1.0 / (sum(spread.tokens.values()) or 1.0) if half else 1.0
            for rank, (token, raw) in enumerate(options[:WIDTH]):
                share = raw * scale
                if share < _FLOOR:
                    break
                other = options[1 if rank == 0 else 0][1] * scale if len(options) > 1 else 0.0
                joint = way.joint * share
                piece = "" if token == END_SAME else vocabulary.text[token][len(half) :]
                made = Step(
                    way.text + piece,
                    token,
                    joint,
                    share,
                    other,
                    spread.order,
                    spread.first_order.get(token, 0),
                    len(spread.tokens),
                    spread.count,
                    spread.sources.get(token) or [0.0] * SOURCES,
                )
                new = Way([*way.steps, made], joint, [*way.tokens, token], token == END_SAME)
                if new.is_whole:
                    if new.text:
                        found.append(new)
                        best_whole = max(best_whole, joint)
                else:
                    grown.append(new)
        first = False
        grown.sort(key=lambda w: -w.joint)
        cut = [w for w in grown[:WIDTH] if w.joint <= best_whole or w.joint <= 0.001 or len(w.tokens) >= LONGEST]
        found += cut
        beams = [w for w in grown[:WIDTH] if w.joint > best_whole and w.joint > 0.001 and len(w.tokens) < LONGEST]
    found.sort(key=lambda w: (not w.is_whole, -w.joint))
    return found
