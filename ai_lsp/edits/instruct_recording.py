"""What the prompt of an instruction is made of, as a row of a recording, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from ai_lsp.context.counts import Count
from ai_lsp.context.fit import Fitted
from ai_lsp.context.recording import Hide, NotRecorded, Row, Texts, is_inside, moved
from ai_lsp.edits.instruct_prompt import Asked, build
from ai_lsp.edits.instruct_settings import EditSettings
from ai_lsp.edits.instruct_values import Failure, Material, Source, Task
from ai_lsp.models.port import ModelRequest
from ai_lsp.models.tokens import count_name, counter
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Span

KIND = "edit"
_SETTINGS = ("max_tokens", "questions", "candidates")


@dataclass(frozen=True, slots=True)
class InstructInputs:
    """All that the first request for an instruction is made of: the same inputs give the same bytes."""

    task: Task
    settings: EditSettings
    format: str
    context_tokens: int
    count: Count
    may_ask: bool

    def build(self) -> Asked | Failure:
        """The request, or why there is none."""
        return build(
            self.task,
            self.settings,
            format=self.format,
            context_tokens=self.context_tokens,
            count=self.count,
            may_ask=self.may_ask,
        )


@dataclass(frozen=True, slots=True)
class InstructPrompt:
    """The first prompt of an instruction that can be kept; those that follow quote the model's own answers."""

    inputs: InstructInputs
    asked: Asked

    @property
    def kind(self) -> str:
        """What the rows of such prompts are called."""
        return KIND

    @property
    def request(self) -> ModelRequest:
        """What the model is sent."""
        return self.asked.request

    @property
    def fitted(self) -> Fitted:
        """How the material was cut."""
        return self.asked.fitted

    @property
    def size(self) -> int:
        """Characters of the largest file."""
        task = self.inputs.task
        return max(len(each.snapshot) for each in (task.source, *task.others))

    def hidden(self, hide: Hide) -> InstructPrompt | None:
        """Made anew of the inputs without their secrets; None where the selection begins or ends in one."""
        inputs = _hidden(self.inputs, hide)
        if inputs is None or not hide.used:
            return None if inputs is None else self
        asked = inputs.build()
        return InstructPrompt(inputs, asked) if isinstance(asked, Asked) else None

    def inputs_row(self, texts: Texts) -> dict[str, Any]:
        """The inputs, with texts by their names."""
        inputs, task = self.inputs, self.inputs.task
        return {
            "instruction": task.instruction,
            "source": _source(task.source, texts),
            "span": None if task.span is None else [task.span.start, task.span.end],
            "material": [[m.title, texts.text(m.text), m.path, m.priority] for m in task.material],
            "others": [_source(each, texts) for each in task.others],
            "answers": task.answers,
            "settings": {name: value for name, value in asdict(inputs.settings).items() if name in _SETTINGS},
            "reply": inputs.format,
            "context_tokens": inputs.context_tokens,
            "count": count_name(inputs.count),
            "may_ask": inputs.may_ask,
        }


def prompt_of(inputs: InstructInputs) -> InstructPrompt:
    """The prompt as today's code makes it. Raises NotRecorded where it makes none of these inputs."""
    asked = inputs.build()
    if isinstance(asked, Failure):
        raise NotRecorded(asked.sentence)
    return InstructPrompt(inputs, asked)


def inputs_of(row: Row, texts: Mapping[str, str]) -> InstructInputs:
    """The inputs of a row. Raises KeyError, TypeError, ValueError or IndexError where the row is no such row."""
    task = Task(
        row["instruction"],
        _read_source(row["source"], texts),
        None if row["span"] is None else Span(*row["span"]),
        tuple(Material(title, texts[text], path, priority) for title, text, path, priority in row["material"]),
        tuple(_read_source(each, texts) for each in row["others"]),
        tuple((str(question), str(answer)) for question, answer in row["answers"]),
    )
    settings = replace(EditSettings(), **row["settings"])
    return InstructInputs(
        task, settings, row["reply"], row["context_tokens"], counter(row["count"]), row["may_ask"]
    )


def _source(source: Source, texts: Texts) -> list[str]:
    snapshot = source.snapshot
    return [source.path, snapshot.uri, snapshot.language_id, texts.document(source.path, snapshot.text)]


def _read_source(row: Any, texts: Mapping[str, str]) -> Source:
    path, uri, language, text = row
    return Source(path, DocumentSnapshot(uri, 0, language, texts[text]))


def _hidden(inputs: InstructInputs, hide: Hide) -> InstructInputs | None:
    task = inputs.task
    text, places = hide(task.source.snapshot.text)
    span = task.span
    if span is not None:
        if is_inside(span.start, places) or is_inside(span.end, places):
            return None
        span = Span(moved(span.start, places), moved(span.end, places))
    clean = replace(
        task,
        instruction=hide(task.instruction)[0],
        source=_with_text(task.source, text, hide),
        span=span,
        material=tuple(replace(m, text=hide(m.text)[0], path=hide(m.path)[0]) for m in task.material),
        others=tuple(_with_text(each, hide(each.snapshot.text)[0], hide) for each in task.others),
        answers=tuple((hide(question)[0], hide(answer)[0]) for question, answer in task.answers),
    )
    return replace(inputs, task=clean)


def _with_text(source: Source, text: str, hide: Hide) -> Source:
    old = source.snapshot
    snapshot = DocumentSnapshot(old.uri, old.version, old.language_id, text)
    return replace(source, path=hide(source.path)[0], snapshot=snapshot)
