"""Every edit that the rules propose: hits found, those of one line composed, those of adjacent lines joined."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ai_lsp.edits.local import evidence
from ai_lsp.edits.local.evidence import Candidate, Found, Scene
from ai_lsp.edits.local.imports import import_edits
from ai_lsp.edits.local.rename import name_pattern
from ai_lsp.edits.local.rewrite import fit, rewrites
from ai_lsp.edits.local.rules import Hit, Rule, rules
from ai_lsp.edits.local.uses import TIES, adjacent, uses
from ai_lsp.edits.local.view import LONGEST_LINE

MOST_FILES = 40
MOST_SPREAD = 500  # files in which a rule's rarest word may stand before it is followed into none of them
MOST_HITS = 120  # of one rule
MOST_USES = 40  # of one renamed declaration; the others come when those are done
MOST_CANDIDATES = 600
_OF_LINES = ("rewrite", "argument", "spelling")  # kinds whose hits are one line each and can be composed


def candidates(
    stage: Scene, is_late: Callable[[], bool], used: Sequence[Candidate] | None = None
) -> list[Candidate]:
    """All candidates with their rows; fewer when `is_late` says that time is up. `used` are the followers where
    they are known already."""
    settled = {(e.uri, line) for e in stage.examples for line in range(e.at, e.at + len(e.new))}
    made: dict[tuple[str, int, int, tuple[str, ...]], list[tuple[Found, Hit]]] = {}
    for rule in rules(stage.examples, stage.index.spread):
        if is_late():
            break
        found = Found(rule, _hits(rule, stage, settled, is_late))
        for name, hit in found.hits:
            made.setdefault((name, hit.start, hit.count, hit.new), []).append((found, hit))
    by_line: dict[tuple[str, int], list[tuple[Found, Hit]]] = {}
    for (name, start, _, _), proofs in made.items():
        if proofs[0][0].rule.kind in _OF_LINES:
            by_line.setdefault((name, start), []).append(proofs[0])
    facts: dict[int, dict[str, float]] = {}
    used = followers(stage, is_late) if used is None else used
    out: list[Candidate] = [*used]
    tied = {(one.name, one.start, one.new) for one in used}
    denied = _denied(stage, used)
    out += _imports(stage, is_late)
    out += _calls(stage)
    for (name, start, count, new), proofs in made.items():
        if (name, start, new) in tied:
            continue
        found, hit = _best(proofs)
        rivals = len(by_line.get((name, start), ())) - 1 if found.rule.kind in _OF_LINES else 0
        extra = {"agreeing": len(proofs), "rivals": rivals, "run": 1.0, "composed": 1.0}
        one = _candidate(stage, name, start, count, new, found, hit, facts, extra)
        pair = found.rule.renamed
        one.is_out_of_scope = pair is not None and pair in denied and (name, start) not in denied[pair]
        out.append(one)
        if len(out) >= MOST_CANDIDATES or is_late():
            break
    for one in used:
        for number, line in enumerate(one.new, one.start):
            hit = Hit(number, 1, (line,), {})
            by_line.setdefault((one.name, number), []).insert(0, (Found(one.rule, [(one.name, hit)]), hit))
    by_line = {
        place: kept for place, proofs in by_line.items()
        if (kept := [p for p in proofs if place in denied.get(p[0].rule.renamed or ("", ""), {place})])
    }  # fmt: skip
    out += _joined(stage, _composed(stage, by_line), facts, is_late)
    return out


def followers(stage: Scene, is_late: Callable[[], bool]) -> list[Candidate]:
    """The lines that use a renamed declaration, of many those nearest to the latest edit."""
    out: list[Candidate] = []
    last = stage.last
    for one in stage.renames:
        old, new, example = one.renamed.old, one.renamed.new, one.example
        found = uses(one, stage.index, is_late)
        runs = sorted(adjacent(found), key=lambda r: (r[0].name != last.uri, r[0].name, abs(r[0].line - last.at)))
        hits = [(use.name, Hit(use.line, 1, (use.new,), {})) for use in found]
        line = stage.index.view(one.renamed.uri).lines[one.declared.line]
        model = (name_pattern(new).sub(old, line),), (line,)
        why = f"you renamed {old} to {new}"
        rule = Rule(
            "use", ("use", old, new), [old], lambda _, __: iter(()), why, example, model,
            [example.age], next((r for r in rewrites(*model[0], *model[1]) if r.exchanged == (old, new)), None),
        )  # fmt: skip
        group = Found(rule, hits)
        facts: dict[int, dict[str, float]] = {}
        for run in runs[:MOST_USES]:
            tie = min((use.tie for use in run), key=TIES.index)
            extra = {"agreeing": 1.0, "run": float(len(run)), "composed": 1.0}
            made_of, hit = tuple(use.new for use in run), Hit(run[0].line, len(run), (), {})
            made = _candidate(stage, run[0].name, run[0].line, len(run), made_of, group, hit, facts, extra)
            made.tie = tie if one.is_pure else ""
            out.append(made)
    return out


def _imports(stage: Scene, is_late: Callable[[], bool]) -> list[Candidate]:
    """The imports that follow from the latest edits."""
    out = []
    for one in import_edits(stage.examples, stage.index, is_late):
        old = tuple(stage.index.view(one.uri).lines[one.line : one.line + one.count])
        what = "is not imported here" if one.files else "is used nowhere else here"
        model = (stage.last.old or one.new, stage.last.new or old)
        rule = Rule(
            "bring", ("bring", one.name), [one.name], lambda _, __: iter(()), f"{one.name} {what}", stage.last,
            model if model[0] or model[1] else (("",), ("",)), [0],
        )  # fmt: skip
        hit = Hit(one.line, one.count, one.new, {})
        extra = {"agreeing": 1.0, "run": 1.0, "composed": 1.0}
        group = Found(rule, [(one.uri, hit)])
        out.append(_candidate(stage, one.uri, one.line, one.count, one.new, group, hit, {}, extra))
    return out


def _calls(stage: Scene) -> list[Candidate]:
    """The calls that follow a changed signature where it is known what they become."""
    out = []
    for one in stage.calls:
        if one.new is None:
            continue
        a, b = one.example.pairs[0]
        why = f"you changed what {one.function} takes"
        rule = Rule(
            "argument", ("argument", one.change), [one.function], lambda _, __: iter(()), why, one.example,
            ((a,), (b,)), [one.example.age],
        )  # fmt: skip
        hit = Hit(one.line, 1, (one.new,), {"is_declared": 1.0})
        extra = {"agreeing": 1.0, "run": 1.0, "composed": 1.0}
        group = Found(rule, [(one.name, hit)])
        made = _candidate(stage, one.name, one.line, 1, (one.new,), group, hit, {}, extra)
        made.tie = "call"
        out.append(made)
    return out


def _denied(stage: Scene, used: Sequence[Candidate]) -> dict[tuple[str, str], set[tuple[str, int]]]:
    """Renames whose uses are all known, each with the lines where they stand: elsewhere it is another name."""
    out: dict[tuple[str, str], set[tuple[str, int]]] = {}
    for one in stage.renames:
        pair = one.renamed.old, one.renamed.new
        mine = [c for c in used if c.rule.identity[1:] == pair]
        out[pair] = {(c.name, c.start + n) for c in mine for n in range(len(c.old))}
    return out


def _best(proofs: Sequence[tuple[Found, Hit]]) -> tuple[Found, Hit]:
    """The proof by the rule that most edits show."""
    return max(proofs, key=lambda p: (len(p[0].rule.ages), -min(p[0].rule.ages), p[1].facts.get("left", 0.0)))


def _hits(
    rule: Rule, stage: Scene, settled: set[tuple[str, int]], is_late: Callable[[], bool]
) -> list[tuple[str, Hit]]:
    found: list[tuple[str, Hit]] = []
    for name in _places(rule, stage):
        for hit in rule.find(stage.index.view(name), stage.last.at if name == stage.last.uri else 0):
            own = range(hit.start, hit.start + hit.count) if hit.count else range(hit.start - 1, hit.start + 1)
            if any((name, line) in settled for line in own) or any(len(x) > LONGEST_LINE for x in hit.new):
                continue
            found.append((name, hit))
            if len(found) >= MOST_HITS:
                return found
        if is_late():
            break
    return found


def _places(rule: Rule, stage: Scene) -> list[str]:
    """Documents and files that may hold hits, the likeliest first."""
    index = stage.index
    touched = [uri for uri in dict.fromkeys(e.uri for e in stage.examples) if uri in index.open]
    names = touched + [uri for uri in index.open if uri not in touched]
    if index.spread(rule.keys[0]) > MOST_SPREAD:
        return names[:MOST_FILES]
    path = index.path(touched[0]) if touched else ""
    ending, folder = path.rsplit(".", 1)[-1], path.rsplit("/", 1)[0]
    closed = sorted(
        set(index.files_with(rule.keys[0])),
        key=lambda p: (p.rsplit(".", 1)[-1] != ending, p.rsplit("/", 1)[0] != folder, p),
    )
    return [*names, *closed][:MOST_FILES]


def _candidate(
    stage: Scene, name: str, start: int, count: int, new: tuple[str, ...], found: Found, hit: Hit,
    facts: dict[int, dict[str, float]], extra: dict[str, float],
) -> Candidate:  # fmt: skip
    view = stage.index.view(name)
    old = tuple(view.lines[start : start + count])
    of_rule = facts.get(id(found))
    if of_rule is None:
        of_rule = facts[id(found)] = evidence.rule_facts(found, stage)
    row = evidence.row(
        of_rule, hit.facts, evidence.place_facts(stage, name, view, start, old, found.rule),
        evidence.scope_facts(stage, name, start, count, found.rule),
        evidence.order_facts(stage, found, name, start), evidence.edit_facts(old, new), extra,
    )  # fmt: skip
    return Candidate(name, start, old, new, found.rule, row)


Line = tuple[Found, Hit, str, int]  # the chief proof, the line rewritten by all rules, and by how many


def _composed(
    stage: Scene, by_line: dict[tuple[str, int], list[tuple[Found, Hit]]]
) -> dict[str, dict[int, Line]]:
    """For each line that some rules rewrite, the line rewritten by all of them that agree."""
    out: dict[str, dict[int, Line]] = {}
    for (name, number), proofs in by_line.items():
        proofs = sorted(
            (p for p in proofs if not (p[0].rule.rewrite is not None and p[0].rule.rewrite.is_partial)),
            key=lambda p: (-len(p[0].rule.ages), min(p[0].rule.ages)),
        )
        if not proofs:
            continue
        found, hit = proofs[0]
        line, count = hit.new[0], 1
        for other, _ in proofs[1:]:
            if other.rule.rewrite is not None and (more := fit(other.rule.rewrite, line)) is not None:
                line, count = more.new, count + 1
        out.setdefault(name, {})[number] = found, hit, line, count
    return out


def _joined(
    stage: Scene,
    lines: dict[str, dict[int, Line]],
    facts: dict[int, dict[str, float]],
    is_late: Callable[[], bool],
) -> list[Candidate]:
    """Runs of adjacent rewritten lines as one edit each, and single lines that several rules rewrite."""
    out: list[Candidate] = []
    for name, by_number in lines.items():
        numbers = sorted(by_number)
        first = 0
        for at in range(1, len(numbers) + 1):
            if at < len(numbers) and numbers[at] == numbers[at - 1] + 1:
                continue
            run = numbers[first:at]
            first = at
            found, hit, _, count = by_number[run[0]]
            if len(run) == 1 and count == 1:
                continue
            most = max(by_number[n][3] for n in run)
            extra = {"run": len(run), "composed": most, "agreeing": 1.0, "rivals": 0.0}
            new = tuple(by_number[n][2] for n in run)
            out.append(_candidate(stage, name, run[0], len(run), new, found, hit, facts, extra))
            if is_late():
                return out
    return out
