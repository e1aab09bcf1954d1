"""Prompt parts cut to a budget of tokens: the highest priorities that fit, in declared order, at a steady cut.

The contract, from which an independent check can be written
------------------------------------------------------------
*Steps.* Each part gives one step "this part with this text" per alternative and one for its full text. A step's
path is the priorities on the way to it: those of its part's ancestors (from a root, or from the nearest
`absolute` ancestor or self, whose ancestors are left out) and last the step's own (an alternative's priority, or
the part's). Steps are ordered by path, greater first, compared as tuples with a path before its extensions;
ties as declared: by part, parents before children, and of one part the shorter text first.

*Needs.* A part that stands in a prompt needs its parent, and its siblings with the same `keep_with`, to stand
there too, at least with their shortest text (the last alternative, or the text of a part that has none).
The closure of a set of steps is the smallest prompt that keeps each part of the set with the fullest of its
texts in the set, and whatever is needed, with its shortest text unless the set has a fuller one. ("Fuller" is by
the declared order of the alternatives, whatever the sizes.)

*Cost.* The cost of a prompt is the sum of `count(text)` over its parts. A step is *too large* when the closure
of it alone costs more than the budget; such steps are left out of everything below, so that one huge part does
not hold up what comes after it.

*Cut.* P(k) is the closure of the first k steps; P(L) for a limit L in tokens is P(k) with the greatest k for
which the cost is <= L (which takes all k into account: with alternatives the cost may fall again), and nothing
for L < 0. The answer is P(budget). So it is always the deepest cut that fits, never a part beyond the cut
squeezed into what is left: that would make parts come and go with every key. A budget below 0 counts as 0.

*Verified.* Sums of counts bound the count of the joined text from above with nearly every tokenizer, not with
all. So the result is joined (a run of text ends only where a part has `break_before`), the runs are counted and
summed, and while they exceed the budget by d > 0, the cut goes down to P(cost - d).

*Steady.* With `step` > 0 the cut moves in steps of that many tokens; limits below 0 count as 0 here. The goal is
P(budget - step), or everything if P(budget) keeps every step that is not too large. Let H be what `previous`
decided, by `key`: a part it kept is kept with the same alternative (or its shortest, if it has fewer now), a part
it dropped is dropped, a part it did not have (or without a key) is as in the goal; then what is needed. If each
part's text in H is at least as full as in P(budget - 2 step) and at most as full as in P(budget), dropped being
the least, and H fits the budget by sum and as joined, then H is the answer. Else, or without `previous`, it is
the goal, verified as above.

What follows, and is tested: the same input gives the same output. With `step` = 0, where no step is too large
for a budget, a larger budget keeps each part at least as full. In general, where no alternative costs more than
a fuller one, the larger budget keeps at least as full all that the smaller keeps of the steps in front of the
first one that is too large for the smaller alone. With counts that add up to an upper bound,
P(budget - 2 step) <= answer <= P(budget), part by part, so that no history can spoil a prompt by more than that.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from operator import le
from typing import Literal

from ai_lsp.context.counts import Count, Counts, Tally
from ai_lsp.context.parts import Layout, PromptPart, Stability, lay_out
from ai_lsp.context.sweep import sweep

Why = Literal["too large", "below the cut", "reserve"]


@dataclass(frozen=True, slots=True)
class Kept:
    """A part that stands in the prompt: `alternative` 0 is its full text, 1 its first alternative, and so on."""

    part: PromptPart
    text: str
    alternative: int
    tokens: int


@dataclass(frozen=True, slots=True)
class Dropped:
    """A part that does not stand in the prompt.

    "too large": none of its texts fits the budget with all it needs. "below the cut": more wanted parts filled
    the budget. "reserve": by the sum of counts it fits, but the cut moves in steps or the joined text was longer.
    `tokens` of its full text; None where that was never counted, since the cut lies far above it.
    """

    part: PromptPart
    why: Why
    tokens: int | None


@dataclass(frozen=True, slots=True)
class Fitted:
    """A prompt within its budget. Lists of parts are made when asked for: a key needs the text, a trace the rest.

    `tokens` of the joined text, as verified; `cost` the sum of the parts' counts; `is_held`: the cut stayed
    where the previous prompt had it.
    """

    tokens: int
    cost: int
    budget: int
    is_held: bool
    layout: Layout = field(repr=False)
    chosen: list[int] = field(repr=False)
    """Part -> the step that stands in the prompt, or -1."""
    highest: list[int] = field(repr=False)
    """Part -> its step at P(budget), or -1."""
    costs: list[int] = field(repr=False)
    """Step -> its tokens, -1 where it was not counted."""
    too_large: frozenset[int] = field(repr=False)
    """Steps that cannot stand in any prompt of this budget."""

    @property
    def text(self) -> str:
        """All kept texts, in declared order."""
        texts = self.layout.texts
        return "".join([texts[step] for step in self.chosen if step >= 0])

    @property
    def kept(self) -> tuple[Kept, ...]:
        """What stands in the prompt, in declared order."""
        layout, costs = self.layout, self.costs
        return tuple(
            Kept(part, layout.texts[step], layout.first[index + 1] - 1 - step, costs[step])
            for index, (part, step) in enumerate(zip(layout.parts, self.chosen, strict=True))
            if step >= 0
        )

    @property
    def dropped(self) -> tuple[Dropped, ...]:
        """What does not, in declared order, and why."""
        return tuple(self._drop(index) for index, step in enumerate(self.chosen) if step < 0)

    @property
    def cut(self) -> PromptPart | None:
        """The most wanted part that is dropped or shortened though it is not too large; None if none is."""
        layout = self.layout
        for step in layout.order:
            if step > self.chosen[layout.owner[step]] and step not in self.too_large:
                return layout.parts[layout.owner[step]]
        return None

    def front(self, *classes: Stability) -> str:
        """The start of the text up to the first part of another class: where a cache mark may stand."""
        out: list[str] = []
        for part, step in zip(self.layout.parts, self.chosen, strict=True):
            if step >= 0:
                if part.stability not in classes:
                    break
                out.append(self.layout.texts[step])
        return "".join(out)

    def _drop(self, index: int) -> Dropped:
        layout = self.layout
        full = layout.first[index + 1] - 1
        tokens = self.costs[full] if self.costs[full] >= 0 else None
        why: Why = "reserve" if self.highest[index] >= 0 else "below the cut"
        if all(step in self.too_large for step in range(layout.first[index], full + 1)):
            why = "too large"
        return Dropped(layout.parts[index], why, tokens)


def fit(
    parts: Iterable[PromptPart],
    budget: int,
    count: Count,
    *,
    step: int = 0,
    previous: Fitted | None = None,
    counts: Counts | None = None,
) -> Fitted:
    """The prompt of `parts` within `budget` tokens, as the module's contract has it. O(n log n).

    `previous` is the last answer for the same prompt and matters only with a `step`; `counts` keeps counts and
    the layout from one call to the next.
    """
    budget, step = max(0, budget), max(0, step)
    counts = Counts() if counts is None else counts
    layout = counts.layout = lay_out(parts, counts.layout)
    tally = counts.by(count)
    course = sweep(layout, budget, tally)
    highest, cost = course.at(budget)
    too_large = frozenset(course.too_large)

    def fitted(chosen: list[int], cost: int, *, is_held: bool) -> Fitted:
        tokens = _joined(layout, chosen, tally)
        return Fitted(tokens, cost, budget, is_held, layout, chosen, highest, course.costs, too_large)

    goal = highest
    if step and not course.is_complete(budget):
        goal, cost = course.at(max(0, budget - step))
    if step and previous is not None:
        held = _held(layout, previous, goal)
        lowest, _ = course.at(max(0, budget - 2 * step))
        if all(map(le, lowest, held)) and all(map(le, held, highest)):
            answer = fitted(held, course.cost(held, tally), is_held=True)
            if max(answer.cost, answer.tokens) <= budget:
                return answer
    answer = fitted(goal, cost, is_held=False)
    while answer.tokens > budget:
        answer = fitted(*course.at(answer.cost - (answer.tokens - budget)), is_held=False)
    return answer


def _held(layout: Layout, previous: Fitted, goal: list[int]) -> list[int]:
    """H of the contract: what was decided before, part by part, and the goal for what is new."""
    before = previous.layout
    old_keys, keys = [part.key for part in before.parts], [part.key for part in layout.parts]
    # From one keystroke to the next nearly all parts stay: their decisions are copied, not looked up.
    front = _common_front(before, old_keys, layout, keys)
    held = previous.chosen[:front] + goal[front:]
    memory = {old_keys[old]: old for old in range(front, len(old_keys))}
    for index in range(front, len(keys)):
        old = memory.get(keys[index]) if keys[index] else None
        if old is not None:
            stood = previous.chosen[old]
            less = before.first[old + 1] - stood
            held[index] = -1 if stood < 0 else max(layout.first[index], layout.first[index + 1] - less)
    _close(layout, held)
    return held


def _common_front(before: Layout, old_keys: list[str], layout: Layout, keys: list[str]) -> int:
    """How many parts at the start have the same keys and as many texts each as they had, none without a key."""
    low, high = 0, min(len(old_keys), len(keys))
    while low < high:
        middle = (low + high + 1) // 2
        is_same = before.first[low : middle + 1] == layout.first[low : middle + 1]
        if is_same and old_keys[low:middle] == keys[low:middle]:
            low = middle
        else:
            high = middle - 1
    return keys.index("") if "" in keys[:low] else low


def _close(layout: Layout, chosen: list[int]) -> None:
    """Let in what the kept parts need, with its shortest text."""
    if not any(layout.ties):
        return
    work = [index for index, step in enumerate(chosen) if step >= 0 and layout.ties[index]]
    complete: set[int] = set()
    while work:
        part = work.pop()
        company, parent = layout.mates.get(part, ()), layout.parents[part]
        needed = [] if parent < 0 else [parent]
        if company and company[0] not in complete:
            complete.add(company[0])
            needed += company
        for each in needed:
            if chosen[each] < 0:
                chosen[each] = layout.first[each]
                work.append(each)


def _joined(layout: Layout, chosen: list[int], tally: Tally) -> int:
    """Tokens of the joined text, run by run."""
    texts = layout.texts
    places = [0, *layout.breaks, len(chosen)]
    runs = (chosen[start:end] for start, end in pairwise(places))
    return sum(tally.of("".join([texts[step] for step in run if step >= 0])) for run in runs)
