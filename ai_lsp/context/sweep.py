"""One walk down the steps of a prompt, which finds what each cut costs; terms as in `ai_lsp.context.fit`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ai_lsp.context.counts import Tally
from ai_lsp.context.parts import ALONE, UNDER, Layout


@dataclass(frozen=True, slots=True)
class Course:
    """All cuts worth knowing: what the steps add, most wanted first, and the sum after each."""

    layout: Layout
    costs: list[int]
    added: list[int]
    """Steps as they come in, each the fullest of its part so far, and what it needs right behind it."""
    ends: Sequence[int]
    """Cut -> how many of `added` stand above it."""
    sums: list[int]
    """Cut -> cost of what stands above it."""
    too_large: list[int]

    def at(self, limit: int) -> tuple[list[int], int]:
        """P(limit) as part -> step or -1, and its cost; nothing at all below 0."""
        sums = self.sums
        cut = len(sums) - 1
        while cut >= 0 and sums[cut] > limit:
            cut -= 1
        chosen = [-1] * len(self.layout.parts)
        if cut < 0:
            return chosen, 0
        owner = self.layout.owner
        for step in self.added[: self.ends[cut]]:
            chosen[owner[step]] = step
        return chosen, sums[cut]

    def cost(self, chosen: list[int], tally: Tally) -> int:
        """The cost of any prompt; the sweep has counted most of its texts."""
        steps = [step for step in chosen if step >= 0]
        for step in steps:
            if self.costs[step] < 0:
                self.costs[step] = tally.of(self.layout.texts[step])
        return sum([self.costs[step] for step in steps])

    def is_complete(self, budget: int) -> bool:
        """Whether everything that is not too large fits together: else the sweep stopped, or ended, above it."""
        return not self.sums or self.sums[-1] <= budget


def sweep(layout: Layout, budget: int, tally: Tally) -> Course:
    """One walk down the order, until no cut further down can fit.

    That is when the sum is over the budget even if every text that may still be replaced cost nothing.
    """
    if not any(layout.ties):
        return _plain_sweep(layout, budget, tally)
    owner, texts, ties, parents = layout.owner, layout.texts, layout.ties, layout.parents
    first, mates = layout.first, layout.mates
    costs = [-1] * len(texts)
    added: list[int] = []
    ends: list[int] = []
    sums: list[int] = []
    too_large: list[int] = []
    closure = _Closure(layout, costs, tally)
    chosen, needs, seen = closure.chosen, closure.needs, tally.young.get
    total = 0
    for step in layout.order:
        text = texts[step]
        cost = seen(hash(text))
        if cost is None:
            cost = tally.of(text)
        costs[step] = cost
        part = owner[step]
        tie = ties[part]
        if tie == ALONE or (tie == UNDER and chosen[parents[part]] >= 0):
            if cost + needs[parents[part]] > budget:
                too_large.append(step)
                continue
            chosen[part] = step
            added.append(step)
            total += cost
        elif part not in mates and ((parent := parents[part]) < 0 or chosen[parent] >= 0):
            # All that it needs stands there: what `closure` would do, without asking it.
            if cost + needs[parent] > budget:
                too_large.append(step)
                continue
            if step > (before := chosen[part]):
                if part not in needs:
                    needs[part] = needs[parent] + closure.cost(first[part])
                old = costs[before] if before >= 0 else 0
                closure.replaceable += (cost if step + 1 < first[part + 1] else 0) - old
                chosen[part] = step
                added.append(step)
                total += cost - old
        elif closure.alone(step) > budget:
            too_large.append(step)
            continue
        else:
            total += closure.add(step, added)
        ends.append(len(added))
        sums.append(total)
        if total - closure.replaceable > budget:
            break
    return Course(layout, costs, added, ends, sums, too_large)


def _plain_sweep(layout: Layout, budget: int, tally: Tally) -> Course:
    """The same where no part needs another and each has one text: each step that is not too large adds itself."""
    texts, seen = layout.texts, tally.young.get
    costs = [-1] * len(texts)
    added: list[int] = []
    sums: list[int] = []
    too_large: list[int] = []
    total = 0
    for step in layout.order:
        text = texts[step]
        cost = seen(hash(text))
        if cost is None:
            cost = tally.of(text)
        costs[step] = cost
        if cost > budget:
            too_large.append(step)
            continue
        total += cost
        added.append(step)
        sums.append(total)
        if total > budget:
            break
    return Course(layout, costs, added, range(1, len(added) + 1), sums, too_large)


class _Closure:
    """A prompt that grows by steps and by what they need."""

    __slots__ = ("_costs", "_layout", "_tally", "chosen", "needs", "replaceable")

    def __init__(self, layout: Layout, costs: list[int], tally: Tally) -> None:
        self._layout = layout
        self._costs = costs
        self._tally = tally
        self.needs: dict[int, int] = {-1: 0}
        """Part -> the cost of a prompt of its shortest text and what that needs; of all parts let in."""
        self.chosen = [-1] * len(layout.parts)
        self.replaceable = 0
        """Cost of the kept texts that a fuller one may still replace."""

    def alone(self, step: int) -> int:
        """The cost of a prompt of this step and what it needs."""
        layout = self._layout
        part = layout.owner[step]
        way = []
        while part not in self.needs:
            way.append(part)
            part = layout.parents[part]
        for each in reversed(way):
            company = layout.mates.get(each, (each,))
            needs = self.needs[layout.parents[each]]
            needs += sum(self.cost(layout.first[mate]) for mate in company)
            self.needs.update(dict.fromkeys(company, needs))
        part = layout.owner[step]
        return self.needs[part] - self.cost(layout.first[part]) + self.cost(step)

    def add(self, step: int, added: list[int]) -> int:
        """Let the step in, and what it needs; append all to `added`. Returns what that costs more."""
        layout, chosen = self._layout, self.chosen
        part = layout.owner[step]
        if chosen[part] >= 0:
            return self._put(step, added) if step > chosen[part] else 0
        # The step itself goes first, so that its company does not bring its shortest text.
        more = self._put(step, added)
        while part >= 0:
            for mate in layout.mates.get(part, (part,)):
                if chosen[mate] < 0:
                    more += self._put(layout.first[mate], added)
            part = layout.parents[part]
            if part >= 0 and chosen[part] >= 0:
                break
        return more

    def _put(self, step: int, added: list[int]) -> int:
        layout = self._layout
        part = layout.owner[step]
        before, last = self.chosen[part], layout.first[part + 1] - 1
        old = self.cost(before) if before >= 0 else 0
        new = self.cost(step)
        self.replaceable += (new if step < last else 0) - old
        self.chosen[part] = step
        added.append(step)
        return new - old

    def cost(self, step: int) -> int:
        """What one text costs."""
        cost = self._costs[step]
        if cost < 0:
            cost = self._costs[step] = self._tally.of(self._layout.texts[step])
        return cost
