"""What speaks for and against an edit that some rules propose: one row of numbers, in the order of NAMES."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from ai_lsp.edits.local.examples import Example, similarity
from ai_lsp.edits.local.index import Index
from ai_lsp.edits.local.rules import Hit, Rule
from ai_lsp.edits.local.signatures import CallSite
from ai_lsp.edits.local.tokens import balance, indentation, is_comment, names, whole
from ai_lsp.edits.local.uses import Followed
from ai_lsp.edits.local.view import View, defined, is_import

UNKNOWN = -1.0

KINDS = ("rewrite", "argument", "spelling", "block", "passage", "shape", "insert")
NAMES = (
    *(f"is_{kind}" for kind in KINDS),
    # the rule
    "support", "is_latest", "youngest", "edits", "explained", "hits", "hits_here", "files_hit", "spread",
    "is_partial", "is_rename", "parts", "old_tokens", "new_tokens", "model_lines", "example_size",
    "example_pairs", "example_is_comment", "example_defines", "new_known", "old_defined", "example_is_import",
    # the fit
    "left", "right", "holes", "times", "same", "beyond", "is_above", "is_declared",
    # the place
    "is_here", "is_touched", "is_below", "distance", "nearest", "rank_below", "passed", "passed_above",
    "same_folder", "same_ending", "alike", "same_indent", "above_alike", "below_alike", "same_header",
    "same_block", "is_comment", "is_import", "defines", "same_file_as_example",
    "same_function", "same_kind", "is_local_name", "defines_old", "same_sign",
    # the edit
    "is_balanced", "is_insertion", "is_deletion", "old_size", "new_size", "run", "composed", "rivals", "agreeing",
    "chars",
)  # fmt: skip


@dataclass(slots=True)
class Candidate:
    """Lines `[start, start + len(old))` of a document or file would become `new`."""

    name: str
    start: int
    old: tuple[str, ...]
    new: tuple[str, ...]
    rule: Rule
    row: list[float] = field(default_factory=list)
    tie: str = ""  # where it follows a renamed declaration: what ties it to that
    is_out_of_scope: bool = False  # it renames what the renamed declaration does not reach

    @property
    def why(self) -> str:
        return self.rule.why


@dataclass(frozen=True, slots=True)
class Found:
    """A rule with all its hits, by document or file."""

    rule: Rule
    hits: Sequence[tuple[str, Hit]]


@dataclass(frozen=True, slots=True)
class Scene:
    """What all candidates of one question share. The examples come latest first."""

    examples: Sequence[Example]
    index: Index
    edited: dict[str, list[int]]  # lines of the examples, by document
    renames: Sequence[Followed] = ()
    calls: Sequence[CallSite] = ()  # that must follow a changed signature

    @property
    def last(self) -> Example:
        return self.examples[0]


def scene(
    examples: Sequence[Example], index: Index, renames: Sequence[Followed] = (), calls: Sequence[CallSite] = ()
) -> Scene:
    """The scene of some examples, of which there is at least one."""
    edited: dict[str, list[int]] = {}
    for example in examples:
        edited.setdefault(example.uri, []).append(example.at)
    return Scene(examples, index, {uri: sorted(ats) for uri, ats in edited.items()}, renames, calls)


def rule_facts(found: Found, stage: Scene) -> dict[str, float]:
    """What is the same for all hits of a rule."""
    rule, example = found.rule, found.rule.example
    old, new = rule.model
    files = {name for name, _ in found.hits}
    pair = rule.renamed
    rewrite = rule.rewrite
    facts = {
        f"is_{rule.kind}": 1.0,
        "support": len(rule.ages),
        "is_latest": float(0 in rule.ages),
        "youngest": min(rule.ages),
        "edits": len(stage.examples),
        "explained": len(rule.ages) / len(stage.examples),
        "hits": math.log1p(len(found.hits)),
        "hits_here": math.log1p(sum(name == stage.last.uri for name, _ in found.hits)),
        "files_hit": math.log1p(len(files)),
        "spread": math.log1p(stage.index.spread(rule.keys[0])),
        "is_partial": float(rewrite is not None and rewrite.is_partial),
        "is_rename": float(pair is not None),
        "model_lines": len(old) + len(new),
        "example_size": math.log1p(len(example.old) + len(example.new)),
        "example_pairs": len(example.pairs),
        "example_is_comment": float(is_comment((old or new)[0])),
        "example_is_import": float(is_import((old or new)[0])),
    }
    if rewrite is not None:
        facts["parts"] = len(rewrite.parts)
        facts["old_tokens"] = sum(len(part.old) for part in rewrite.parts)
        facts["new_tokens"] = sum(len(whole(part.new)) for part in rewrite.parts)
    if pair is not None:
        views = [stage.index.view(uri) for uri in stage.edited]
        facts["example_defines"] = float(any(pair[0] in defined(a) for e in stage.examples for a, _ in e.pairs))
        facts["old_defined"] = float(any(pair[0] in defined(v.lines[n]) for v in views for n in v.on(pair[0])))
        facts["new_known"] = math.log1p(stage.index.spread(pair[1]))
    return facts


def place_facts(
    stage: Scene, name: str, view: View, start: int, old: Sequence[str], rule: Rule
) -> dict[str, float]:
    """What a place is to the edits made so far, and to the example of a rule."""
    return site_facts(stage, name, view, start, old, (rule.model[0] or rule.model[1])[0], rule.example)


def site_facts(
    stage: Scene, name: str, view: View, start: int, old: Sequence[str], model: str, example: Example
) -> dict[str, float]:
    """What a place is to the edits made so far, and to a line of an example."""
    last = stage.last
    ats = stage.edited.get(name, [])
    is_here = name == last.uri
    line = old[0] if old else view.lines[start - 1] if 0 < start <= len(view.lines) else ""
    path, here = stage.index.path(name), stage.index.path(last.uri)
    header, theirs = view.header(start), -1
    if is_here:
        theirs = view.header(last.at)
    shown = view.lines[header].strip() if header >= 0 else ""
    example_view = stage.index.view(example.uri)
    example_header = example_view.header(example.at)
    facts = {
        "is_here": float(is_here),
        "is_touched": float(bool(ats)),
        "is_below": float(is_here and start > last.at),
        "distance": math.log1p(abs(start - last.at)) if is_here else 9.0,
        "nearest": math.log1p(min((abs(start - at) for at in ats), default=8_000)),
        "same_folder": float(path.rsplit("/", 1)[0] == here.rsplit("/", 1)[0]),
        "same_ending": float(path.rsplit(".", 1)[-1] == here.rsplit(".", 1)[-1]),
        "alike": similarity(line, model) if old else UNKNOWN,
        "same_indent": float(indentation(line) == indentation(model)),
        "above_alike": similarity(view.lines[start - 1], example.above) if start > 0 else 0.0,
        "below_alike": similarity(_line(view, start + len(old)), example.below),
        "same_block": float(is_here and header == theirs),
        "same_header": float(example_header >= 0 and shown == example_view.lines[example_header].strip()),
        "is_comment": float(is_comment(line)),
        "is_import": float(is_import(line)),
        "defines": float(bool(defined(line))),
        "same_file_as_example": float(name == example.uri),
    }
    return facts


def _line(view: View, number: int) -> str:
    return view.lines[number] if 0 <= number < len(view.lines) else ""


def scope_facts(stage: Scene, name: str, start: int, count: int, rule: Rule) -> dict[str, float]:
    """What the trees say of a place in a document that was edited, against the rule's example."""
    example = rule.example
    pair = rule.renamed
    facts: dict[str, float] = {}
    view = stage.index.view(name)
    line = view.lines[start] if start < len(view.lines) else ""
    if pair is not None:
        facts["defines_old"] = float(pair[0] in defined(line))
        facts["same_sign"] = float(_sign(rule.model[0][0], pair[0]) == _sign(line, pair[0]))
    theirs = stage.index.scopes(example.uri)
    if theirs is None or name not in stage.edited:
        return facts
    at = example.at
    if rule.model[1] and rule.model[1][0] in example.new:
        at += example.new.index(rule.model[1][0])
    home = theirs.function(at)
    if name == example.uri:
        facts["same_function"] = float(home is not None and home[0] <= start <= home[1])
    if pair is not None and home is not None:
        lines = stage.index.view(example.uri).lines[home[0] : home[1] + 1]
        facts["is_local_name"] = float(any(pair[1] in defined(x) or pair[0] in defined(x) for x in lines))
    mine = stage.index.scopes(name)
    if mine is not None and count:
        a, b = theirs.kinds(at), mine.kinds(start)
        facts["same_kind"] = float(sum(x == y for x, y in zip(a, b, strict=False)))
    return facts


def _sign(line: str, name: str) -> str:
    """What joins a name to what stands before it: "." for a member, ":" for a path, "" for neither."""
    at = line.find(name)
    before = line[:at].rstrip() if at > 0 else ""
    return before[-1] if before and before[-1] in ".:>" else ""


def order_facts(stage: Scene, found: Found, name: str, start: int) -> dict[str, float]:
    """How many of a rule's hits the user has gone past without taking them."""
    ats = stage.edited.get(name, [])
    last = stage.last
    mine = [hit.start for other, hit in found.hits if other == name]
    first, final = (ats[0], ats[-1]) if ats else (0, -1)
    return {
        "passed": math.log1p(sum(1 for at in mine if first < at < final)),
        "passed_above": float(bool(ats) and start < final),
        "rank_below": math.log1p(sum(1 for at in mine if last.at < at < start)) if name == last.uri else UNKNOWN,
    }


def edit_facts(old: Sequence[str], new: Sequence[str]) -> dict[str, float]:
    """What an edit is by itself."""
    before, after = "\n".join(old), "\n".join(new)
    return {
        "is_balanced": float(balance(before) == balance(after)),
        "is_insertion": float(not old),
        "is_deletion": float(not after.strip()),
        "old_size": len(old),
        "new_size": len(new),
        "chars": math.log1p(sum(map(len, names(before) if old else names(after)))),
    }


def row(*facts: dict[str, float]) -> list[float]:
    """The facts in the order of NAMES, UNKNOWN where one is not."""
    known: dict[str, float] = {}
    for some in facts:
        known |= some
    return [float(known.get(name, 0.0 if name.startswith("is_") else UNKNOWN)) for name in NAMES]
