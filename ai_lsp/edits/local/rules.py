"""Rules out of examples: each says what was done, and finds the places in a file where the same could be done."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

from ai_lsp.edits.local import arguments, mapping, rename
from ai_lsp.edits.local.examples import Added, Example
from ai_lsp.edits.local.rewrite import Rewrite, fit, rewrites
from ai_lsp.edits.local.tokens import WORD, indentation, names, shape
from ai_lsp.edits.local.view import View, is_import

LONGEST_BLOCK = 12
LONGEST_PASSAGE = 8
_LEAST_SAME = 0.34  # share of words that a line of the same shape must have in common with the example

MOST_SITES = 240
"""Lines of one file that a rule looks at, those around the latest edit: what fits more says little of any."""

Facts = dict[str, float]


@dataclass(frozen=True, slots=True)
class Hit:
    """Lines `[start, start + count)` would become `new`. `facts` are what the rule knows of how well it fits."""

    start: int
    count: int
    new: tuple[str, ...]
    facts: Facts


Find = Callable[[View, int], Iterator[Hit]]
"""The hits in a file; the number is a line to stay near where there are very many."""


@dataclass(slots=True)
class Rule:
    """What was done, and the ages of the edits that show it (0: the latest).

    `keys`: words of which a file must hold one, rarest first; `find` gives the hits in a file. `model`: the lines
    of the latest example that it was read from, before and after.
    """

    kind: str
    identity: tuple[object, ...]
    keys: list[str]
    find: Find
    why: str
    example: Example
    model: tuple[tuple[str, ...], tuple[str, ...]]
    ages: list[int] = field(default_factory=list)
    rewrite: Rewrite | None = None

    @property
    def renamed(self) -> tuple[str, str] | None:
        """Old and new name where the rule is a rename."""
        return None if self.rewrite is None else self.rewrite.renamed


def rules(examples: Sequence[Example], spread: Callable[[str], int]) -> list[Rule]:
    """The rules that some examples show, each once. `spread` says in how many files a word stands."""
    found: dict[tuple[object, ...], Rule] = {}
    for example in examples:
        for rule in _rules_of(example):
            known = found.setdefault(rule.identity, rule)
            if example.age not in known.ages:
                known.ages.append(example.age)
            if known is not rule and known.rewrite is not None and rule.rewrite is not None:
                known.rewrite = _common(known.rewrite, rule.rewrite)
                known.find = _rewriting(known.rewrite)
    for rule in found.values():
        words = {w for key in rule.keys for w in WORD.findall(key)}
        rule.keys = sorted(words, key=lambda w: (spread(w), -len(w), w))[:3]
    return [rule for rule in found.values() if rule.keys]


def _rules_of(example: Example) -> Iterator[Rule]:
    for a, b in example.pairs:
        model = (a,), (b,)
        for one in rewrites(a, b):
            why = f"you changed {_shown(a)} to {_shown(b)}"
            if (pair := one.renamed) is not None:
                why = f"you renamed {pair[0]} to {pair[1]}"
                yield from _renames(*pair, example, model)
            elif not one.keys:
                continue
            identity = ("rewrite", *one.identity)
            yield Rule("rewrite", identity, one.keys, _rewriting(one), why, example, model, rewrite=one)
        for change in arguments.argument_changes(a, b):
            why = f"you changed the arguments of {change.name}"
            yield Rule(
                "argument", ("argument", change), [change.name], _arguments(change), why, example, model
            )  # fmt: skip
    yield from _rules_of_blocks(example)
    for added in example.added:
        yield from _rules_of_added(example, added)


def _rules_of_blocks(example: Example) -> Iterator[Rule]:
    old, new = example.old, example.new
    words = [w for line in old for w in names(line)]
    if not words or len(old) > LONGEST_BLOCK or len(new) > 2 * LONGEST_BLOCK:
        return
    deed = f"you replaced {_shown(old[0])}" if new else f"you removed {_shown(old[0])}"
    bare = tuple(x.strip() for x in old)
    yield Rule("block", ("block", bare, new), words, _blocks(old, new), deed, example, (old, new))
    if new and len(old) + len(new) > 2 and len(old) <= LONGEST_PASSAGE:
        for one in rewrites("\n".join(old), "\n".join(new))[:1]:
            why = f"{deed}, and this is alike"
            passage = _passages(one, old)
            yield Rule("passage", ("passage", *one.identity), one.keys, passage, why, example, (old, new))
    if len(set(words)) >= 2:
        why = f"{deed}, and this is alike"
        yield Rule("shape", ("shape", old, new), words, _shapes(old, new), why, example, (old, new))


def _rules_of_added(example: Example, added: Added) -> Iterator[Rule]:
    written = [x for x in added.lines if x.strip()]
    if not written or len(added.lines) > LONGEST_BLOCK:
        return
    for is_above, anchor, other in ((True, added.above, added.below), (False, added.below, added.above)):
        keys = names(anchor)
        if keys and len(anchor.strip()) >= 4:
            why = f"you added {_shown(written[0])} {'below' if is_above else 'above'} such a line"
            yield Rule(
                "insert", ("insert", is_above, anchor.strip(), added.lines), keys,
                _insertions(is_above, anchor, other, added.lines), why, example, ((), added.lines),
            )  # fmt: skip


def _shown(line: str) -> str:
    text = " ".join(line.split())
    return f"`{text[:47]}...`" if len(text) > 50 else f"`{text}`"


def _common(a: Rewrite, b: Rewrite) -> Rewrite:
    """A rule with the surroundings that two examples share."""
    left = 0
    while left < min(len(a.left), len(b.left)) and a.left[-1 - left] == b.left[-1 - left]:
        left += 1
    right = 0
    while right < min(len(a.right), len(b.right)) and a.right[right] == b.right[right]:
        right += 1
    return Rewrite(
        a.parts, a.holes, a.left[len(a.left) - left :], a.right[:right] or ("\x00",), a.is_whole, a.is_partial
    )


def _sites(view: View, words: Collection[str], near: int) -> Sequence[int]:
    """The lines that hold one of some words, no more than are worth a look."""
    numbers = view.with_any(words)
    if len(numbers) <= MOST_SITES:
        return numbers
    first = min(max(0, bisect_left(numbers, near) - MOST_SITES // 2), len(numbers) - MOST_SITES)
    return numbers[first : first + MOST_SITES]


def _rewriting(rule: Rewrite) -> Find:
    needle = max(rule.keys, key=len, default="")

    def find(view: View, near: int) -> Iterator[Hit]:
        for number in _sites(view, [needle], near):
            if (found := fit(rule, view.lines[number])) is not None:
                yield Hit(
                    number, 1, (found.new,),
                    {"left": found.left, "right": found.right, "holes": found.holes, "times": found.times},
                )  # fmt: skip

    return find


def _arguments(change: arguments.ArgumentChange) -> Find:
    def find(view: View, near: int) -> Iterator[Hit]:
        for number in _sites(view, [change.name], near):
            new = arguments.apply(change, view.lines[number])
            if new is not None:
                yield Hit(number, 1, (new,), {"is_declared": float(change.is_declared)})

    return find


def _renames(old: str, new: str, example: Example, model: tuple[tuple[str], tuple[str]]) -> Iterator[Rule]:
    """The rename in longer names and other spellings; the name itself is a rewrite."""
    a, b = rename.changed_part(old, new)
    if len(a) < rename.SHORTEST_PART or not b:
        return
    for x, y in rename.spellings(a, b).items():
        why = f"you renamed {old} to {new}"
        yield Rule("spelling", ("spelling", x, y), [x], _spelling(old, x, y), why, example, model)


def _spelling(old: str, x: str, y: str) -> Find:
    def find(view: View, near: int) -> Iterator[Hit]:
        words = view.words_with(x) - {old}
        for number in _sites(view, words, near) if words else ():
            line = view.lines[number]
            new = rename.pattern(x).sub(lambda _: y, line)
            if new != line and rename.name_pattern(old).search(line) is None:
                yield Hit(number, 1, (new,), {})

    return find


def _blocks(old: tuple[str, ...], new: tuple[str, ...]) -> Find:
    bare = [x.strip() for x in old]
    key = max(range(len(bare)), key=lambda n: len(names(bare[n])) and len(bare[n]))
    needle = max(WORD.findall(bare[key]), key=len, default="")

    def find(view: View, near: int) -> Iterator[Hit]:
        lines = view.lines
        for at in _sites(view, [needle], near):
            start = at - key
            if 0 <= start <= len(lines) - len(bare) and all(
                lines[start + k].strip() == x for k, x in enumerate(bare)
            ):
                yield Hit(start, len(bare), mapping.shifted(new, old[0], lines[start]), {})

    return find


def _passages(rule: Rewrite, old: tuple[str, ...]) -> Find:
    """Several lines taken as one text: the changed stretches may go over line ends, as may the holes."""
    needle = max(rule.keys, key=len, default="")
    offsets = [k for k, line in enumerate(old) if needle in line]

    def find(view: View, near: int) -> Iterator[Hit]:
        seen: set[int] = set()
        for at in _sites(view, [needle], near):
            for start in (at - k for k in offsets):
                site = view.lines[start : start + len(old)] if start >= 0 else ()
                if len(site) < len(old) or start in seen:
                    continue
                seen.add(start)
                found = fit(_moved(rule, indentation(old[0]), indentation(site[0])), "\n".join(site))
                if found is not None:
                    new = tuple(found.new.split("\n"))
                    facts = {"left": found.left, "right": found.right, "holes": found.holes, "times": found.times}
                    yield Hit(start, len(old), new, facts)

    return find


def _moved(rule: Rewrite, was: str, now: str) -> Rewrite:
    """A rule whose texts go over line ends, for a place of another indentation."""
    if was == now:
        return rule
    parts = tuple(replace(part, new=part.new.replace("\n" + was, "\n" + now)) for part in rule.parts)
    return replace(rule, parts=parts)


def _shapes(old: tuple[str, ...], new: tuple[str, ...]) -> Find:
    wanted = [shape(x) for x in old]
    words = [sorted({w for w in names(x) if len(w) > 1}) for x in old]
    key = max(range(len(old)), key=lambda n: len(words[n]))

    def find(view: View, near: int) -> Iterator[Hit]:
        lines = view.lines
        for at in _sites(view, view.rare(words[key]), near) if words[key] else ():
            start = at - key
            if not 0 <= start <= len(lines) - len(old) or shape(lines[at]) != wanted[key]:
                continue
            site = lines[start : start + len(old)]
            found = mapping.mapped(old, site)
            if found is None or not found.pairs or found.same < _LEAST_SAME:
                continue
            made = mapping.shifted(new, old[0], site[0])
            made = tuple(mapping.translate(x, found.pairs) for x in made)
            if list(made) != list(site):
                yield Hit(start, len(old), made, {"same": found.same})

    return find


def _insertions(is_above: bool, anchor: str, other: str, new: tuple[str, ...]) -> Find:
    """Where the anchor stands again, or a line of its shape: then the names in the new lines follow."""
    bare, beyond = anchor.strip(), other.strip()
    wanted = shape(anchor)
    words = sorted({w for w in names(anchor) if len(w) > 1})
    is_general = len(words) >= 2 and not is_import(anchor)

    def find(view: View, near: int) -> Iterator[Hit]:
        lines = view.lines
        for number in _sites(view, view.rare(words), near) if words else ():
            line = lines[number]
            made, same = new, 1.0
            if line.strip() != bare:
                if not is_general or shape(line) != wanted:
                    continue
                found = mapping.mapped([anchor], [line])
                if found is None or not found.pairs or found.same < _LEAST_SAME:
                    continue
                made, same = tuple(mapping.translate(x, found.pairs) for x in new), found.same
            at = number + 1 if is_above else number
            around = {x.strip() for x in lines[max(0, at - len(new) - 1) : at + len(new) + 1]}
            if all(x.strip() in around for x in made if x.strip()):
                continue
            outer = lines[at] if is_above and at < len(lines) else lines[at - 1] if at and not is_above else ""
            facts = {"beyond": float(outer.strip() == beyond), "same": same, "is_above": float(is_above)}
            yield Hit(at, 0, mapping.shifted(made, anchor, line), facts)

    return find
