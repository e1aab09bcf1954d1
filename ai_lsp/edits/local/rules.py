"""Rules out of examples: each says what was done, and finds the places in a file where the same could be done."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from ai_lsp.edits.local import mapping, rename
from ai_lsp.edits.local.examples import Example
from ai_lsp.edits.local.rewrite import Rewrite, fit, rewrites
from ai_lsp.edits.local.tokens import is_name, names, shape

LONGEST_BLOCK = 12
_LEAST_SAME = 0.4  # share of words that a line of the same shape must have in common with the example
_MOST_VARIANTS = 40


@dataclass(frozen=True, slots=True)
class Hit:
    """Lines `[start, start + count)` would become `new`. `facts` are what the rule knows of how well it fits."""

    start: int
    count: int
    new: tuple[str, ...]
    facts: dict[str, float]


@dataclass(slots=True)
class Rule:
    """What was done, and the ages of the edits that show it (0: the latest). `keys`: words of which a file must
    hold one, rarest first; `find` gives the hits in a file's lines."""

    kind: str
    identity: tuple[object, ...]
    keys: list[str]
    find: Callable[[Sequence[str]], Iterator[Hit]]
    why: str
    ages: list[int] = field(default_factory=list)
    rewrite: Rewrite | None = None


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
        rule.keys = sorted(set(rule.keys), key=lambda w: (spread(w), -len(w)))[:3]
    return [rule for rule in found.values() if rule.keys]


def _rules_of(example: Example) -> Iterator[Rule]:
    for a, b in example.pairs:
        for one in rewrites(a, b):
            why = f"you changed {_shown(a)} to {_shown(b)}"
            if (pair := one.renamed) is not None:
                why = f"you renamed {pair[0]} to {pair[1]}"
                yield from _renames(*pair)
            yield Rule("rewrite", ("rewrite", *one.identity), one.keys, _rewriting(one), why, rewrite=one)
    old, new = example.old, example.new
    words = [w for line in old for w in names(line)]
    if words and len(old) <= LONGEST_BLOCK and len(new) <= 2 * LONGEST_BLOCK:
        deed = f"you replaced {_shown(old[0])}" if new else f"you removed {_shown(old[0])}"
        yield Rule("block", ("block", tuple(x.strip() for x in old), new), words, _blocks(old, new), deed)
        if len(set(words)) >= 2:
            yield Rule("shape", ("shape", old, new), words, _shapes(old, new), f"{deed} in a line like this")
    for added in example.added:
        if not any(x.strip() for x in added.lines) or len(added.lines) > LONGEST_BLOCK:
            continue
        for is_above, anchor, other in ((True, added.above, added.below), (False, added.below, added.above)):
            keys = names(anchor)
            if keys and len(anchor.strip()) >= 6:
                shown = _shown(next(x for x in added.lines if x.strip()))
                why = f"you added {shown} {'below' if is_above else 'above'} such a line"
                yield Rule(
                    "insert", ("insert", is_above, anchor.strip(), added.lines), keys,
                    _insertions(is_above, anchor, other, added.lines), why,
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


def _rewriting(rule: Rewrite) -> Callable[[Sequence[str]], Iterator[Hit]]:
    own = [t for part in rule.parts for t in part.old if is_name(t)] or rule.keys
    needle = max(own, key=len, default="")

    def find(lines: Sequence[str]) -> Iterator[Hit]:
        for number, line in enumerate(lines):
            if needle in line and (found := fit(rule, line)) is not None:
                yield Hit(
                    number, 1, (found.new,),
                    {"left": found.left, "right": found.right, "holes": found.holes, "times": found.times},
                )  # fmt: skip

    return find


def _renames(old: str, new: str) -> Iterator[Rule]:
    """The rename in longer names and other spellings; the name itself is a rewrite."""
    a, b = rename.changed_part(old, new)
    if len(a) < rename.SHORTEST_PART or not b:
        return
    for x, y in rename.spellings(a, b).items():
        finder = rename.pattern(x)

        def find(lines: Sequence[str], x: str = x, y: str = y, finder: object = finder) -> Iterator[Hit]:
            for number, line in enumerate(lines):
                if x in line:
                    rewritten = rename.pattern(x).sub(y.replace("\\", ""), line)
                    if rewritten != line and rename.name_pattern(old).search(line) is None:
                        yield Hit(number, 1, (rewritten,), {"is_spelling": 1.0})

        yield Rule("spelling", ("spelling", x, y), [x], find, f"you renamed {old} to {new}")


def _blocks(old: tuple[str, ...], new: tuple[str, ...]) -> Callable[[Sequence[str]], Iterator[Hit]]:
    bare = [x.strip() for x in old]

    def find(lines: Sequence[str]) -> Iterator[Hit]:
        for number in range(len(lines) - len(bare) + 1):
            if bare[0] in lines[number] and all(lines[number + k].strip() == x for k, x in enumerate(bare)):
                yield Hit(number, len(bare), mapping.shifted(new, old[0], lines[number]), {})

    return find


def _shapes(old: tuple[str, ...], new: tuple[str, ...]) -> Callable[[Sequence[str]], Iterator[Hit]]:
    wanted = [shape(x) for x in old]
    first = len(wanted[0])

    def find(lines: Sequence[str]) -> Iterator[Hit]:
        for number in range(len(lines) - len(old) + 1):
            seen = shape(lines[number])
            if len(seen) != first or seen != wanted[0]:
                continue
            site = lines[number : number + len(old)]
            found = mapping.mapped(old, site)
            if found is None or not found.pairs or found.same < _LEAST_SAME:
                continue
            made = [mapping.translate(x, found.pairs) for x in mapping.shifted(new, old[0], site[0])]
            if list(made) != list(site):
                yield Hit(number, len(old), tuple(x or "" for x in made), {"same": found.same})

    return find


def _insertions(
    is_above: bool, anchor: str, other: str, new: tuple[str, ...]
) -> Callable[[Sequence[str]], Iterator[Hit]]:
    bare, beyond, first = anchor.strip(), other.strip(), new[0].strip()

    def find(lines: Sequence[str]) -> Iterator[Hit]:
        for number, line in enumerate(lines):
            if bare not in line or line.strip() != bare:
                continue
            at = number + 1 if is_above else number
            near = [x.strip() for x in lines[max(0, at - len(new)) : at + len(new)]]
            if first in near:
                continue
            outer = lines[at] if is_above and at < len(lines) else lines[at - 1] if at and not is_above else ""
            yield Hit(at, 0, mapping.shifted(new, anchor, line), {"beyond": float(outer.strip() == beyond)})

    return find
