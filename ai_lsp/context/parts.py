"""What may stand in a prompt: parts of text with priorities, and the order in which they are let in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import attrgetter, is_
from typing import Literal

Stability = Literal["stable", "slow", "volatile"]
"""How often a part's text changes: hardly ever in a session, now and then, with every key or so."""


@dataclass(frozen=True, slots=True)
class Label:
    """Where a text came from, for whoever decides what may leave the process.

    Lines are 0-based and both included; `last_line` is -1 where the text is not lines of a file. `origin`
    names what brought it ("document", "edits", "diagnostics" …); "ours" are words of the program itself.
    """

    uri: str
    first_line: int = 0
    last_line: int = -1
    origin: str = "document"


OURS = Label("", origin="ours")
"""The label of headers, groups and other words that stand in no file."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """A shorter text for a part, let in at `priority`, local like the part's own; None: at the part's own."""

    text: str
    priority: int | None = None


@dataclass(frozen=True, slots=True)
class PromptPart:
    """A text that is kept whole, kept as one of its alternatives, or dropped; and the parts under it.

    `priority`: more is kept first; local, it only orders a part among its siblings, and a part's children
    all stand where the part stands. `absolute` is the escape: the part is ordered among the roots.
    `alternatives`: from the fullest to the shortest, such as a signature and then a name.
    `keep_with`: siblings of the same non-empty word are kept together or not at all. Local like priorities.
    `key`: who the part is from one prompt to the next, whatever its text; "" is nobody. Unique in a prompt.
    `children` stand behind the text of their parent and never without it.
    `break_before`: tokens do not join over this place, since a special token or a new message stands there,
    and it stands there even if the part is dropped.
    """

    kind: str
    text: str
    label: Label
    key: str = ""
    priority: int = 0
    stability: Stability = "volatile"
    absolute: bool = False
    keep_with: str = ""
    alternatives: tuple[Alternative, ...] = ()
    children: tuple[PromptPart, ...] = ()
    break_before: bool = False
    is_plain: bool = field(init=False, repr=False, compare=False)
    """Whether the part is nothing but a text in its place, as most are: those cost less."""

    def __post_init__(self) -> None:
        special = self.children or self.alternatives or self.keep_with or self.break_before or self.absolute
        object.__setattr__(self, "is_plain", not special)


ALONE, UNDER, WEB = 0, 1, 2
"""One text that needs nothing and that nothing needs; one text under a parent; all others."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A prompt's tree as columns. Parts are numbered as declared, a parent before its children.

    A step is "this part with this text": each part has one per alternative, shortest first, and then one for
    its full text. Steps are numbered through, part by part, so that of one part's steps the greater number
    is the fuller text.
    """

    parts: tuple[PromptPart, ...]
    parents: Sequence[int]
    """Part -> its parent, -1 for roots."""
    first: Sequence[int]
    """Part -> its first step; one more at the end."""
    owner: Sequence[int]
    """Step -> its part."""
    texts: list[str]
    """Step -> its text."""
    mates: dict[int, list[int]]
    """Part -> all parts kept with it, itself included; only parts that have company."""
    breaks: list[int]
    """Parts that tokens do not join over, ascending."""
    ties: bytearray
    """Part -> how it hangs together with others: ALONE, UNDER or WEB."""
    order: list[int]
    """All steps, the most wanted first."""
    roots: tuple[PromptPart, ...]
    starts: Sequence[int]
    """Root -> its number among the parts; one more at the end."""


def lay_out(parts: Iterable[PromptPart], known: Layout | None = None) -> Layout:
    """The tree as columns, with its steps ordered by priority. O(n log n) for n steps.

    `known` is a layout of before: where only texts have changed since, all else of it is taken over.
    """
    roots = tuple(parts)
    if known is not None and (same := _with_other_texts(known, roots)) is not None:
        return same
    if all(map(attrgetter("is_plain"), roots)):
        size = len(roots)
        priorities = [part.priority for part in roots]
        order = sorted(range(size), key=priorities.__getitem__, reverse=True)
        texts = [part.text for part in roots]
        every, none = range(size + 1), [-1] * size
        return Layout(roots, none, every, range(size), texts, {}, [], bytearray(size), order, roots, every)
    flat, parents = _flatten(roots)
    first, owner, texts, priorities = [0], list[int](), list[str](), list[int]()
    ties = bytearray(len(flat))
    companies: dict[tuple[int, str], list[int]] = defaultdict(list)
    siblings: dict[int, list[int]] = defaultdict(list)
    for index, (part, parent) in enumerate(zip(flat, parents, strict=True)):
        if part.is_plain:
            siblings[parent].append(len(texts))
            ties[index] = ALONE if parent < 0 else UNDER
        else:
            ladder = part.alternatives[::-1]
            siblings[-1 if part.absolute else parent].extend(range(len(texts), len(texts) + len(ladder) + 1))
            texts.extend([each.text for each in ladder])
            priorities.extend([part.priority if each.priority is None else each.priority for each in ladder])
            owner.extend([index] * len(ladder))
            ties[index] = WEB
            if part.keep_with:
                companies[parent, part.keep_with].append(index)
        texts.append(part.text)
        priorities.append(part.priority)
        owner.append(index)
        first.append(len(texts))
    mates = {index: company for company in companies.values() if len(company) > 1 for index in company}
    breaks = [index for index, part in enumerate(flat) if part.break_before]
    top = siblings.pop(-1, [])
    order = _by_path(top, {first[parent + 1] - 1: steps for parent, steps in siblings.items()}, priorities)
    starts = [index for index, parent in enumerate(parents) if parent < 0] + [len(flat)]
    return Layout(tuple(flat), parents, first, owner, texts, mates, breaks, ties, order, roots, starts)


def _with_other_texts(known: Layout, roots: tuple[PromptPart, ...]) -> Layout | None:
    """The layout of other roots where they differ from the known ones in texts only."""
    if len(roots) != len(known.roots):
        return None
    others = [index for index, same in enumerate(map(is_, roots, known.roots)) if not same]
    if not others:
        return known
    parts, texts = list(known.parts), known.texts.copy()
    for index in others:
        start, end = known.starts[index : index + 2]
        now, _ = _flatten(roots[index : index + 1])
        if len(now) != end - start or not all(map(_is_alike, now, known.parts[start:end])):
            return None
        parts[start:end] = now
        texts[known.first[start] : known.first[end]] = [
            text for part in now for text in (*(each.text for each in part.alternatives[::-1]), part.text)
        ]
    return replace(known, parts=tuple(parts), texts=texts, roots=roots)


def _is_alike(one: PromptPart, other: PromptPart) -> bool:
    """Whether two parts stand in the order of steps in the same way."""
    return (
        one.priority == other.priority
        and one.absolute == other.absolute
        and one.keep_with == other.keep_with
        and one.break_before == other.break_before
        and len(one.children) == len(other.children)
        and [each.priority for each in one.alternatives] == [each.priority for each in other.alternatives]
    )


def _flatten(roots: Sequence[PromptPart]) -> tuple[list[PromptPart], list[int]]:
    """All parts in declared order, and the number of each one's parent. No recursion: trees may be deep."""
    flat: list[PromptPart] = []
    parents: list[int] = []
    stack = [(part, -1) for part in reversed(roots)]
    while stack:
        part, parent = stack.pop()
        if part.children:
            index = len(flat)
            stack.extend((child, index) for child in reversed(part.children))
        flat.append(part)
        parents.append(parent)
    return flat, parents


def _by_path(top: list[int], under: dict[int, list[int]], priorities: list[int]) -> list[int]:
    """Steps ordered lexicographically by the priorities on the way to them, ties as declared.

    `under` gives the steps below a step. Steps of equal priority at one level are one class: first come they
    themselves, then what stands under any of them, ordered by its own priorities as if it had one parent.
    """
    order: list[int] = []
    work = [(top, False)]
    while work:
        steps, is_class = work.pop()
        if not is_class:
            steps = sorted(steps, key=priorities.__getitem__, reverse=True)
        if under.keys().isdisjoint(steps):
            order.extend(steps)
        elif is_class:
            order.extend(steps)
            work.append((sorted(below for step in steps for below in under.get(step, ())), False))
        else:
            classes = [(list(same), True) for _, same in groupby(steps, priorities.__getitem__)]
            work.extend(reversed(classes))
    return order
