"""What a prompt was made of, as lines of JSON, and back: inputs are kept, never prompts.

A recording is JSON lines. Texts stand once, by the hash of their content; a document that changed is a change of
the one before it. `Writer` makes the lines of one prompt, `read` gives the inputs back.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ai_lsp.completion.prompt import Around, Built, Inputs, Shape
from ai_lsp.completion.query import Query
from ai_lsp.completion.settings import CompletionSettings
from ai_lsp.context.counts import Count
from ai_lsp.context.fit import Fitted
from ai_lsp.context.parts import OURS, Alternative, Label, Layout, PromptPart
from ai_lsp.models.port import ModelRequest
from ai_lsp.models.tokens import Estimate, Exact
from ai_lsp.text.diff import single_edit
from ai_lsp.text.document import DocumentSnapshot

FORMAT = 1

LARGEST_DOCUMENT = 1_000_000
"""Characters; prompts of larger documents are not recorded."""

REMEMBERED = 2_000
"""Texts that a writer remembers to have written."""


class NotRecorded(ValueError):
    """Lines that are no recording, or one of another format. The text says why."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One prompt of a recording: its inputs, and what was made of them then.

    `digest` is of the request as made from these inputs then. `hidden` counts secrets for which placeholders
    stand in the inputs: where there are any, the prompt that was sent had other bytes in those places.
    `decisions` are key, kind, alternative (-1: dropped) and tokens of each part.
    """

    number: int
    at: float
    version: str
    inputs: Inputs
    digest: str
    hidden: int
    tokens: int
    decisions: tuple[tuple[str, str, int, int], ...]


def digest(request: ModelRequest) -> str:
    """SHA-256 of a request, in hexadecimal: all that decides what a model is sent."""
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


class Writer:
    """Turns prompts into lines; remembers which texts stand in the recording already."""

    def __init__(self, version: str) -> None:
        self._version = version
        self._known: dict[str, None] = {}
        self._documents: dict[str, str] = {}  # path → text of the last prompt
        self._number = 0

    def lines(self, built: Built, at: float, hidden: int) -> list[str]:
        """The lines of one prompt; `built` is of inputs that may be kept, `at` is Unix time in seconds."""
        out: list[dict[str, Any]] = []
        inputs = built.inputs
        self._number += 1
        record = {
            "kind": "completion",
            "format": FORMAT,
            "version": self._version,
            "number": self._number,
            "at": round(at, 3),
            "document": self._document(inputs.query, out),
            "uri": inputs.query.snapshot.uri,
            "path": inputs.query.path,
            "language": inputs.query.snapshot.language_id,
            "offset": inputs.query.offset,
            "settings": {"max_tokens": inputs.settings.max_tokens, "max_lines": inputs.settings.max_lines},
            "context_tokens": inputs.context_tokens,
            "typed_lines": inputs.typed_lines,
            "count": _count(inputs.count),
            "repo": inputs.repo,
            "around": [self._part(part, out) for part in inputs.around.files],
            "cuts": inputs.around.shape.cuts,
            "skeletons": [
                [self._text(page, out), self._ladder(ladder, out)]
                for page, ladder in inputs.around.shape.skeletons.items()
            ],
            "previous": _remembered(inputs.previous),
            "digest": digest(built.request),
            "hidden": hidden,
            "tokens": built.fitted.tokens,
            "decisions": decisions(built.fitted),
        }
        return [json.dumps(each, separators=(",", ":")) for each in (*out, record)]

    def _document(self, query: Query, out: list[dict[str, Any]]) -> str:
        text, before = query.snapshot.text, self._documents.get(query.path)
        self._documents[query.path] = text
        name = _name(text)
        if before is None or _name(before) not in self._known:
            return self._text(text, out)
        if name not in self._known:
            self._remember(name)
            edit = single_edit(before, text)
            span = [edit.span.start, edit.span.end, edit.new_text]
            out.append({"kind": "change", "id": name, "of": _name(before), "edit": span})
        return name

    def _text(self, text: str, out: list[dict[str, Any]]) -> str:
        name = _name(text)
        if name not in self._known:
            self._remember(name)
            out.append({"kind": "text", "id": name, "text": text})
        return name

    def _remember(self, name: str) -> None:
        self._known[name] = None
        if len(self._known) > REMEMBERED:
            del self._known[next(iter(self._known))]

    def _ladder(self, ladder: Sequence[Alternative], out: list[dict[str, Any]]) -> list[list[Any]]:
        return [[self._text(each.text, out), each.priority] for each in ladder]

    def _part(self, part: PromptPart, out: list[dict[str, Any]]) -> list[Any]:
        label = part.label
        where = [label.uri, label.first_line, label.last_line, label.origin]
        ladder = self._ladder(part.alternatives, out)
        return [part.kind, self._text(part.text, out), where, part.key, part.priority, part.stability, ladder]


def read(lines: Iterable[str]) -> Iterator[Recorded]:
    """The prompts of a recording. Raises NotRecorded; a last line that was cut off ends it."""
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
            elif kind == "completion":
                yield _recorded(row, texts)
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise NotRecorded(f"a line lacks what it needs ({type(error).__name__}: {error})") from None


def _recorded(row: Mapping[str, Any], texts: Mapping[str, str]) -> Recorded:
    if row["format"] != FORMAT:
        raise NotRecorded(f"format {row['format']}, and this program reads {FORMAT}")
    snapshot = DocumentSnapshot(row["uri"], 0, row["language"], texts[row["document"]])
    query = Query(snapshot, row["offset"], path=row["path"])
    skeletons = {texts[page]: _alternatives(ladder, texts) for page, ladder in row["skeletons"]}
    around = Around(
        tuple(_read_part(each, texts) for each in row["around"]), Shape(tuple(row["cuts"]), skeletons)
    )
    inputs = Inputs(
        query,
        replace(CompletionSettings(), **row["settings"]),
        row["context_tokens"],
        counter(row["count"]),
        row["repo"],
        around,
        _previous(row["previous"]),
        row.get("typed_lines", 0),
    )
    made = tuple((str(key), str(kind), int(chosen), int(cost)) for key, kind, chosen, cost in row["decisions"])
    return Recorded(
        row["number"], row["at"], row["version"], inputs, row["digest"], row["hidden"], row["tokens"], made
    )


def _read_part(row: Sequence[Any], texts: Mapping[str, str]) -> PromptPart:
    kind, text, where, key, priority, stability, ladder = row
    return PromptPart(
        kind, texts[text], Label(*where), key, priority, stability, alternatives=_alternatives(ladder, texts)
    )


def _alternatives(ladder: Sequence[Sequence[Any]], texts: Mapping[str, str]) -> tuple[Alternative, ...]:
    return tuple(Alternative(texts[text], priority) for text, priority in ladder)


def _count(count: Count) -> str:
    """A counter by name: bytes per token of an estimate, or the name of an encoding."""
    who = getattr(count, "__self__", None)
    if isinstance(who, Estimate):
        return repr(who.bytes_per_token)
    return who.encoding.name if isinstance(who, Exact) else "characters"


def counter(name: str) -> Count:
    """The counter of a name: a number of bytes per token, "characters", or an encoding of tiktoken.

    Raises NotRecorded where there is none of that name here.
    """
    if name == "characters":
        return len
    try:
        return Estimate(float(name)).count
    except ValueError:
        pass
    from ai_lsp.models.tokens import exact_counter

    exact = exact_counter({"o200k_base": "gpt-4o", "cl100k_base": "gpt-4"}.get(name, ""))
    if exact is None:
        raise NotRecorded(f'no tokenizer "{name}" here: give bytes per token, o200k_base or cl100k_base')
    return exact.count


def _remembered(previous: Fitted | None) -> list[list[Any]] | None:
    """Of the prompt before: each part's key, how many texts it had, and which of them stood, -1 for none."""
    if previous is None:
        return None
    layout = previous.layout
    return [
        [part.key, layout.first[index + 1] - layout.first[index], _relative(layout, index, step)]
        for index, (part, step) in enumerate(zip(layout.parts, previous.chosen, strict=True))
    ]


def _relative(layout: Layout, index: int, step: int) -> int:
    return -1 if step < 0 else step - layout.first[index]


def _previous(rows: Sequence[Sequence[Any]] | None) -> Fitted | None:
    """As much of a fitted prompt as the next one asks of it."""
    if rows is None:
        return None
    first = [0]
    for _, size, _ in rows:
        first.append(first[-1] + size)
    chosen = [-1 if at < 0 else start + at for start, (_, _, at) in zip(first, rows, strict=False)]
    parts = tuple(PromptPart("", "", OURS, key) for key, _, _ in rows)
    layout = Layout(parts, [-1] * len(parts), first, [], [], {}, [], bytearray(), [])
    return Fitted(0, 0, 0, False, layout, chosen, chosen, [], frozenset())


def hidden(built: Built, hide: Callable[[str], tuple[str, Sequence[tuple[int, int, int]]]]) -> Inputs | None:
    """The inputs without their secrets; None where the cursor is in one.

    `hide` gives a text with placeholders, and for each its start and end in the old text and its length now.
    """
    inputs = built.inputs
    snapshot = inputs.query.snapshot
    text, places = hide(snapshot.text)
    if any(start < inputs.query.offset < end for start, end, _ in places):
        return None

    def moved(offset: int) -> int:
        return offset + sum(size - (end - start) for start, end, size in places if end <= offset)

    clean = DocumentSnapshot(snapshot.uri, snapshot.version, snapshot.language_id, text)
    query = replace(
        inputs.query, snapshot=clean, offset=moved(inputs.query.offset), path=hide(inputs.query.path)[0]
    )
    shape = inputs.around.shape
    skeletons = {
        hide(page)[0]: tuple(replace(each, text=hide(each.text)[0]) for each in ladder)
        for page, ladder in shape.skeletons.items()
    }
    files = tuple(_hidden_part(part, hide) for part in inputs.around.files)
    cuts = tuple(moved(cut) for cut in shape.cuts)
    around = Around(files, Shape(cuts, skeletons))
    return replace(inputs, query=query, around=around, repo=hide(inputs.repo)[0])


def _hidden_part(
    part: PromptPart, hide: Callable[[str], tuple[str, Sequence[tuple[int, int, int]]]]
) -> PromptPart:
    ladder = tuple(replace(each, text=hide(each.text)[0]) for each in part.alternatives)
    label = replace(part.label, uri=hide(part.label.uri)[0])
    return replace(part, text=hide(part.text)[0], label=label, key=hide(part.key)[0], alternatives=ladder)


def _name(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:20]
