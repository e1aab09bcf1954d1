"""Which definition of the file each definition of a sketch is."""

from __future__ import annotations

from ai_lsp.edits.apply.lines import FileLines, indent_of
from ai_lsp.edits.apply.structure import Structure

UNCLEAR = -1
"""The answer for a name that several definitions have."""


class Pairing:
    """Pairs by name within the same parent; a definition shown without its parents by its name alone."""

    def __init__(self, file: FileLines, old: Structure, sketch: FileLines, new: Structure) -> None:
        self._file, self._old, self._sketch, self._new = file, old, sketch, new
        self._by_parent: dict[tuple[int, str], list[int]] = {}
        self._by_name: dict[str, list[int]] = {}
        for index, unit in enumerate(old.units):
            self._by_parent.setdefault((unit.parent, unit.name), []).append(index)
            self._by_name.setdefault(unit.word, []).append(index)
        self._taken: dict[int, int] = {}

    def of(self, v: int, old_parent: int) -> int | None:
        """The file's unit for the sketch's unit `v` inside of `old_parent`; None where it is
        new, UNCLEAR where several may be meant."""
        unit = self._new.units[v]
        found = self._by_parent.get((old_parent, unit.name), [])
        if len(found) == 1:
            return found[0]
        if not found:
            words = [u for u in self._old.children(old_parent) if self._old.units[u].word == unit.word]
            if len(words) == 1:
                return words[0]
            if not words and unit.parent < 0 and old_parent < 0:
                return self._nested(v)
            found = words
            if not found:
                return None
        return self._by_order(v, found)

    def _nested(self, v: int) -> int | None:
        """A definition shown without the class around it."""
        unit = self._new.units[v]
        found = self._by_name.get(unit.word, [])
        if len(found) != 1:
            return self._by_order(v, found) if found else None
        old = self._old.units[found[0]]
        ours = {key for key in self._file.keys[old.first : old.last] if len(key) > 3}
        theirs = {key for key in self._sketch.keys[unit.first : unit.last] if len(key) > 3}
        is_inside = bool(indent_of(self._sketch.raw[unit.first]))
        return found[0] if is_inside or 2 * len(ours & theirs) >= min(len(ours), len(theirs)) else UNCLEAR

    def _by_order(self, v: int, found: list[int]) -> int:
        """Of several with one name, the one whose text is by far the nearest."""
        unit = self._new.units[v]
        theirs = [key for key in self._sketch.keys[unit.first : unit.last] if key]
        rated = []
        for u in found:
            old = self._old.units[u]
            ours = set(self._file.keys[old.first : old.last])
            rated.append((sum(key in ours for key in theirs) / max(len(theirs), 1), u))
        rated.sort(reverse=True)
        if len(rated) == 1 or (len(rated) > 1 and rated[0][0] >= rated[1][0] + 0.34):
            return rated[0][1]
        return UNCLEAR
