"""Sweep's open next-edit models: the recent changes, a window as it was and as it is, then as it will be."""

from __future__ import annotations

from ai_lsp.edits.next_formats.material import Material, NextFormat, Read, Unusable, file_pieces, settled
from ai_lsp.models.port import Piece, PiecedPrompt

SEPARATOR = "<|file_sep|>"


def write(material: Material) -> PiecedPrompt:
    edits: list[Piece] = []
    for edit in material.edits:
        old, new = "\n".join(edit.old), "\n".join(edit.new)
        text = f"{edit.path}.diff\noriginal:\n{old}\nupdated:\n{new}\n"
        text_piece = Piece(text, "earlier") if edit.is_own else Piece(text, "other", path=edit.path)
        edits += [Piece(SEPARATOR), text_piece]
    path = material.path or "untitled"
    pieces = (
        *file_pieces(material.files, SEPARATOR + "{path}\n", ""),
        *edits,
        Piece(f"{SEPARATOR}original/{path}\n"),
        Piece(material.earlier or material.region, "earlier"),
        Piece(f"\n{SEPARATOR}current/{path}\n"),
        *material.pieces_region(),
        Piece(f"\n{SEPARATOR}updated/{path}\n"),
    )
    return PiecedPrompt(pieces, "raw", "", material.path, material.language_id, material.cursor_offset)


def read(answer: str, material: Material, is_cut: bool) -> Read:
    """The window anew; it ends with the answer, whose end may be missing."""
    text = answer.partition(SEPARATOR)[0]
    return settled(text, material, is_cut) if text.strip() else Unusable.EMPTY


def say(region: str, material: Material) -> str:
    return f"{region}\n"


FORMAT = NextFormat(
    name="sweep",
    models=r"sweep-(next-edit|autocomplete)|next-edit-(v2-)?\d",
    examples=("sweepai/sweep-next-edit-1.5B", "sweep-next-edit-v2-7b", "sweep-next-edit-0.5b-q8-0"),
    write=write,
    read=read,
    say=say,
    tokens=(SEPARATOR, "<|endoftext|>"),
    stops=(SEPARATOR, "</s>", "<|endoftext|>"),
    lines=(10, 10),
    source="model cards and blog post of Sweep (oss-next-edit); windows of 21 lines in training",
)
