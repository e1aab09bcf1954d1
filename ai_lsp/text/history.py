"""What the user did lately, as edits a person would name: coalesced by place and pause, told apart by kind.

Every change of a document is taken in as it comes, and time is given by the caller. Bounded in edits and in
characters; a burst that no hand can type becomes one edit of kind BULK.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from ai_lsp.text.diff import single_edit
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Edit, Span

MOST_EDITS = 256
MOST_CHARS = 8_000_000
"""Characters of text, old and new, that all kept edits may change together."""

SAME_LINE_S = 20.0
"""Pause within which a change on the lines of the last edit continues it."""

NEXT_LINE_S = 1.0
"""Pause within which a change on a line beside it does."""

LONGEST_LINES = 200
"""Lines after which an edit is complete; one change of more is BULK."""

LONGEST_CHARS = 20_000
_PASTE_CHARS = 16  # inserted at once
_BURST = 60  # changes within a second: no hand types those
_BURST_FILES = 5  # documents changed within half a second
_UNDO_DEPTH = 8  # edits of a document that one undo may take back
_STANDING = 64  # edits remembered as standing, per document
_SMALL = 2_000  # characters in which it is looked whether anything is left of an edit
_FORMATTED = re.compile(r"[\s,;'\"()]+")  # what formatters add, take away and exchange


class Kind(Enum):
    """How an edit came about, as far as it shows."""

    TYPED = "typed"
    PASTED = "pasted"  # a longer text came in at once: the clipboard, or a completion
    REPLACED = "replaced"  # several places at once: many cursors, find and replace, a refactoring
    UNDO = "undo"
    REDO = "redo"
    FORMAT = "format"  # lines changed in blanks, quotes, commas and brackets only
    BULK = "bulk"  # a generated file, a branch switch, a macro


AUTHORED = frozenset({Kind.TYPED, Kind.PASTED, Kind.REPLACED})
"""The kinds that say what the user wants; the others only say that text has moved."""


@dataclass(frozen=True, slots=True)
class LineHunk:
    """Lines `[start, start + len(old))` became `new`; `start` is 0-based, lines stand without their ends."""

    start: int
    old: tuple[str, ...]
    new: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HistoryEdit:
    """One edit: `before.replace(edit)` has the text of `after`, and `edit` is minimal at both ends.

    `began` and `ended` are seconds of the clock that the changes were given with.
    """

    uri: str
    before: DocumentSnapshot
    after: DocumentSnapshot
    edit: Edit
    began: float
    ended: float
    kind: Kind
    _lines: list[LineHunk] = field(default_factory=list, init=False, repr=False, compare=False)

    @property
    def removed(self) -> str:
        """The text that it took away, exactly."""
        return self.before.slice(self.edit.span.start, self.edit.span.end)

    @property
    def added(self) -> str:
        """The text that it put in its place."""
        return self.edit.new_text

    @property
    def lines(self) -> LineHunk:
        """The whole lines that differ; lines equal at both ends are left out. Found once."""
        if not self._lines:
            self._lines.append(self._differing())
        return self._lines[0]

    def _differing(self) -> LineHunk:
        start, end = self.edit.span.start, self.edit.span.end
        first = self.before.line_at(start)
        old = _lines(self.before, first, self.before.line_at(end))
        new = _lines(self.after, first, self.after.line_at(start + len(self.edit.new_text)))
        head = 0
        while head < min(len(old), len(new)) and old[head] == new[head]:
            head += 1
        tail = 0
        while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
            tail += 1
        return LineHunk(first + head, tuple(old[head : len(old) - tail]), tuple(new[head : len(new) - tail]))


def _lines(snapshot: DocumentSnapshot, first: int, last: int) -> list[str]:
    return [snapshot.line(n) for n in range(first, last + 1)]


class _Entry:
    """An edit that may still grow: the text outside `[start, old_end)` of `before` and `[start, new_end)` of
    `after` is the same."""

    __slots__ = (
        "_done", "after", "before", "began", "ended", "kind", "new_end", "number", "old_end", "standing", "start",
    )  # fmt: skip

    def __init__(self, hull: tuple[int, int, int], before: DocumentSnapshot, after: DocumentSnapshot) -> None:
        self.start, self.old_end, self.new_end = hull
        self.before, self.after = before, after
        self.began = self.ended = 0.0
        self.kind = Kind.TYPED
        self.number = 0
        self.standing: tuple[int, ...] = ()  # numbers of what stood in this document before it
        self._done: HistoryEdit | None = None

    @property
    def chars(self) -> int:
        return self.old_end - self.start + self.new_end - self.start

    def grow(self, hull: tuple[int, int, int], after: DocumentSnapshot, now: float) -> None:
        """Take in a change of `after`'s predecessor: its start, its end there and its end in `after`."""
        start, old_end, new_end = hull
        right = max(0, old_end - self.new_end)
        self.start = min(self.start, start)
        self.old_end += right
        self.new_end = self.new_end + right + new_end - old_end
        self.after, self.ended, self._done = after, now, None

    def is_nothing(self) -> bool:
        """Whether the text is as it was; looked at in small edits only."""
        return (
            self.old_end == self.new_end
            and self.chars <= 2 * _SMALL
            and self.before.slice(self.start, self.old_end) == self.after.slice(self.start, self.new_end)
        )

    def edit(self) -> HistoryEdit:
        if self._done is None:
            old = self.before.slice(self.start, self.old_end)
            small = single_edit(old, self.after.slice(self.start, self.new_end))
            span = Span(self.start + small.span.start, self.start + small.span.end)
            self._done = HistoryEdit(
                self.before.uri,
                self.before,
                self.after,
                Edit(span, small.new_text),
                self.began,
                self.ended,
                self.kind,
            )
        return self._done


class History:
    """The recent edits of all documents. Whoever shows or sends them asks first whether they may be read."""

    def __init__(self, most: int = MOST_EDITS, most_chars: int = MOST_CHARS) -> None:
        self._most, self._most_chars = most, most_chars
        self._log: deque[_Entry] = deque()
        self._chars = 0
        self._is_sealed = True
        self._count = 0
        self._standing: dict[str, tuple[int, ...]] = {}
        self._steps: deque[tuple[float, str]] = deque(maxlen=_BURST)

    # Reading

    def recent(self, n: int) -> list[HistoryEdit]:
        """The last `n` edits of all documents and kinds, newest last."""
        return [entry.edit() for entry in list(self._log)[-n:]] if n > 0 else []

    def of(self, uri: str) -> list[HistoryEdit]:
        """The edits of one document, newest last."""
        return [entry.edit() for entry in self._log if entry.before.uri == uri]

    def last_kind(self, uri: str) -> Kind | None:
        """How the newest of all edits came about, where it is one of this document."""
        return self._log[-1].kind if self._log and self._log[-1].before.uri == uri else None

    def standing(self, n: int) -> list[HistoryEdit]:
        """The last `n` edits that the user authored and has not undone, newest last: what can be learned from."""
        held = {number for some in self._standing.values() for number in some}
        found = [entry for entry in self._log if entry.number in held and entry.kind in AUTHORED]
        return [entry.edit() for entry in found[-n:]] if n > 0 else []

    def removed_since(self, t: float) -> list[HistoryEdit]:
        """The edits that ended at `t` or later and took away something visible, newest last."""
        late = [entry.edit() for entry in self._log if entry.ended >= t]
        return [edit for edit in late if edit.removed.strip()]

    # Writing

    def changed(
        self, before: DocumentSnapshot, edits: Sequence[Edit], after: DocumentSnapshot, now: float
    ) -> None:
        """One notification changed a document: `edits` follow one another from `before` to `after`."""
        hull = _hull(edits)
        if hull is None:
            return
        self._steps.append((now, before.uri))
        step = _Entry(hull, before, after)
        step.began = step.ended = now
        step.standing = self._standing.get(before.uri, ())
        is_burst = self._is_burst(now)
        step.kind = Kind.BULK if is_burst else _kind(step, len(edits))
        last = self._log[-1] if self._log and not self._is_sealed else None
        if last is not None and last.before.uri == before.uri and last.after.serial == before.serial:
            if is_burst or last.kind is Kind.BULK:
                if now - last.ended <= NEXT_LINE_S:
                    self._join(last, step, hull, Kind.BULK)
                    return
            elif (kind := self._undone(step)) is not None:
                step.kind = kind
            elif _continues(last, step):
                kind = last.kind if last.kind is step.kind else _joined(last.kind, step.kind)
                self._join(last, step, hull, kind)
                return
        elif step.kind is not Kind.BULK and (kind := self._undone(step)) is not None:
            step.kind = kind
        self._append(step)

    def closed(self, uri: str) -> None:
        """A document was closed: its edits stay, and none of them is continued."""
        self._is_sealed = True

    def forget(self, uri: str) -> None:
        """Drop everything of a document that must not be read."""
        self._log = deque(entry for entry in self._log if entry.before.uri != uri)
        self._chars = sum(entry.chars for entry in self._log)
        self._standing.pop(uri, None)
        self._is_sealed = True

    def _append(self, step: _Entry) -> None:
        if step.is_nothing():
            return
        self._count += 1
        step.number = self._count
        if step.kind not in (Kind.UNDO, Kind.REDO):  # there `_undone` has restored what stood
            self._standing[step.before.uri] = (*step.standing, step.number)[-_STANDING:]
        self._log.append(step)
        self._chars += step.chars
        self._is_sealed = False
        while len(self._log) > self._most or (self._chars > self._most_chars and len(self._log) > 1):
            self._chars -= self._log.popleft().chars

    def _join(self, last: _Entry, step: _Entry, hull: tuple[int, int, int], kind: Kind) -> None:
        self._chars -= last.chars
        last.grow(hull, step.after, step.ended)
        last.kind = kind
        if last.is_nothing():
            self._log.pop()
            self._standing[step.before.uri] = last.standing
            self._is_sealed = True
            return
        self._chars += last.chars
        if kind is not Kind.BULK and (
            last.chars > LONGEST_CHARS or _last_line(last) - last.after.line_at(last.start) > LONGEST_LINES
        ):
            self._is_sealed = True

    def _is_burst(self, now: float) -> bool:
        steps = self._steps
        if len(steps) == _BURST and now - steps[0][0] <= 1.0:
            return True
        files = {uri for then, uri in steps if now - then <= 0.5}
        return len(files) >= _BURST_FILES

    def _undone(self, step: _Entry) -> Kind | None:
        """UNDO or REDO where a step restores what a document was some edits ago; then those stand no more."""
        if step.chars <= 1 or step.chars > LONGEST_CHARS:
            return None  # a key that takes back one letter is typing
        uri = step.before.uri
        entries = [entry for entry in self._log if entry.before.uri == uri][-_UNDO_DEPTH:]
        growth, serial = step.new_end - step.old_end, step.before.serial
        for depth, entry in enumerate(reversed(entries), 1):
            if entry.after.serial != serial or entry.chars > LONGEST_CHARS:
                return None  # something between is not known
            serial = entry.before.serial
            growth += len(entry.after) - len(entry.before)
            if growth == 0 and _restores(step, entries[-depth:]):
                self._standing[uri] = entry.standing
                return Kind.REDO if entry.kind is Kind.UNDO else Kind.UNDO
        return None


def _hull(edits: Sequence[Edit]) -> tuple[int, int, int] | None:
    """Where edits that follow one another begin, end in the first text, and end in the last one."""
    if not edits:
        return None
    start, old_end = edits[0].span.start, edits[0].span.end
    new_end = old_end + edits[0].growth
    for edit in edits[1:]:
        right = max(0, edit.span.end - new_end)
        start = min(start, edit.span.start)
        old_end += right
        new_end += right + edit.growth
    return start, old_end, new_end


def _kind(step: _Entry, changes: int) -> Kind:
    """What one notification is, by itself."""
    old_lines = step.before.line_at(step.old_end) - step.before.line_at(step.start)
    new_lines = _last_line(step) - step.after.line_at(step.start)
    if max(old_lines, new_lines) > LONGEST_LINES or step.chars > LONGEST_CHARS:
        return Kind.FORMAT if step.chars <= 20 * LONGEST_CHARS and _is_formatting(step) else Kind.BULK
    if (changes > 1 or old_lines or new_lines > 1) and _is_formatting(step):
        return Kind.FORMAT
    if changes > 1 and old_lines > 2:
        return Kind.REPLACED
    if step.new_end - step.start >= _PASTE_CHARS and step.old_end == step.start:
        return Kind.PASTED
    return Kind.TYPED


def _is_formatting(step: _Entry) -> bool:
    old = step.before.slice(step.start, step.old_end)
    new = step.after.slice(step.start, step.new_end)
    bare = _FORMATTED.sub("", old)
    return bool(bare) and bare == _FORMATTED.sub("", new)


def _last_line(entry: _Entry) -> int:
    return entry.after.line_at(entry.new_end)


def _joined(last: Kind, step: Kind) -> Kind:
    return Kind.REPLACED if Kind.REPLACED in (last, step) else Kind.TYPED


def _continues(last: _Entry, step: _Entry) -> bool:
    """Whether a step goes on with the last edit: near in place, and soon enough."""
    if last.kind not in AUTHORED or step.kind not in AUTHORED:
        return False
    pause = step.began - last.ended
    top, bottom = step.before.line_at(step.start), step.before.line_at(step.old_end)
    first, final = last.after.line_at(last.start), _last_line(last)
    gap = max(top - final, first - bottom, 0)
    return pause <= (SAME_LINE_S if gap == 0 else NEXT_LINE_S if gap == 1 else -1.0)


def _restores(step: _Entry, entries: Sequence[_Entry]) -> bool:
    """Whether a step gives the text before the first of some edits, which follow one another up to the step."""
    done = [entry.edit() for entry in reversed(entries)]
    hull = _hull([Edit(Span(e.edit.span.start, e.edit.span.start + len(e.added)), e.removed) for e in done])
    assert hull is not None
    start = min(hull[0], step.start)
    end = max(hull[1], step.old_end)
    size = hull[2] + end - hull[1] - start  # of the same stretch in the older text
    then, now = entries[0].before, step.after
    return then.slice(start, start + size) == now.slice(start, start + end - start + step.new_end - step.old_end)
