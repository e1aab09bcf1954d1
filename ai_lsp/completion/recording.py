"""What a prompt for ghost text is made of, as a row of a recording, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ai_lsp.completion.prompt import Around, Built, Inputs, Shape, build_from
from ai_lsp.completion.query import Query
from ai_lsp.completion.settings import CompletionSettings
from ai_lsp.context.counts import Counts
from ai_lsp.context.fit import Fitted
from ai_lsp.context.parts import OURS, Alternative, Label, Layout, PromptPart
from ai_lsp.context.recording import Hide, Row, Texts, is_inside, moved
from ai_lsp.models.port import ModelRequest
from ai_lsp.models.tokens import count_name, counter
from ai_lsp.text.document import DocumentSnapshot

KIND = "completion"


@dataclass(frozen=True, slots=True)
class CompletionPrompt:
    """A prompt for ghost text that can be kept."""

    built: Built

    @property
    def kind(self) -> str:
        """What the rows of such prompts are called."""
        return KIND

    @property
    def request(self) -> ModelRequest:
        """What the model is sent."""
        return self.built.request

    @property
    def fitted(self) -> Fitted:
        """How its parts were cut."""
        return self.built.fitted

    @property
    def size(self) -> int:
        """Characters of its document."""
        return len(self.built.inputs.query.snapshot)

    def hidden(self, hide: Hide) -> CompletionPrompt | None:
        """Made anew of the inputs without their secrets; None where the cursor is in one."""
        inputs = _hidden(self.built.inputs, hide)
        if inputs is None:
            return None
        return CompletionPrompt(build_from(inputs, Counts())) if hide.used else self

    def inputs_row(self, texts: Texts) -> dict[str, Any]:
        """The inputs, with texts by their names."""
        inputs = self.built.inputs
        query, snapshot = inputs.query, inputs.query.snapshot
        return {
            "document": texts.document(query.path, snapshot.text),
            "uri": snapshot.uri,
            "path": query.path,
            "language": snapshot.language_id,
            "offset": query.offset,
            "settings": {"max_tokens": inputs.settings.max_tokens, "max_lines": inputs.settings.max_lines},
            "context_tokens": inputs.context_tokens,
            "typed_lines": inputs.typed_lines,
            "count": count_name(inputs.count),
            "repo": inputs.repo,
            "around": [_part(part, texts) for part in inputs.around.files],
            "cuts": inputs.around.shape.cuts,
            "skeletons": [
                [texts.text(page), _ladder(ladder, texts)]
                for page, ladder in inputs.around.shape.skeletons.items()
            ],
            "previous": _remembered(inputs.previous),
        }


def inputs_of(row: Row, texts: Mapping[str, str]) -> Inputs:
    """The inputs of a row. Raises KeyError, TypeError, ValueError or IndexError where the row is no such row."""
    snapshot = DocumentSnapshot(row["uri"], 0, row["language"], texts[row["document"]])
    query = Query(snapshot, row["offset"], path=row["path"])
    skeletons = {texts[page]: _alternatives(ladder, texts) for page, ladder in row["skeletons"]}
    around = Around(
        tuple(_read_part(each, texts) for each in row["around"]), Shape(tuple(row["cuts"]), skeletons)
    )
    return Inputs(
        query,
        replace(CompletionSettings(), **row["settings"]),
        row["context_tokens"],
        counter(row["count"]),
        row["repo"],
        around,
        _previous(row["previous"]),
        row.get("typed_lines", 0),
    )


def _ladder(ladder: Sequence[Alternative], texts: Texts) -> list[list[Any]]:
    return [[texts.text(each.text), each.priority] for each in ladder]


def _part(part: PromptPart, texts: Texts) -> list[Any]:
    label = part.label
    where = [label.uri, label.first_line, label.last_line, label.origin]
    ladder = _ladder(part.alternatives, texts)
    return [part.kind, texts.text(part.text), where, part.key, part.priority, part.stability, ladder]


def _read_part(row: Sequence[Any], texts: Mapping[str, str]) -> PromptPart:
    kind, text, where, key, priority, stability, ladder = row
    return PromptPart(
        kind, texts[text], Label(*where), key, priority, stability, alternatives=_alternatives(ladder, texts)
    )


def _alternatives(ladder: Sequence[Sequence[Any]], texts: Mapping[str, str]) -> tuple[Alternative, ...]:
    return tuple(Alternative(texts[text], priority) for text, priority in ladder)


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
    layout = Layout(parts, [-1] * len(parts), first, [], [], {}, [], bytearray(), [], (), [])
    return Fitted(0, 0, 0, False, layout, chosen, chosen, [], frozenset())


def _hidden(inputs: Inputs, hide: Hide) -> Inputs | None:
    snapshot = inputs.query.snapshot
    text, places = hide(snapshot.text)
    if is_inside(inputs.query.offset, places):
        return None
    clean = DocumentSnapshot(snapshot.uri, snapshot.version, snapshot.language_id, text)
    query = replace(
        inputs.query, snapshot=clean, offset=moved(inputs.query.offset, places), path=hide(inputs.query.path)[0]
    )
    shape = inputs.around.shape
    skeletons = {
        hide(page)[0]: tuple(replace(each, text=hide(each.text)[0]) for each in ladder)
        for page, ladder in shape.skeletons.items()
    }
    files = tuple(_hidden_part(part, hide) for part in inputs.around.files)
    around = Around(files, Shape(tuple(moved(cut, places) for cut in shape.cuts), skeletons))
    return replace(inputs, query=query, around=around, repo=hide(inputs.repo)[0])


def _hidden_part(part: PromptPart, hide: Hide) -> PromptPart:
    ladder = tuple(replace(each, text=hide(each.text)[0]) for each in part.alternatives)
    label = replace(part.label, uri=hide(part.label.uri)[0])
    return replace(part, text=hide(part.text)[0], label=label, key=hide(part.key)[0], alternatives=ladder)
