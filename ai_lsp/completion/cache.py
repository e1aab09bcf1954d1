"""Answers that need no one's help: the rest of what is on the screen, and what models said here before."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from ai_lsp.completion.query import Query, Suggestion
from ai_lsp.completion.reuse import DEEP, Rest, Spot, rest_of, typed_since
from ai_lsp.text.edit import Edit, rebase_insertion

ANSWERS = 250
"""Answers kept; one is some hundred characters and the lines around it."""


def typed_through(query: Query, shown: Suggestion | None, later: Iterable[Edit] | None) -> Suggestion | None:
    """What is left of `shown` at the query's cursor.

    `later` are the edits between the suggestion's snapshot and the query's; None where they are not known.
    None when the user typed something else, went elsewhere, or has typed it to the end.
    """
    if shown is None or later is None:
        return None
    moved = rebase_insertion(shown.offset, shown.text, later)
    if moved is None or moved[0] != query.offset or not moved[1].strip():
        return None
    covered = shown.snapshot.slice(shown.offset, shown.offset + shown.covers)
    if query.snapshot.slice(query.offset, query.offset + shown.covers) != covered:
        return None
    return replace(shown, snapshot=query.snapshot, offset=query.offset, text=moved[1])


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model said at a spot, free of what it was wrapped in. `epoch` names the model and how it was asked.

    `is_whole`: the model ended it by itself, so that nothing would follow.
    """

    spot: Spot
    epoch: str
    text: str
    is_whole: bool


Key = tuple[str, str, tuple[str, ...]]


class Answers:
    """The last answers, found again by the lines above any of their own lines.

    So an answer serves while it is typed, after it was typed away from and back, and line by line as far as it
    goes. Edits of other files, or elsewhere in the same one, leave it where it is.
    """

    def __init__(self, most: int = ANSWERS) -> None:
        self._most = most
        self._kept: OrderedDict[int, tuple[Answer, tuple[Key, ...]]] = OrderedDict()
        self._by_key: dict[Key, dict[int, None]] = {}
        self._next = 0

    def put(self, answer: Answer) -> None:
        """Keep an answer, also an empty one: it says that nothing is to be had there."""
        keys = tuple(_keys(answer))
        self._kept[self._next] = answer, keys
        for key in keys:
            self._by_key.setdefault(key, {})[self._next] = None
        self._next += 1
        if len(self._kept) > self._most:
            self._drop(next(iter(self._kept)))

    def find(self, spot: Spot, epoch: str) -> tuple[Answer, Rest] | None:
        """The newest answer that agrees with what stands at a spot and goes furthest."""
        best: tuple[Answer, Rest] | None = None
        for number in reversed(self._by_key.get(_key(spot, epoch), {})):
            answer, _ = self._kept[number]
            typed = typed_since(answer.spot, spot)
            rest = None if typed is None else rest_of(answer.text, typed, is_whole=True)
            if rest is None or rest.is_ahead:
                continue
            is_silence = not answer.text.strip() and not typed
            if (rest.text.strip() or is_silence) and (best is None or len(rest.text) > len(best[1].text)):
                self._kept.move_to_end(number)
                best = answer, rest
        return best

    def all(self, spot: Spot, epoch: str) -> Iterator[str]:
        """What is left of every answer that agrees with what stands at a spot, the newest first."""
        for number in reversed(self._by_key.get(_key(spot, epoch), {})):
            answer, _ = self._kept[number]
            typed = typed_since(answer.spot, spot)
            rest = None if typed is None else rest_of(answer.text, typed, is_whole=True)
            if rest is not None and rest.text.strip():
                yield rest.text

    def forget(self, spot: Spot) -> None:
        """The user dismissed what was shown at a spot: answers that would show it again go."""
        for number, (answer, _) in list(self._kept.items()):
            typed = typed_since(answer.spot, spot)
            if typed is not None and rest_of(answer.text, typed, is_whole=True) is not None:
                self._drop(number)

    def _drop(self, number: int) -> None:
        _, keys = self._kept.pop(number)
        for key in set(keys):
            found = self._by_key[key]
            found.pop(number, None)
            if not found:
                del self._by_key[key]


def _key(spot: Spot, epoch: str) -> Key:
    return spot.uri, epoch, spot.above[-2:]


def _keys(answer: Answer) -> Iterable[Key]:
    """One for each line that the answer goes through."""
    spot = answer.spot
    lines = [line.rstrip() for line in (spot.left + answer.text).split("\n")]
    above = spot.above[-2:]
    for line in lines[: DEEP + 1]:
        yield spot.uri, answer.epoch, above
        above = (*above, line)[-2:]
