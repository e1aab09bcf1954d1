"""What prompts were made of, as lines of JSON, and back: inputs are kept, never prompts.

A recording is JSON lines. Texts stand once, by the hash of their content; a document that changed is a change of
the one before it. Each feature knows what its own prompts are made of: `completion/recording.py` for ghost text,
`edits/instruct_recording.py` for instructions. `Writer` makes the lines, `read` gives rows and their texts back.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

from ai_lsp.context.fit import Fitted
from ai_lsp.text.diff import single_edit

FORMAT = 1

LARGEST_DOCUMENT = 1_000_000
"""Characters; prompts of larger documents are not recorded."""

REMEMBERED = 2_000
"""Texts that a writer remembers to have written."""

Row = Mapping[str, Any]


class NotRecorded(ValueError):
    """Lines that are no recording, or one of another format. The text says why."""


class Hide(Protocol):
    """Gives a text with placeholders for its secrets, and for each its start and end in the old text and its
    length now. `used` is whether there were any."""

    @property
    def used(self) -> bool: ...
    def __call__(self, text: str) -> tuple[str, Sequence[tuple[int, int, int]]]: ...


class Recordable(Protocol):
    """A prompt and all that it was made of."""

    @property
    def kind(self) -> str: ...
    @property
    def request(self) -> object: ...
    @property
    def fitted(self) -> Fitted: ...
    @property
    def size(self) -> int: ...
    def hidden(self, hide: Hide) -> Self | None:
        """The prompt as made of the inputs without their secrets; None where it cannot be told without them."""

    def inputs_row(self, texts: Texts) -> dict[str, Any]:
        """The inputs, with texts by their names."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One row of a recording: who it is, and what was made of its inputs then.

    `digest` is of the request as made from these inputs then. `hidden` counts secrets for which placeholders
    stand in the inputs: where there are any, the prompt that was sent had other bytes in those places.
    `decisions` are key, kind, alternative (-1: dropped) and tokens of each part.
    """

    number: int
    at: float
    version: str
    digest: str
    hidden: int
    tokens: int
    decisions: tuple[tuple[str, str, int, int], ...]


def digest(request: object) -> str:
    """SHA-256 of a request (a frozen value whose `repr` is all of it), in hexadecimal: what a model is sent."""
    return hashlib.sha256(repr(request).encode("utf-8", "surrogatepass")).hexdigest()


def decisions(fitted: Fitted) -> tuple[tuple[str, str, int, int], ...]:
    """Key, kind, alternative (-1: dropped) and tokens (-1: not counted) of each part, in declared order."""
    layout = fitted.layout
    out = []
    for index, (part, step) in enumerate(zip(layout.parts, fitted.chosen, strict=True)):
        last = layout.first[index + 1] - 1
        counted = step if step >= 0 else last
        out.append((part.key, part.kind, last - step if step >= 0 else -1, fitted.costs[counted]))
    return tuple(out)


class Texts:
    """The texts that stand in a recording already, and the lines of those that are new."""

    def __init__(self) -> None:
        self._known: dict[str, None] = {}
        self._documents: dict[str, str] = {}  # path → text of the last prompt
        self._lines: list[dict[str, Any]] = []

    def text(self, text: str) -> str:
        """The name of a text."""
        name = _name(text)
        if name not in self._known:
            self._remember(name)
            self._lines.append({"kind": "text", "id": name, "text": text})
        return name

    def document(self, path: str, text: str) -> str:
        """The name of a document's text, which is most often the last one with a change."""
        before = self._documents.get(path)
        self._documents[path] = text
        name = _name(text)
        if before is None or _name(before) not in self._known:
            return self.text(text)
        if name not in self._known:
            self._remember(name)
            edit = single_edit(before, text)
            span = [edit.span.start, edit.span.end, edit.new_text]
            self._lines.append({"kind": "change", "id": name, "of": _name(before), "edit": span})
        return name

    def new(self) -> list[dict[str, Any]]:
        """The lines that the texts since the last call need."""
        lines, self._lines = self._lines, []
        return lines

    def _remember(self, name: str) -> None:
        self._known[name] = None
        if len(self._known) > REMEMBERED:
            del self._known[next(iter(self._known))]


class Writer:
    """Turns prompts into lines; remembers which texts stand in the recording already."""

    def __init__(self, version: str) -> None:
        self._version = version
        self._texts = Texts()
        self._number = 0

    def lines(self, prompt: Recordable, at: float, hidden: int) -> list[str]:
        """The lines of one prompt, of inputs that may be kept; `at` is Unix time in seconds."""
        self._number += 1
        record = {
            "kind": prompt.kind,
            "format": FORMAT,
            "version": self._version,
            "number": self._number,
            "at": round(at, 3),
            **prompt.inputs_row(self._texts),
            "digest": digest(prompt.request),
            "hidden": hidden,
            "tokens": prompt.fitted.tokens,
            "decisions": decisions(prompt.fitted),
        }
        return [json.dumps(each, separators=(",", ":")) for each in (*self._texts.new(), record)]


def read(lines: Iterable[str]) -> Iterator[tuple[Row, Mapping[str, str]]]:
    """The rows of a recording's prompts, each with the texts it names. Raises NotRecorded; a last line that was
    cut off ends it."""
    texts: dict[str, str] = {}
    for line in lines:
        try:
            row = json.loads(line)
            kind = row["kind"]
        except (ValueError, TypeError, KeyError, RecursionError):
            if not line.endswith("\n"):
                return  # written when the recording was cut off
            raise NotRecorded(f"{line[:40]!r} is no line of a recording") from None
        try:
            if kind == "text":
                texts[row["id"]] = row["text"]
            elif kind == "change":
                start, end, new = row["edit"]
                before = texts[row["of"]]
                texts[row["id"]] = before[:start] + new + before[end:]
            else:
                if row["format"] != FORMAT:
                    raise NotRecorded(f"format {row['format']}, and this program reads {FORMAT}")
                yield row, texts
        except (KeyError, TypeError, ValueError, IndexError) as error:
            if isinstance(error, NotRecorded):
                raise
            raise NotRecorded(f"a line lacks what it needs ({type(error).__name__}: {error})") from None


def recorded(row: Row) -> Recorded:
    """What every row says, whatever its prompt is for."""
    made = tuple((str(key), str(kind), int(chosen), int(cost)) for key, kind, chosen, cost in row["decisions"])
    return Recorded(row["number"], row["at"], row["version"], row["digest"], row["hidden"], row["tokens"], made)


def is_inside(offset: int, places: Sequence[tuple[int, int, int]]) -> bool:
    """Whether an offset is within a secret."""
    return any(start < offset < end for start, end, _ in places)


def moved(offset: int, places: Sequence[tuple[int, int, int]]) -> int:
    """Where an offset of a text is once placeholders stand in it."""
    return offset + sum(size - (end - start) for start, end, size in places if end <= offset)


def _name(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:20]
