"""How a reply's indentation becomes the file's: learnt from the lines that both have."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import gcd

from ai_lsp.edits.apply.lines import indent_of


def settled(pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Pairs of a sketch to learn from: where most lines are indented as in the file, so are the others meant."""
    told = [(a, b) for a, b in pairs if a.strip() and (indent_of(a) or indent_of(b))]
    same = sum(indent_of(a) == indent_of(b) for a, b in told)
    return [] if 2 * same >= len(told) else list(pairs)


def other_style(lines: Sequence[str], file: Sequence[str]) -> list[tuple[str, str]]:
    """A pair to learn from where a reply indents with tabs and the file only with spaces, or the other way."""
    theirs = {indent_of(line)[:1] for line in lines if line.strip()} - {""}
    ours = {indent_of(line)[:1] for line in file if line.strip()} - {""}
    if len(theirs) != 1 or len(ours) != 1 or theirs == ours:
        return []
    unit = _unit(indent_of(line) for line in file if line.strip())
    if theirs == {"\t"}:
        return [("\tx", f"{unit}x")] if unit else []
    unit = _unit(indent_of(line) for line in lines if line.strip())
    return [(f"{unit}x", "\tx")] if unit else []


class Indentation:
    """A mapping of indentations, learnt from pairs of (a line of the reply, the same line of the file)."""

    def __init__(self, pairs: Iterable[tuple[str, str]], file: Sequence[str] = ()) -> None:
        self._known: dict[str, str] = {}
        self.is_changed = False
        for theirs, ours in pairs:
            if theirs.strip() and ours.strip():
                a, b = indent_of(theirs), indent_of(ours)
                self._known.setdefault(a, b)
                self.is_changed = self.is_changed or a != b
        self._file = file
        self._unit: tuple[str, str] | None = None

    def of(self, line: str) -> str | None:
        """The line with the file's indentation; None where nothing says what it would be."""
        if not self.is_changed or not line.strip():
            return line if line.strip() else ""
        indent = indent_of(line)
        new = self._known.get(indent)
        if new is None:
            new = self._derived(indent)
        return None if new is None else new + line[len(indent) :]

    def _derived(self, indent: str) -> str | None:
        inner = [a for a in self._known if indent.startswith(a)]
        if inner:
            nearest = max(inner, key=len)
            rest = self._converted(indent[len(nearest) :])
            return None if rest is None else self._known[nearest] + rest
        outer = [a for a in self._known if a.startswith(indent)]
        if outer:
            nearest = min(outer, key=len)
            rest = self._converted(nearest[len(indent) :])
            ours = self._known[nearest]
            if rest is not None and ours.endswith(rest):
                return ours[: len(ours) - len(rest)]
        return None

    def _converted(self, blanks: str) -> str | None:
        """Blanks of the reply, more or less indentation, as the file writes them."""
        theirs, ours = self._units()
        if theirs == ours or not theirs:
            return blanks
        steps, left = divmod(len(blanks), len(theirs))
        return ours * steps if left == 0 and blanks == theirs * steps else None

    def _units(self) -> tuple[str, str]:
        if self._unit is None:
            learnt = sorted(self._known)
            theirs = _unit(learnt)
            ours = _unit([self._known[a] for a in learnt]) or _unit(
                [indent_of(line) for line in self._file[:400]]
            )
            for a in learnt:
                b = self._known[a]
                if a and b and set(a) == {"\t"} and set(b) == {" "} and len(b) % len(a) == 0:
                    theirs, ours = "\t", " " * (len(b) // len(a))
                elif a and b and set(a) == {" "} and set(b) == {"\t"} and len(a) % len(b) == 0:
                    theirs, ours = " " * (len(a) // len(b)), "\t"
            self._unit = (theirs or ours, ours or theirs)
        return self._unit


def _unit(indents: Iterable[str]) -> str:
    """One step of indentation: a tab, or as many spaces as all indentations are multiples of."""
    spaces = 0
    for indent in indents:
        if "\t" in indent:
            return "\t"
        spaces = gcd(spaces, len(indent))
    return " " * spaces if spaces > 1 else ""
