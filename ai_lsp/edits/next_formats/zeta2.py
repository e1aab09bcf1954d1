"""Zeta 2, a tune of Seed-Coder: what stands below first, related files, edits, the region as a conflict."""

from __future__ import annotations

from ai_lsp.edits.next_formats.material import Material, NextFormat, Read, Unusable, file_pieces, history, settled
from ai_lsp.models.port import Piece, PiecedPrompt

SUFFIX, PREFIX, MIDDLE = "<[fim-suffix]>", "<[fim-prefix]>", "<[fim-middle]>"
CURSOR = "<|user_cursor|>"
CURRENT, BETWEEN, UPDATED = "<<<<<<< CURRENT", "=======", ">>>>>>> UPDATED"
NO_EDITS = "NO_EDITS"


def write(material: Material) -> PiecedPrompt:
    edits = (Piece("<filename>edit_history\n"), *history(material.edits)) if material.edits else ()
    pieces = (
        Piece(SUFFIX),
        material.piece_below(),
        Piece(f"\n{PREFIX}"),
        *file_pieces(material.files, "<filename>{path}\n", ""),
        *edits,
        Piece(f"<filename>{material.path or 'untitled'}\n"),
        material.piece_above(),
        Piece(f"{CURRENT}\n"),
        *material.pieces_region(CURSOR),
        Piece(f"\n{BETWEEN}\n{MIDDLE}"),
    )
    return PiecedPrompt(pieces, "raw", "", material.path, material.language_id, material.cursor_offset)


def read(answer: str, material: Material, is_cut: bool) -> Read:
    """The new region up to the conflict's end; NO_EDITS is the region as it is."""
    if answer.strip().startswith(NO_EDITS):
        return material.region
    if not answer.strip():
        return Unusable.EMPTY
    text, closing, _ = answer.replace(CURSOR, "").partition(UPDATED)
    if not closing and is_cut:
        return settled(text, material, True)
    return settled(text.removesuffix("\n"), material, False)


def say(region: str, material: Material) -> str:
    return f"{region}\n{UPDATED}\n"


FORMAT = NextFormat(
    name="zeta2",
    models=r"\bzeta-?2",
    examples=("zed-industries/zeta-2", "zeta2:8b", "zeta-2-1"),
    write=write,
    read=read,
    say=say,
    tokens=(SUFFIX, PREFIX, MIDDLE, CURSOR, CURRENT, UPDATED, "<[end▁of▁sentence]>"),
    stops=(UPDATED, "<[end▁of▁sentence]>"),
    region_tokens=350,
    source="Zed's crate zeta_prompt, format V0211SeedCoder; 350 tokens to write anew",
    note="The later formats with numbered markers are not written; their models also read this one.",
)
