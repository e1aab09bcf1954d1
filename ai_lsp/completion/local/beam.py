"""The likeliest ways to go on from the cursor: a small beam over next tokens, to the end of the line."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ai_lsp.completion.local.lexing import END_SAME, Vocabulary
from ai_lsp.completion.local.votes import SOURCES, Distribution

WIDTH = 4
LONGEST = 28  # tokens
_FLOOR = 0.01
_HOPELESS = 0.01  # probability of a way that is not followed further
_NO_SOURCES = [0.0] * SOURCES


@dataclass(slots=True)
class Step:
    """One token of a way: the text up to and with it, and how sure the model was."""

    text: str
    token: int
    joint: float  # probability of the whole text so far
    share: float  # of this token alone
    runner_up: float  # of the best other token
    known: float  # probability of all tokens seen after the context; the rest is for new ones
    shaped: float  # share of this token in the votes of places of the same shape
    shape_order: int
    twin: float  # likeness of the best removed line that goes on with this token
    usual: float  # share of this token in the habits of the language
    usual_order: int
    order: int  # longest context that spoke
    own_order: int  # longest context that spoke for this token
    branches: int
    votes: float
    sources: list[float]
    is_word: bool


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
    ask: Callable[[list[int], list[int], str], Distribution],
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
            is_late = bool(way.steps) and time.perf_counter() > deadline  # the first token is always looked for
            made = [] if is_late else _grow(way, ask, context, partial if first else "", vocabulary)
            if not made and way.steps:
                found.append(way)
            for new in made:
                if not new.is_whole:
                    grown.append(new)
                elif new.text:
                    found.append(new)
                    best_whole = max(best_whole, new.joint)
        first = False
        grown.sort(key=lambda w: -w.joint)
        beams = []
        for rank, way in enumerate(grown):
            goes_on = rank < WIDTH and way.joint > max(best_whole, _HOPELESS) and len(way.tokens) < LONGEST
            (beams if goes_on else found).append(way)
    found.sort(key=lambda w: -w.joint)
    return found


def _grow(
    way: Way,
    ask: Callable[[list[int], list[int], str], Distribution],
    context: list[int],
    half: str,
    vocabulary: Vocabulary,
) -> list[Way]:
    """The likeliest ways that are one token longer."""
    spread = ask(context, way.tokens, half)
    weight = spread.tokens
    options = [(t, weight[t]) for t in sorted(weight, key=weight.__getitem__, reverse=True)[: WIDTH + 1]]
    known = sum(spread.tokens.values())
    scale = 1.0 / (known or 1.0) if half else 1.0
    made: list[Way] = []
    for rank, (token, raw) in enumerate(options[:WIDTH]):
        share = raw * scale
        if share < _FLOOR:
            break
        piece = "" if token == END_SAME else vocabulary.text[token][len(half) :]
        step = Step(
            text=way.text + piece,
            token=token,
            joint=way.joint * share,
            share=share,
            runner_up=options[1 if rank == 0 else 0][1] * scale if len(options) > 1 else 0.0,
            known=known,
            shaped=spread.shaped.get(token, 0.0),
            shape_order=spread.shape_order,
            twin=spread.twin.get(token, 0.0),
            usual=spread.usual.get(token, 0.0),
            usual_order=spread.usual_order,
            order=spread.order,
            own_order=spread.first_order.get(token, 0),
            branches=len(spread.tokens),
            votes=spread.count,
            sources=spread.sources.get(token) or _NO_SOURCES,
            is_word=piece[-1:].isalnum() or piece[-1:] == "_",
        )
        made.append(Way([*way.steps, step], step.joint, [*way.tokens, token], token == END_SAME))
    return made
