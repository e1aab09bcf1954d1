"""Zeta 1, Zed's first open next-edit model: an instruction, the user's edits, and an excerpt to write anew."""

from __future__ import annotations

from ai_lsp.edits.next_formats.material import Material, NextFormat, Read, Unusable, settled
from ai_lsp.models.port import Piece, PiecedPrompt

START, END = "<|editable_region_start|>", "<|editable_region_end|>"
CURSOR, FILE = "<|user_cursor_is_here|>", "<|start_of_file|>"

_INSTRUCTION = (
    "### Instruction:\nYou are a code completion assistant and your task is to analyze user edits"
    " and then rewrite an excerpt that the user provides, suggesting the appropriate edits within the excerpt,"
    " taking into account the cursor location.\n\n### User Edits:\n\n"
)
"""What the model was trained with, to the letter."""


def write(material: Material) -> PiecedPrompt:
    edits: list[Piece] = []
    for edit in material.edits:
        text = f'User edited "{edit.path}":\n```diff\n{edit.hunk()}```\n\n'
        edits.append(Piece(text, "earlier") if edit.is_own else Piece(text, "other", path=edit.path))
    pieces = (
        Piece(_INSTRUCTION),
        *edits,
        Piece(f"### User Excerpt:\n\n```{material.path}\n" + (f"{FILE}\n" if material.is_from_start else "")),
        material.piece_above(),
        Piece(f"{START}\n"),
        *material.pieces_region(CURSOR),
        Piece(f"\n{END}"),
        material.piece_below(),
        Piece("\n```\n\n### Response:\n"),
    )
    return PiecedPrompt(pieces, "raw", "", material.path, material.language_id, material.cursor_offset)


def read(answer: str, material: Material, is_cut: bool) -> Read:
    """The text between the marks; one without the opening mark has lost its place."""
    before, mark, text = answer.partition(f"{START}\n")
    if not mark:
        return Unusable.CUT_SHORT if is_cut else Unusable.PROSE if before.strip() else Unusable.EMPTY
    text, closing, _ = text.partition(f"\n{END}")
    return settled(text.replace(CURSOR, ""), material, not closing)


def say(region: str, material: Material) -> str:
    return f"```{material.path}\n{START}\n{region}\n{END}\n```\n"


FORMAT = NextFormat(
    name="zeta",
    models=r"\bzeta(-1)?(-|$)(?!2)",
    examples=("zed-industries/zeta", "zeta:7b", "zeta-q4-k-m"),
    write=write,
    read=read,
    say=say,
    tokens=(START, END, CURSOR, FILE, "### Response:"),
    stops=(END,),
    region_tokens=150,
    takes_files=False,
    source="model card of zed-industries/zeta; 150 tokens to write anew, 350 around them",
)
