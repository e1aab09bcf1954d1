"""Recorded prompts made again with today's code, one class per kind of prompt."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol, Self

from ai_lsp.completion import recording as completions
from ai_lsp.completion.prompt import build_from
from ai_lsp.context.counts import Count, Counts
from ai_lsp.context.parts import OURS, Label, PromptPart
from ai_lsp.context.recording import NotRecorded, Recordable, Row
from ai_lsp.edits import instruct_recording as instructions
from ai_lsp.models.fim import FimTemplate, render
from ai_lsp.models.port import ChatPrompt, FimPrompt


class Remade(Protocol):
    """A prompt as today's code makes it of inputs that were kept.

    `fixed` are the parts before and behind those that were cut to the budget, which always stand.
    """

    @property
    def title(self) -> str: ...
    @property
    def prompt(self) -> Recordable: ...
    @property
    def count(self) -> Count: ...
    @property
    def fixed(self) -> tuple[tuple[PromptPart, ...], tuple[PromptPart, ...]]: ...
    def text(self, template: FimTemplate | None) -> str:
        """The prompt as one text: in a family's format where that applies, or part by part."""

    def again(self, *, context_tokens: int | None, count: Count | None, counts: Counts) -> Self:
        """The same inputs for a model that reads another number of tokens, or counts otherwise."""


@dataclass(frozen=True, slots=True)
class RemadeCompletion:
    """A prompt for ghost text."""

    prompt: completions.CompletionPrompt

    @property
    def title(self) -> str:
        """Where it was asked, from 1."""
        query = self.prompt.built.inputs.query
        line, column = query.snapshot.line_and_column_at(query.offset)
        return f"{query.path}:{line + 1}:{column + 1}"

    @property
    def count(self) -> Count:
        """Tokens of a text."""
        return self.prompt.built.inputs.count

    @property
    def fixed(self) -> tuple[tuple[PromptPart, ...], tuple[PromptPart, ...]]:
        """Nothing: all of such a prompt is cut by priority."""
        return (), ()

    def text(self, template: FimTemplate | None) -> str:
        """In a family's format, or file by file with a mark at the cursor."""
        prompt = self.prompt.built.request.prompt
        assert isinstance(prompt, FimPrompt)
        if template is not None:
            return render(template, prompt, typed_after_middle=True)
        files = "".join(f"== {each.path}\n{each.text.rstrip(chr(10))}\n" for each in prompt.files)
        return f"{files}== {prompt.path}\n{prompt.prefix}{prompt.typed}▮{prompt.suffix}"

    def again(self, *, context_tokens: int | None, count: Count | None, counts: Counts) -> RemadeCompletion:
        """For another budget or tokenizer, with no prompt before it."""
        old = self.prompt.built.inputs
        tokens = old.context_tokens if context_tokens is None else context_tokens
        inputs = replace(old, context_tokens=tokens, count=count or old.count, previous=None)
        return RemadeCompletion(completions.CompletionPrompt(build_from(inputs, counts)))


@dataclass(frozen=True, slots=True)
class RemadeInstruction:
    """The first prompt of an instruction."""

    prompt: instructions.InstructPrompt

    @property
    def title(self) -> str:
        """The file, the line from 1, and the instruction."""
        task = self.prompt.inputs.task
        line = 0 if task.span is None else task.source.snapshot.line_at(task.span.start)
        return f"{task.source.path}:{line + 1}  “{task.instruction.strip()[:60]}”"

    @property
    def count(self) -> Count:
        """Tokens of a text."""
        return self.prompt.inputs.count

    @property
    def fixed(self) -> tuple[tuple[PromptPart, ...], tuple[PromptPart, ...]]:
        """The rules of the reply; the file and the instruction."""
        system, file, wish = self.prompt.asked.fixed
        path = self.prompt.inputs.task.source.path
        return (PromptPart("reply", system, OURS),), (
            PromptPart("source", file, Label(path)),
            PromptPart("wish", wish, OURS),
        )

    def text(self, template: FimTemplate | None) -> str:
        """Message by message; a conversation has no template here."""
        prompt = self.prompt.request.prompt
        assert isinstance(prompt, ChatPrompt)
        return "".join(f"== {each.role}\n{each.content}\n" for each in prompt.messages)

    def again(self, *, context_tokens: int | None, count: Count | None, counts: Counts) -> RemadeInstruction:
        """For another budget or tokenizer. Raises NotRecorded where the selection does not fit then."""
        old = self.prompt.inputs
        tokens = old.context_tokens if context_tokens is None else context_tokens
        inputs = replace(old, context_tokens=tokens, count=count or old.count)
        return RemadeInstruction(instructions.prompt_of(inputs))


def _completion(row: Row, texts: Mapping[str, str], counts: Counts) -> Remade:
    return RemadeCompletion(completions.CompletionPrompt(build_from(completions.inputs_of(row, texts), counts)))


def _instruction(row: Row, texts: Mapping[str, str], counts: Counts) -> Remade:
    return RemadeInstruction(instructions.prompt_of(instructions.inputs_of(row, texts)))


_KINDS: Mapping[str, Callable[[Row, Mapping[str, str], Counts], Remade]] = {
    completions.KIND: _completion,
    instructions.KIND: _instruction,
}


def remade(row: Row, texts: Mapping[str, str], counts: Counts) -> Remade:
    """The prompt of a row as today's code makes it. Raises NotRecorded where it cannot."""
    make = _KINDS.get(row["kind"])
    if make is None:
        raise NotRecorded(f"prompts of the kind {row['kind']!r}, which this program does not know")
    try:
        return make(row, texts, counts)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        if isinstance(error, NotRecorded):
            raise
        raise NotRecorded(f"a line lacks what it needs ({type(error).__name__}: {error})") from None
