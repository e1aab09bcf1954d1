"""Random prompts, and the contract of `ai_lsp.context.fit` done again by trying every cut: slow, plain, apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import groupby
from random import Random

from ai_lsp.context.parts import OURS, Alternative, PromptPart

Count = Callable[[str], int]
Choice = tuple[int, ...]
"""Part in declared order -> how full its text is: -1 dropped, 0 the shortest, and so on."""


def by_length(text: str) -> int:
    """Adds up exactly."""
    return len(text)


def by_thirds(text: str) -> int:
    """Bounds the joined count from above, as an estimate by size does."""
    return -(-len(text) // 3)


def by_runs(text: str) -> int:
    """Bounds it from above as a real vocabulary does: equal characters join over the borders of parts."""
    return sum(1 for _ in groupby(text))


def by_pairs(text: str) -> int:
    """A tokenizer that does not add up: joining costs more than the pieces."""
    return len(text) + 2 * text.count("ab") + 2 * text.count("ba")


COUNTERS: tuple[Count, ...] = (by_length, by_thirds, by_runs, by_pairs)
BOUNDING: tuple[Count, ...] = (by_length, by_thirds, by_runs)


@dataclass(frozen=True)
class Node:
    part: PromptPart
    parent: int
    path: tuple[int, ...]
    """Negated, so that smaller comes first."""
    texts: tuple[str, ...]
    """The shortest first."""


def random_tree(rng: Random, largest: int = 12, *, is_proper: bool = False) -> tuple[PromptPart, ...]:
    """A prompt of up to `largest` parts with all constructs; proper: no alternative is longer than a fuller."""
    size = rng.randint(1, largest)
    if rng.random() < 0.15:
        plain = (random_text(rng) for _ in range(size))
        return tuple(PromptPart("any", t, OURS, f"k{i}", rng.randint(0, 4)) for i, t in enumerate(plain))
    parents = [rng.randint(-1, index - 1) if rng.random() < 0.6 else -1 for index in range(size)]
    children: list[list[PromptPart]] = [[] for _ in range(size)]
    roots: list[PromptPart] = []
    for index in range(size - 1, -1, -1):
        part = random_part(rng, f"k{index}", tuple(reversed(children[index])), is_proper=is_proper)
        (roots if parents[index] < 0 else children[parents[index]]).append(part)
    return tuple(reversed(roots))


def random_part(
    rng: Random, key: str, children: tuple[PromptPart, ...] = (), *, is_proper: bool = False
) -> PromptPart:
    texts = [random_text(rng) for _ in range(rng.choice((1, 1, 2, 3)))]
    if is_proper:
        longest = max(texts, key=len)
        texts = sorted((longest[: len(text)] for text in texts), key=len, reverse=True)
    return PromptPart(
        "any",
        texts[0],
        OURS,
        key=key if rng.random() < 0.9 else "",
        priority=rng.randint(0, 4),
        absolute=rng.random() < 0.15,
        keep_with=rng.choice(("", "", "", "x", "y")),
        alternatives=tuple(Alternative(t, rng.choice((None, 1, 3, 6))) for t in texts[1:]),
        children=children,
        break_before=rng.random() < 0.15,
    )


def random_text(rng: Random) -> str:
    return "".join(rng.choices("aab", k=rng.choice((0, 1, 2, 3, 5, 8, 13))))


def changed(rng: Random, parts: tuple[PromptPart, ...]) -> tuple[PromptPart, ...]:
    """The prompt after a keystroke or two: other texts and priorities, parts gone, come and moved."""
    out = []
    for part in parts:
        chance = rng.random()
        if chance < 0.08:
            continue
        part = replace(part, children=changed(rng, part.children))
        if chance < 0.25:
            part = replace(part, text=part.text + random_text(rng)[:2])
        elif chance < 0.35:
            part = replace(part, priority=rng.randint(0, 4))
        elif chance < 0.4:
            part = replace(part, alternatives=part.alternatives[1:])
        out.append(part)
        if chance > 0.95:
            out.append(random_part(rng, f"new{rng.random()}"))
    return tuple(out)


def nodes_of(
    parts: tuple[PromptPart, ...], parent: int = -1, path: tuple[int, ...] = (), found: list[Node] | None = None
) -> list[Node]:
    found = [] if found is None else found
    for part in parts:
        own = (-part.priority,) if part.absolute else (*path, -part.priority)
        texts = (*(each.text for each in reversed(part.alternatives)), part.text)
        found.append(Node(part, parent, own, texts))
        nodes_of(part.children, len(found) - 1, own, found)
    return found


class Oracle:
    """All cuts of one prompt, tried one by one."""

    def __init__(self, parts: tuple[PromptPart, ...], count: Count) -> None:
        self.nodes = nodes_of(parts)
        self.count = count
        self.costs = [[count(text) for text in node.texts] for node in self.nodes]
        self.needed = [self._needs(index) for index in range(len(self.nodes))]
        steps = []
        for index, node in enumerate(self.nodes):
            ladder = [*(each.priority for each in reversed(node.part.alternatives)), None]
            for rung, own in enumerate(ladder):
                priority = node.part.priority if own is None else own
                steps.append(((*node.path[:-1], -priority), index, rung))
        self.steps = [(index, rung) for _, index, rung in sorted(steps)]

    def _needs(self, index: int) -> frozenset[int]:
        """Everything that must stand where this part stands, itself included."""
        needed, work = set[int](), [index]
        while work:
            one = work.pop()
            if one in needed:
                continue
            needed.add(one)
            node = self.nodes[one]
            if node.parent >= 0:
                work.append(node.parent)
            if node.part.keep_with:
                for other, sibling in enumerate(self.nodes):
                    if sibling.parent == node.parent and sibling.part.keep_with == node.part.keep_with:
                        work.append(other)
        return frozenset(needed)

    def closure(self, steps: list[tuple[int, int]]) -> Choice:
        chosen = [-1] * len(self.nodes)
        for index, rung in steps:
            chosen[index] = max(chosen[index], rung)
            for other in self.needed[index]:
                chosen[other] = max(chosen[other], 0)
        return tuple(chosen)

    def cost(self, chosen: Choice) -> int:
        return sum(costs[rung] for costs, rung in zip(self.costs, chosen, strict=True) if rung >= 0)

    def joined(self, chosen: Choice) -> int:
        runs = [""]
        for node, rung in zip(self.nodes, chosen, strict=True):
            if node.part.break_before:
                runs.append("")
            if rung >= 0:
                runs[-1] += node.texts[rung]
        return sum(self.count(run) for run in runs if run)

    def too_large(self, budget: int) -> set[tuple[int, int]]:
        return {step for step in self.steps if self.cost(self.closure([step])) > budget}

    def at(self, limit: int, budget: int) -> Choice:
        """P(limit): of all cuts, the deepest that fits."""
        bad = self.too_large(budget)
        steps = [step for step in self.steps if step not in bad]
        for cut in range(len(steps), -1, -1):
            chosen = self.closure(steps[:cut])
            if self.cost(chosen) <= limit or not cut:
                return chosen
        raise AssertionError

    def fit(self, budget: int, step: int = 0, before: tuple[Oracle, Choice] | None = None) -> Choice:
        highest = self.at(budget, budget)
        everything = self.closure([each for each in self.steps if each not in self.too_large(budget)])
        goal = highest
        if step and highest != everything:
            goal = self.at(max(0, budget - step), budget)
        if step and before:
            held = self.held(before, goal)
            lowest = self.at(max(0, budget - 2 * step), budget)
            between = all(a <= b <= c for a, b, c in zip(lowest, held, highest, strict=True))
            if between and self.cost(held) <= budget and self.joined(held) <= budget:
                return held
        while (excess := self.joined(goal) - budget) > 0:
            goal = self.at(self.cost(goal) - excess, budget)
        return goal

    def held(self, before: tuple[Oracle, Choice], goal: Choice) -> Choice:
        oracle, choice = before
        memory = {node.part.key: (node, rung) for node, rung in zip(oracle.nodes, choice, strict=True)}
        steps = []
        for index, node in enumerate(self.nodes):
            rung = goal[index]
            if node.part.key and node.part.key in memory:
                old, stood = memory[node.part.key]
                alternative = len(old.texts) - 1 - stood
                rung = -1 if stood < 0 else max(0, len(node.texts) - 1 - alternative)
            if rung >= 0:
                steps.append((index, rung))
        return self.closure(steps)
