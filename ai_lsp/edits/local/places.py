"""Where an edit may be due although its text is not known: lines that name what changed, or are like it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ai_lsp.edits.local import evidence
from ai_lsp.edits.local.evidence import UNKNOWN, Candidate, Scene
from ai_lsp.edits.local.examples import Example, similarity
from ai_lsp.edits.local.rename import name_pattern
from ai_lsp.edits.local.tokens import names, shape
from ai_lsp.edits.local.uses import Followed
from ai_lsp.edits.local.view import LONGEST_LINE, View, defined, is_import

MOST_PLACES = 60
MOST_RATED = 100  # edits whose chances count for the places around them
MOST_FILES = 12  # that are not open, by the names that they share
_MOST_LINES = 60  # on which a name may stand in one file before it says nothing
_WIDEST = 40  # files in which a name may stand before it leads nowhere
_ALIKE = 0.6

SURE_CALL = 0.8
"""The chance that a call which does not fit a changed declaration any more is to be edited."""

ROLES = ("gone", "removed", "added", "declared", "used", "around")
"""How a name took part in the edits: its declaration taken away, itself taken away, put in, declared in a changed
line, otherwise there, enclosing."""

NAMES = (
    *(f"w_{role}" for role in ROLES), "n_names", "rarest", "alike_any", "is_like", "edit_chance",
    "edit_chance_any", "edits_here", "imports_new", "passed_name",
    "edits", "is_here", "is_touched", "is_below", "distance", "nearest", "same_folder", "alike",
    "same_indent", "above_alike", "below_alike", "same_block", "same_header", "is_comment", "is_import",
    "defines", "example_is_import", "example_size", "example_defines", "is_test", "test_pair",
)  # fmt: skip

_WHY = {
    "gone": "you took the declaration of {} away, and it is used here",
    "removed": "you took {} away, and it stands here",
    "added": "you brought in {}, which stands here",
    "declared": "you changed the declaration of {}, which is used here",
    "used": "you changed a line with {}, which is used here",
    "around": "you changed {}, which is named here",
}


@dataclass(slots=True)
class Place:
    """A line where an edit may be due. `chance` is filled in when rated."""

    name: str
    line: int
    weights: dict[str, float]
    shared: dict[str, str]  # name -> role
    like: float = 0.0
    is_import_spot: bool = False
    sure: float = 0.0  # the chance that it has whatever the trees say
    called: str = ""  # where a changed signature has to be followed: the function
    row: list[float] = field(default_factory=list)

    @property
    def why(self) -> str:
        if self.called:
            return f"you changed what {self.called} takes, and it is called here"
        for role in ROLES:
            for name, own in self.shared.items():
                if own == role:
                    return _WHY[role].format(name)
        return "you changed a line like this"


def roles(
    examples: Sequence[Example], view_of: Callable[[str], View], renames: Sequence[Followed] = ()
) -> dict[str, str]:
    """The names that took part in the edits, each in its most telling role; later edits count first. What only
    renames something is left out: where that is used is known."""
    out: dict[str, str] = {}

    def take(some: set[str], role: str) -> None:
        for name in some:
            if len(name) > 2 and (name not in out or ROLES.index(role) < ROLES.index(out[name])):
                out[name] = role

    for example in examples:
        if _is_followed(example, renames):
            continue
        old = {w for line in example.old for w in names(line)}
        new = {w for line in example.new for w in names(line)}
        take({w for line in example.old for w in defined(line)} - new, "gone")
        take(old - new, "removed")
        take(new - old, "added")
        take({w for line in (*example.old, *example.new) for w in defined(line)}, "declared")
        take(old & new, "used")
        view = view_of(example.uri)
        header = view.header(example.at)
        if header >= 0:
            take(set(defined(view.lines[header])), "around")
    return out


def _is_followed(example: Example, renames: Sequence[Followed]) -> bool:
    """Whether an edit does nothing but rename what is followed."""
    return (
        bool(example.pairs) and not example.added and not example.removed
        and any(
            all(name_pattern(one.renamed.old).sub(one.renamed.new, a) == b for a, b in example.pairs)
            for one in renames
        )
    )  # fmt: skip


def places(stage: Scene, rated: Sequence[tuple[float, Candidate]], is_late: Callable[[], bool]) -> list[Place]:
    """The likeliest places, by what they name, and those of the rated edits; with their rows."""
    known = roles(stage.examples, stage.index.view, stage.renames)
    settled = {(e.uri, line) for e in stage.examples for line in range(e.at, e.at + len(e.new))}
    worth = {name: 1.0 / math.log2(2.0 + stage.index.spread(name)) for name in known}
    found: dict[tuple[str, int], Place] = {}

    def at(name: str, line: int) -> Place:
        place = found.get((name, line))
        if place is None:
            place = found[name, line] = Place(name, line, dict.fromkeys(ROLES, 0.0), {})
        return place

    for file in _files(stage, known, worth):
        view = stage.index.view(file)
        for name, role in known.items():
            lines = view.on(name)
            if len(lines) > _MOST_LINES:
                continue
            for line in lines:
                if (file, line) not in settled and len(view.lines[line]) <= LONGEST_LINE:
                    place = at(file, line)
                    place.weights[role] += worth[name]
                    place.shared[name] = role
        if is_late():
            break
    for like in _likenesses(stage, settled):
        at(like[0], like[1]).like = like[2]
    for uri in stage.edited:
        spot = _import_spot(stage.index.view(uri), [n for n, role in known.items() if role == "added"])
        if spot is not None and (uri, spot) not in settled:
            at(uri, spot).is_import_spot = True
    for call in stage.calls:
        place = at(call.name, call.line)
        place.sure, place.called = SURE_CALL, call.function
    for _, one in rated[:20]:
        at(one.name, max(0, one.start))
    best = sorted(found.values(), key=lambda p: -_weight(p))[:MOST_PLACES]
    chances = _chances(rated)
    kept = {(p.name, p.line) for p in best}
    best += [found[key] for key in {(one.name, max(0, one.start)) for _, one in rated[:20]} if key not in kept]
    for place in best:
        place.row = _row(stage, place, known, worth, chances)
    return best


_IMPORTANCE = {"gone": 2.5, "removed": 2.0, "added": 1.2, "declared": 1.5, "used": 0.4, "around": 0.5}


def _weight(place: Place) -> float:
    return (
        sum(_IMPORTANCE[role] * w for role, w in place.weights.items())
        + place.like
        + place.is_import_spot
        + 10 * place.sure
    )


def _files(stage: Scene, known: dict[str, str], worth: dict[str, float]) -> list[str]:
    """The documents of the edits, and the other documents and files that share the rarest names."""
    index = stage.index
    weights: dict[str, float] = {}
    for name in known:
        if index.spread(name) > _WIDEST:
            continue
        files = [*index.files_with(name), *(u for u in index.open if index.view(u).has(name))]
        if len(files) <= _WIDEST:
            for file in files:
                if file not in stage.edited:
                    weights[file] = weights.get(file, 0.0) + worth[name] * _IMPORTANCE[known[name]]
    others = sorted(weights, key=lambda f: (-weights[f], index.path(f)))
    return [*stage.edited, *others[:MOST_FILES]]


def _likenesses(stage: Scene, settled: set[tuple[str, int]]) -> list[tuple[str, int, float]]:
    """Lines of the same block or shape as a changed one, near it: the branches, cases and keys beside it."""
    out = []
    for example in stage.examples[:4]:
        if _is_followed(example, stage.renames):
            continue
        model = next((x for x in (*example.old, *example.new) if x.strip()), "")
        view = stage.index.view(example.uri)
        if not model:
            continue
        wanted = shape(model)
        for line in range(max(0, example.at - 60), min(len(view.lines), example.at + 60)):
            text = view.lines[line]
            if (example.uri, line) in settled or not text.strip():
                continue
            alike = similarity(text, model) if len(text) <= LONGEST_LINE else 0.0
            if alike >= _ALIKE or (alike > 0.3 and shape(text) == wanted):
                out.append((example.uri, line, alike))
    return out


def _import_spot(view: View, added: Sequence[str]) -> int | None:
    """The last line of the imports, where names came in that nothing here declares."""
    if not added:
        return None
    last = None
    for number, line in enumerate(view.lines[:200]):
        if is_import(line):
            last = number
    if last is None or all(any(name in defined(view.lines[n]) for n in view.on(name)) for name in added):
        return None
    return last


def _chances(rated: Sequence[tuple[float, Candidate]]) -> dict[str, list[tuple[int, int, float]]]:
    out: dict[str, list[tuple[int, int, float]]] = {}
    for chance, one in rated[:MOST_RATED]:
        out.setdefault(one.name, []).append((one.start, one.start + max(1, len(one.old)), chance))
    return out


def _row(
    stage: Scene, place: Place, known: dict[str, str], worth: dict[str, float],
    chances: dict[str, list[tuple[int, int, float]]],
) -> list[float]:  # fmt: skip
    view = stage.index.view(place.name)
    line = view.lines[place.line] if place.line < len(view.lines) else ""
    near = [c for start, end, c in chances.get(place.name, ()) if start - 1 <= place.line <= end]
    model = next((x for x in (*stage.last.old, *stage.last.new) if x.strip()), "")
    example = stage.last
    path, here = stage.index.path(place.name), stage.index.path(example.uri)
    is_test = "test" in path.lower() or "spec" in path.lower()
    facts: dict[str, float] = {f"w_{role}": weight for role, weight in place.weights.items()}
    ats = stage.edited.get(place.name, [])
    models = [x for e in stage.examples[:4] for x in (*e.old[:3], *e.new[:3])]
    facts |= {
        "n_names": len(place.shared),
        "rarest": max((worth[n] for n in place.shared), default=0.0),
        "alike_any": max((similarity(line, x) for x in models), default=0.0) if line else 0.0,
        "is_like": place.like,
        "edit_chance": max(near, default=0.0),
        "edit_chance_any": max((c for some in chances.values() for _, _, c in some), default=0.0),
        "edits_here": len(near),
        "imports_new": float(place.is_import_spot),
        "passed_name": float(bool(ats) and ats[0] < place.line < ats[-1]),
        "edits": len(stage.examples),
        "example_size": math.log1p(len(example.old) + len(example.new)),
        "example_defines": float(any(defined(x) for x in (*example.old, *example.new))),
        "example_is_import": float(bool(model) and is_import(model)),
        "is_test": float(is_test),
        "test_pair": float(is_test != ("test" in here.lower() or "spec" in here.lower())),
        **evidence.site_facts(stage, place.name, view, place.line, (line,), model, example),
    }
    return [float(facts.get(name, UNKNOWN)) for name in NAMES]
