"""Open documents as token streams, kept up to date line by line as edits arrive."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ai_lsp.completion.local.lexing import Ids, Vocabulary, family, indentation, split_breaks, step
from ai_lsp.text.edit import LineEdit

GONE_LINES = 240  # how many lines of removed text are kept per document
GONE_CHANGES = 24
_INDENT_SAMPLE = 2000  # lines that tell how a text is indented
_ONE_REMOVAL = 120  # lines of one removal that are kept


@dataclass(slots=True)
class Removal:
    """Lines as they were before an edit, and what the user was doing there: the best hint of all."""

    lines: list[str]
    at: int  # line where they stood
    depths: list[int]
    ids: list[list[int]]
    above: list[int]  # ids of the line that stood above
    renames: dict[int, int] | None = None  # see twins.renames; holds for `version` of the document
    version: int = -1


class Document:
    """One open text: its lines, their tokens in one flat array, and what was lately taken away."""

    def __init__(self, uri: str, path: str | None, language_id: str, text: str, vocabulary: Vocabulary) -> None:
        self.uri = uri
        self.path = path
        self.family = family(path, language_id)
        self._vocabulary = vocabulary
        self.version = 0  # counts changes
        self.gone: deque[Removal] = deque(maxlen=GONE_CHANGES)
        self.lines, self._breaks = split_breaks(text)
        self._load(self.lines)

    def _load(self, lines: Sequence[str]) -> None:
        encoded = [self._vocabulary.line(line) for line in lines]
        self._depth = np.array([d for d, _ in encoded], np.int32)
        self._starts = np.zeros(len(lines) + 1, np.int64)
        self.flat: Ids = np.zeros(0, np.int32)
        flat, sizes = self._stream(encoded, before=0)
        self.flat = flat
        self._starts[1:] = np.cumsum(sizes)

    @staticmethod
    def _stream(encoded: Sequence[tuple[int, list[int]]], before: int) -> tuple[Ids, list[int]]:
        out: list[int] = []
        sizes: list[int] = []
        for depth, ids in encoded:
            if depth < 0:
                sizes.append(0)
                continue
            out.append(step(depth, before))
            out.extend(ids)
            sizes.append(1 + len(ids))
            before = depth
        return np.array(out, np.int32), sizes

    @property
    def text_of(self) -> Sequence[str]:
        """The text of every token id."""
        return self._vocabulary.text

    def ids_of(self, some: Sequence[str]) -> list[int]:
        """The ids of those tokens that are known."""
        return [known for t in some if (known := self._vocabulary.get(t)) is not None]

    def tokens_before(self, line: int) -> int:
        """How many tokens of the flat array belong to lines above `line`."""
        return int(self._starts[min(line, len(self.lines))])

    def starts(self) -> npt.NDArray[np.int64]:
        """For each line the index of its first token; one more entry for the end."""
        return self._starts

    @property
    def indent_unit(self) -> str:
        """One step of indentation, as this text writes it; four blanks where it has none."""
        widths: dict[str, int] = {}
        before = ""
        for line in self.lines[:_INDENT_SAMPLE]:
            indent, body = indentation(line)
            if not body:
                continue
            if len(indent) > len(before) and indent.startswith(before):
                unit = indent[len(before) :]
                widths[unit] = widths.get(unit, 0) + 1
            before = indent
        return max(widths, key=lambda w: widths[w]) if widths else "    "

    def depth_above(self, line: int) -> int:
        """Column of the nearest line above `line` that is not blank; 0 where there is none."""
        for at in range(min(line, len(self.lines)) - 1, -1, -1):
            depth = int(self._depth[at])
            if depth >= 0:
                return depth
        return 0

    def apply(self, edit: LineEdit) -> None:
        """Applies one change. Positions beyond the text are moved to its end."""
        last = len(self.lines) - 1
        a, b = min(max(edit.start_line, 0), last), min(max(edit.end_line, 0), last)
        start_col = edit.start_col if edit.start_line <= last else len(self.lines[last])
        end_col = edit.end_col if edit.end_line <= last else len(self.lines[last])
        if (b, end_col) < (a, start_col):
            b, end_col = a, start_col
        head, tail = self.lines[a][: max(start_col, 0)], self.lines[b][max(end_col, 0) :]
        joined = head + edit.text + tail + self._breaks[b]
        if a and self._breaks[a - 1] == "\r" and joined.startswith("\n"):
            a -= 1  # the two become one break
            joined = self.lines[a] + "\r" + joined
        old = self.lines[a : b + 1]
        new, breaks = split_breaks(joined)
        if self._breaks[b]:
            del new[-1], breaks[-1]  # what stands after the break is the next line
        self._breaks[a : b + 1] = breaks
        self._remember(a, old, new)
        for removal in self.gone:
            if removal.at > b:
                removal.at += len(new) - len(old)
        self._replace(a, b + 1, new)
        self.version += 1

    def _replace(self, a: int, b: int, new: list[str]) -> None:
        encoded = [self._vocabulary.line(line) for line in new]
        old_last = next((int(d) for d in self._depth[a:b][::-1] if d >= 0), None)
        before = self.depth_above(a)
        stream, sizes = self._stream(encoded, before)
        start, end = int(self._starts[a]), int(self._starts[b])
        self.lines[a:b] = new
        self._depth = np.concatenate(
            (self._depth[:a], np.array([d for d, _ in encoded], np.int32), self._depth[b:])
        )
        self.flat = np.concatenate((self.flat[:start], stream, self.flat[end:]))
        shift = len(stream) - (end - start)
        self._starts = np.concatenate(
            (
                self._starts[:a],
                start + np.concatenate(([0], np.cumsum(sizes[:-1], dtype=np.int64))),
                self._starts[b:] + shift,
            )
        )
        new_last = next((d for d, _ in reversed(encoded) if d >= 0), before)
        if new_last != (before if old_last is None else old_last):
            self._restep(a + len(new), new_last)

    def _restep(self, line: int, before: int) -> None:
        """The first line from `line` on that is not blank now follows a line at column `before`."""
        following = self._depth[line:]
        hits = np.flatnonzero(following[:200] >= 0)
        if not len(hits):
            hits = np.flatnonzero(following >= 0)
        if len(hits):
            at = line + int(hits[0])
            self.flat[int(self._starts[at])] = step(int(self._depth[at]), before)

    def _remember(self, at: int, old: list[str], new: list[str]) -> None:
        """Keeps lines that an edit takes away or changes, unless the change only adds to them."""
        kept = set(new)
        lines = [x for x in old if x not in kept and len(x.strip()) >= 4][:_ONE_REMOVAL]
        if not lines:
            return
        if len(old) == 1 and _only_adds(old[0], new[0]):
            return
        if len(old) == 1 and len(new) <= 2 and self.gone and self.gone[-1].at == at:
            # One burst of backspaces, or typing over a line already remembered, is one removal.
            first = self.gone[-1].lines[0]
            if _shared_start(first, old[0]) >= len(indentation(old[0])[0]) + 2 or len(new[0].strip()) < 3:
                return
        encoded = [self._vocabulary.line(x) for x in lines]
        above = next((self.lines[i] for i in range(at - 1, max(-1, at - 6), -1) if self.lines[i].strip()), "")
        ids_above = self._vocabulary.line(above)[1]
        self.gone.append(Removal(lines, at, [d for d, _ in encoded], [ids for _, ids in encoded], ids_above))
        while sum(len(r.lines) for r in self.gone) > GONE_LINES and len(self.gone) > 1:
            self.gone.popleft()


def _shared_start(a: str, b: str) -> int:
    n = 0
    for x, y in zip(a, b, strict=False):
        if x != y:
            break
        n += 1
    return n


def _only_adds(old: str, new: str) -> bool:
    """Whether `new` is `old` with one stretch inserted."""
    start = _shared_start(old, new)
    return new.endswith(old[start:]) and len(new) >= len(old)
