"""How a reply's indentation becomes the file's: learnt from the lines that both have."""

from __future__ import annotations

from collections import Counter
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
        votes: dict[str, Counter[str]] = {}
        for theirs, ours in pairs:
            if theirs.strip() and ours.strip():
                votes.setdefault(indent_of(theirs), Counter())[indent_of(ours)] += 1
        self._known = {a: found.most_common(1)[0][0] for a, found in votes.items()}
        self._torn = {a for a, found in votes.items() if _is_torn(found)}
        self.is_changed = any(set(found) != {a} for a, found in votes.items())
        self._file = file
        self._unit: tuple[str, str] | None = None

    def of(self, line: str) -> str | None:
        """The line with the file's indentation; None where nothing says what it would be."""
        if not self.is_changed:
            return line
        if not line.strip():
            return ""
        indent = indent_of(line)
        if indent in self._torn:
            return None
        new = self._known.get(indent)
        if new is None:
            new = self._derived(indent)
        return None if new is None else new + line[len(indent) :]

    def agrees(self, theirs: str, ours: str) -> bool:
        """Whether a line of the reply may be this one of the file, as far as indentation says."""
        moved = self.of(theirs)
        if moved is None:
            return True
        a, b = indent_of(moved), indent_of(ours)
        return a == b or (a[:1] != b[:1] and bool(a) == bool(b))  # tabs for blanks, as far as is known

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


def _is_torn(found: Counter[str]) -> bool:
    """Whether lines with one indentation in the reply have several in the file."""
    first, *others = found.most_common(2)
    return bool(others) and 2 * others[0][1] > first[1]


def _unit(indents: Iterable[str]) -> str:
    """One step of indentation: a tab, or as many spaces as all indentations are multiples of."""
    spaces = 0
    for indent in indents:
        if "\t" in indent:
            return "\t"
        spaces = gcd(spaces, len(indent))
    return " " * spaces if spaces > 1 else ""
