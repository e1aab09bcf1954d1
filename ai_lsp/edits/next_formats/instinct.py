"""Instinct, Continue's open next-edit model: one chat turn with context, edits and an editable region."""

from __future__ import annotations

from ai_lsp.edits.next_formats.material import Material, NextFormat, Read, Unusable, settled, without_fence
from ai_lsp.models.port import Piece, PiecedPrompt

START, END, CURSOR = "<|editable_region_start|>", "<|editable_region_end|>", "<|user_cursor_is_here|>"
FILE, SNIPPET = "<|context_file|>", "<|snippet|>"

SYSTEM = f"""You predict the next edit of a developer. You are given context, the edits that the user made
recently, and an excerpt of the file they are in. Rewrite the editable region, between {START} and {END}, as the
user would edit it next; {CURSOR} is their cursor. Reply with the new editable region and nothing else."""


def write(material: Material) -> PiecedPrompt:
    context: list[Piece] = []
    for file in material.files:
        head = Piece(f"{FILE}: {file.path}\n{SNIPPET}\n", "other", path=file.path)
        context += [head, Piece(file.text.removesuffix("\n") + "\n", "other", path=file.path)]
    edits: list[Piece] = []
    for edit in reversed(material.edits):  # newest first
        text = f'User edited file "{edit.path}"\n\n```diff\n{edit.hunk()}```\n\n'
        edits.append(Piece(text, "earlier") if edit.is_own else Piece(text, "other", path=edit.path))
    pieces = (
        Piece("### Context:\n"),
        *context,
        Piece("\n### User Edits:\n\n"),
        *edits,
        Piece(f"### User Excerpt:\n{material.path}\n\n"),
        material.piece_above(),
        Piece(f"{START}\n"),
        *material.pieces_region(CURSOR),
        Piece(f"\n{END}"),
        material.piece_below(),
        Piece("\n```\n### Response:"),
    )
    return PiecedPrompt(pieces, "chat", SYSTEM, material.path, material.language_id, material.cursor_offset)


def read(answer: str, material: Material, is_cut: bool) -> Read:
    """The bare region, or in a fence, or between the marks."""
    text = without_fence(answer)
    if START in text:
        text = text.partition(f"{START}\n")[2]
    text, closing, _ = text.partition(f"\n{END}")
    if not text.strip():
        return Unusable.EMPTY
    return settled(text.replace(CURSOR, "").lstrip("\n"), material, is_cut and not closing)


def say(region: str, material: Material) -> str:
    return region


FORMAT = NextFormat(
    name="instinct",
    models=r"\binstinct",
    examples=("continuedev/instinct", "nate/instinct:7b"),
    write=write,
    read=read,
    say=say,
    tokens=(START, END, CURSOR, FILE, SNIPPET, "### Response:"),
    stops=(),
    lines=(1, 5),
    source="model card of continuedev/instinct; the layout of the user's turn",
    note="The system text is ours: the long one of training is Continue's.",
)
