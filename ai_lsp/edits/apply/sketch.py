"""Sketches merged into a file: definitions by their names, the lines between by what both have, or a refusal.

A definition the sketch shows whole takes the place of the one of that name. One with markers inside is merged
again, line by line, within its own bounds. A marker never reaches over the end of the definition it is in.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from ai_lsp.edits.apply.align import says_something
from ai_lsp.edits.apply.chain import Side, chain
from ai_lsp.edits.apply.indent import Indentation, settled
from ai_lsp.edits.apply.likeness import distance
from ai_lsp.edits.apply.line_diff import line_changes
from ai_lsp.edits.apply.lines import FileLines, excerpt, indent_of, key_of, plain
from ai_lsp.edits.apply.pairing import UNCLEAR, Pairing
from ai_lsp.edits.apply.structure import Structure
from ai_lsp.edits.apply.transfer import Change
from ai_lsp.edits.markers import is_marker
from ai_lsp.edits.proposal import Reason

_IMPORT = re.compile(r"(?:import|from|use|using|#\s*include|require|require_relative|const\s.*require\()\b")

_REMARK = re.compile(r"\s*(?://|#|@|/?\*|--)")

_CLOSE = 6  # lines

SURE = 1.0
"""By how much the second-best place of a line beside a change must be worse."""


class Refused(Exception):
    """Inside this package only: becomes a Refusal. `lines` are places of the file that may have been meant."""

    def __init__(self, reason: Reason, detail: str, lines: Sequence[tuple[int, int]] = ()) -> None:
        super().__init__(detail)
        self.reason, self.detail, self.lines = reason, detail, tuple(lines)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Lines of the file and of the sketch that are merged with one another, and the units they are inside of.

    `is_fixed_above`: what stands above is the same on both sides, so that text at the start belongs right below.
    """

    old: tuple[int, int]
    new: tuple[int, int]
    old_parent: int
    new_parent: int
    is_fixed_above: bool
    is_fixed_below: bool


@dataclass
class Merge:
    """One sketch on its way into one file."""

    file: FileLines
    sketch: FileLines
    old: Structure
    new: Structure
    pairing: Pairing
    changes: list[Change] = field(default_factory=list)
    shown_whole: set[int] = field(default_factory=set)
    added: set[int] = field(default_factory=set)
    has_markers: bool = True
    is_level: bool = False

    def run(self) -> list[Change]:
        """The changes, in order. Raises Refused."""
        whole = (0, len(self.file)), (0, len(self.sketch))
        self.has_markers = any(map(is_marker, self.sketch.raw))
        self.is_level = self._is_level()
        self._merge(Bounds(*whole, -1, -1, self._is_fixed(1), self._is_fixed(-1)))
        self._look_for_moves()
        return sorted(self.changes, key=lambda c: (c.first, c.last))

    def _is_fixed(self, step: int) -> bool:
        """Whether the sketch's first (step -1: last) lines are the file's; else a marker is understood."""
        ours = next((key for key in self.file.keys[::step] if key), "")
        theirs = [n for n in range(len(self.sketch))[::step] if self.sketch.keys[n]]
        if not theirs or self.sketch.keys[theirs[0]] == ours:
            return True
        count = next((k for k, n in enumerate(theirs) if is_marker(self.sketch.raw[n])), len(theirs))
        if count in (0, len(theirs)):
            return False
        # All that stands before it in the file is shown as well, in another order.
        places = self.file.places.get(self.sketch.keys[theirs[0]], ())
        told = {self.sketch.keys[n] for n in theirs[:count]}
        if len(places) == 1:
            outside = self.file.keys[: places[0]] if step > 0 else self.file.keys[places[0] :]
            if all(key in told for key in outside if key):
                return True
        # Lines that stand nowhere in the file, with a marker behind them, can only be meant for its very end.
        known = {unit.word for unit in self.old.units}
        inside = set(theirs[:count])
        shown = [u for u in self.new.units if u.first in inside]
        if any(unit.word in known for unit in shown) or any(
            self.sketch.keys[n] in self.file.places for n in inside
        ):
            return False
        return step < 0 or (_is_import(ours) and _is_import(self.sketch.keys[theirs[0]]))

    def _is_level(self) -> bool:
        """Whether the sketch is indented as the file: so are most lines that stand there once."""
        places = self.file.places
        told = [
            (line, self.file.raw[places[key][0]])
            for line, key in zip(self.sketch.raw, self.sketch.keys, strict=True)
            if len(key) > 3 and len(places.get(key, ())) == 1
        ]
        if any(not indent_of(a) and not indent_of(b) for a, b in told):
            return True  # what stands outermost does so in both
        return 5 * sum(indent_of(a) == indent_of(b) for a, b in told) >= 2 * len(told) > 0

    # One level

    def _merge(self, bounds: Bounds) -> None:
        matched = self._matched(bounds)
        at_old, at_new = bounds.old[0], bounds.new[0]
        above = bounds.is_fixed_above
        for u, v in matched:
            old, new = self.old.units[u], self.new.units[v]
            if old.first < at_old:
                raise Refused(Reason.REORDERED, f"“{new.word}”", [(old.first, old.last)])
            self._between((at_old, old.first), (at_new, new.first), bounds, above, True)
            self._replace(u, v)
            at_old, at_new, above = old.last, new.last, True
            if new.is_open and not self._is_hole(at_new):
                above = False
        below = bounds.is_fixed_below
        self._between((at_old, bounds.old[1]), (at_new, bounds.new[1]), bounds, above, below)

    def _is_hole(self, line: int) -> bool:
        return line < len(self.sketch) and is_marker(self.sketch.raw[line])

    def _matched(self, bounds: Bounds) -> list[tuple[int, int]]:
        """(unit of the file, unit of the sketch) directly inside of the bounds, in the order of the sketch."""
        out = []
        for v in self.new.children(bounds.new_parent):
            unit = self.new.units[v]
            if not bounds.new[0] <= unit.first < bounds.new[1]:
                continue
            u = self.pairing.of(v, bounds.old_parent)
            if u == UNCLEAR:
                same = [(o.first, o.last) for o in self.old.units if o.word == unit.word]
                raise Refused(Reason.AMBIGUOUS, f"“{unit.word}” is defined more than once", same)
            if u is None:
                self.added.update(range(self._with_remarks(unit.first), unit.last))
            else:
                out.append((u, v))
        return out

    def _with_remarks(self, first: int) -> int:
        """The first of the comments and decorators right above a line."""
        while (
            first > 0 and _REMARK.match(self.sketch.raw[first - 1]) and not is_marker(self.sketch.raw[first - 1])
        ):
            first -= 1
        return first

    def _replace(self, u: int, v: int) -> None:
        old, new = self.old.units[u], self.new.units[v]
        has_hole = new.is_open or any(map(is_marker, self.sketch.raw[new.first : new.last]))
        head = [] if self.is_level else [(self.sketch.raw[new.first], self.file.raw[old.first])]
        if not has_hole:
            self.shown_whole.add(u)
            self._put(old.first, old.last, (new.first, new.last), Indentation(head, self.file.raw))
            return
        body = old.body if old.body < old.last else old.first + 1
        if any(map(is_marker, self.sketch.raw[new.first : new.body])) or body >= old.last:
            raise Refused(Reason.UNANCHORED, f"“{new.word}” has a marker in its head", [(old.first, old.last)])
        self._put(old.first, body, (new.first, new.body), Indentation(head, self.file.raw))
        self._merge(Bounds((body, old.last), (new.body, new.last), u, v, True, not new.is_open))

    # Between definitions

    def _between(
        self,
        old: tuple[int, int],
        new: tuple[int, int],
        bounds: Bounds,
        is_fixed_above: bool,
        is_fixed_below: bool,
    ) -> None:
        lines, holes = self._lines(new, is_fixed_above, is_fixed_below)
        raw = self.sketch.raw
        if not any(raw[n].strip() for n in lines):
            if not any(holes) and self.has_markers and any(self.file.keys[old[0] : old[1]]):
                kept = [n for n in range(*old) if self.file.keys[n]]
                detail = f"“{excerpt([self.file.raw[kept[0]]])}” is left out without a marker"
                raise Refused(Reason.AMBIGUOUS, detail, [old])
            return
        # Lines of a definition the file does not have are like none of its lines.
        keys = [plain(raw[n].strip()) if n not in self.added else f"\0{self.sketch.keys[n]}" for n in lines]
        heads = frozenset(u.first - old[0] for u in self.old.units if old[0] <= u.first < old[1])
        theirs = [plain(line.strip()) for line in self.file.raw[old[0] : old[1]]]
        found = chain(Side(keys, frozenset(), holes), Side(theirs, heads))
        links = [(-1, -1), *found.links, (len(keys), len(theirs))]
        rivals = [float("inf"), *found.rivals, float("inf")]
        pairs = [(raw[lines[i]], self.file.raw[old[0] + j]) for i, j in found.links]
        if not pairs and bounds.old_parent >= 0:
            pairs = [
                (
                    raw[self.new.units[bounds.new_parent].first],
                    self.file.raw[self.old.units[bounds.old_parent].first],
                )
            ]
        indentation = Indentation([] if self.is_level else settled(pairs), self.file.raw)
        for i, j in found.links:
            self._reindent(lines[i], old[0] + j, indentation)
        for k in range(len(links) - 1):
            (x, y), (i, j) = links[k], links[k + 1]
            changed = self._gap(
                lines[x + 1 : i], list(holes[x + 1 : i + 1]), (old[0] + y + 1, old[0] + j), indentation
            )
            for n in (k, k + 1):
                if changed and rivals[n] < SURE:
                    i, j = links[n]
                    raise Refused(Reason.AMBIGUOUS, f"“{excerpt([raw[lines[i]]])}”", self._same(lines[i], old))

    def _same(self, line: int, old: tuple[int, int]) -> list[tuple[int, int]]:
        key = self.sketch.keys[line]
        return [(n, n + 1) for n in range(*old) if self.file.keys[n] == key]

    def _lines(
        self, new: tuple[int, int], is_fixed_above: bool, is_fixed_below: bool
    ) -> tuple[list[int], list[bool]]:
        """The sketch's lines without markers and without blank lines beside them, and where markers stand."""
        lines: list[int] = []
        holes: list[bool] = []
        hole = not is_fixed_above
        for number in range(*new):
            if is_marker(self.sketch.raw[number]):
                while lines and not self.sketch.raw[lines[-1]].strip() and not holes[-1]:
                    lines.pop()
                    holes.pop()
                hole = True
            elif self.sketch.raw[number].strip() or not hole:
                lines.append(number)
                holes.append(hole)
                hole = False
        return lines, [*holes, hole or not is_fixed_below]

    def _gap(
        self, lines: Sequence[int], holes: Sequence[bool], old: tuple[int, int], indentation: Indentation
    ) -> bool:
        """Between two links; `holes` has one more than `lines`, for the end. True if it changed something."""
        before = len(self.changes)
        if not any(holes):
            self._put_lines(old[0], old[1], lines, indentation)
            return len(self.changes) > before
        cuts = [n for n, hole in enumerate(holes) if hole]
        upper, lower = list(lines[: cuts[0]]), list(lines[cuts[-1] :])
        middle = [n for n in lines[cuts[0] : cuts[-1]] if self.sketch.raw[n].strip()]
        if middle:
            detail = f"“{excerpt([self.sketch.raw[middle[0]]])}” stands between two markers"
            raise Refused(Reason.UNANCHORED, detail, [(old[0], old[0]), (old[1], old[1]), old])
        first, last = old
        known = self._common(upper, first, last, 1)
        upper, first = upper[known:], first + known
        known = self._common(lower, first, last, -1)
        lower, last = lower[: len(lower) - known], last - known
        self._beside(upper, first, last, 1, indentation)
        self._beside(lower, first, last, -1, indentation)
        return len(self.changes) > before

    def _common(self, lines: Sequence[int], first: int, last: int, step: int) -> int:
        """How many lines next to a link are the file's. Blank ones at the end of them count only where nothing
        follows: text put in brings its own blank lines."""
        count = 0
        while count < len(lines) and count < last - first:
            theirs = lines[count] if step > 0 else lines[-1 - count]
            if self.sketch.keys[theirs] != self.file.keys[first + count if step > 0 else last - 1 - count]:
                break
            count += 1
        while (
            count < len(lines) and count and not self.sketch.keys[lines[count - 1] if step > 0 else lines[-count]]
        ):
            count -= 1
        return count

    def _beside(self, lines: list[int], first: int, last: int, step: int, indentation: Indentation) -> None:
        """New lines between a link and a marker: those like the file's next lines take their place."""
        while lines and not self.sketch.raw[lines[-1 if step > 0 else 0]].strip():
            lines.pop(-1 if step > 0 else 0)
        if not lines:
            return
        alike = self._absorbed(lines, first, last, step)
        if not alike:
            self._require_new(lines, first, last)
            alike = self._alike(lines, first, last, step)
        if step > 0:
            self._put_lines(first, first + alike, lines, indentation)
        else:
            self._put_lines(last - alike, last, lines, indentation)

    def _absorbed(self, lines: Sequence[int], first: int, last: int, step: int) -> int:
        """How many of the file's next lines the sketch shows again, from its outermost line on."""
        ours = [self.file.keys[n] for n in range(first, last)][::step]
        known = ("\0" if n in self.added else self.sketch.keys[n] for n in lines)
        theirs = [key for key in known if key][::step]
        for count in range(1, min(len(ours), len(theirs) + 4) + 1):
            if ours[count - 1] == theirs[-1]:
                rest = iter(theirs)
                if all(key in rest for key in ours[:count] if key):
                    return count
        return 0

    def _require_new(self, lines: Sequence[int], first: int, last: int) -> None:
        """Lines beside a marker that stand in the file as well, but not here, say that the place is unclear."""
        known = {key: n for n, key in zip(range(first, last), self.file.keys[first:last], strict=True)}
        for n in lines:
            key = self.sketch.keys[n]
            if n not in self.added and len(key) >= 12 and key in known:
                raise Refused(Reason.AMBIGUOUS, f"“{excerpt([key])}”", self._same(n, (first, last)))

    def _alike(self, lines: Sequence[int], first: int, last: int, step: int) -> int:
        """How many of the file's next lines, each in its turn, are like one of the new ones."""
        ours = [self.file.keys[n] for n in range(first, last)][::step]
        theirs = ["" if n in self.added else self.sketch.keys[n] for n in lines][::step]
        at = count = 0
        for number, key in enumerate(ours[: 2 * len(theirs)]):
            if not says_something(key):
                continue
            near = next((k for k in range(at, len(theirs)) if distance(theirs[k], key) < float("inf")), None)
            if near is None:
                break
            at, count = near + 1, number + 1
        return count

    def _reindent(self, line: int, number: int, indentation: Indentation) -> None:
        """A line both have, which the sketch puts at another depth: in a new block, or out of one."""
        ours, moved = self.file.raw[number], indentation.of(self.sketch.raw[line])
        if moved is not None and moved.strip() == ours.strip() and indent_of(moved) != indent_of(ours):
            self.changes.append(Change(number, number + 1, (moved.rstrip(),)))

    def _look_for_moves(self) -> None:
        """A line put in that stands in the file once, out of sight, has moved, and a marker hides where it was.

        One close by says so, and so do three that stand together.
        """
        if not self.has_markers:
            return
        gone = {n for c in self.changes for n in range(c.first, c.last)}
        shown = Counter(self.sketch.keys)
        twice: dict[int, str] = {}
        for change in self.changes:
            old = {self.file.keys[n] for n in range(change.first, change.last)}
            for line in change.new:
                key = key_of(line)
                places = self.file.places.get(key, ())
                if len(places) != 1 or places[0] in gone or key in old or shown[key] > 1 or len(key) < 6:
                    continue
                if says_something(key):
                    is_close = change.first - _CLOSE <= places[0] < change.last + _CLOSE
                    twice[places[0]] = line
                    if is_close or _stand_together(sorted(twice)):
                        near = [(n, n + 1) for n in sorted(twice)]
                        raise Refused(Reason.REORDERED, f"“{excerpt([line])}”", near)

    # Text

    def _put(self, first: int, last: int, new: tuple[int, int], indentation: Indentation) -> None:
        self._put_lines(first, last, range(*new), indentation)

    def _put_lines(self, first: int, last: int, lines: Sequence[int], indentation: Indentation) -> None:
        text: list[str] = []
        for number in lines:
            moved = indentation.of(self.sketch.raw[number])
            if moved is None:
                detail = f"“{excerpt([self.sketch.raw[number]])}”"
                raise Refused(Reason.INDENTATION, detail, [(first, last)])
            text.append(moved)
        old = self.file.raw[first:last]
        if [line.rstrip() for line in old if line.strip()] == [line.rstrip() for line in text if line.strip()]:
            return  # blank lines alone: the file keeps its own
        for a, b, some in line_changes([line.rstrip() for line in old], [line.rstrip() for line in text]):
            self.changes.append(Change(first + a, first + b, tuple(some)))


def _stand_together(lines: Sequence[int]) -> bool:
    return any(c - a <= 5 for a, c in zip(lines, lines[2:], strict=False))


def _is_import(key: str) -> bool:
    return _IMPORT.match(key) is not None
