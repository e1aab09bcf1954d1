"""Mercury's next-edit endpoint (Inception): tagged sections in one chat turn, the new region in a code block."""

from __future__ import annotations

from ai_lsp.edits.next_formats.material import (
    Material,
    NextFormat,
    Read,
    Unusable,
    history,
    settled,
    without_fence,
)
from ai_lsp.models.port import Piece, PiecedPrompt

_NAMES = ("recently_viewed_code_snippets", "recently_viewed_code_snippet", "current_file_content", "code_to_edit")
_TAGS = tuple(tag for name in (*_NAMES, "edit_diff_history") for tag in (f"<|{name}|>", f"<|/{name}|>"))
CURSOR = "<|cursor|>"


def write(material: Material) -> PiecedPrompt:
    snippets: list[Piece] = []
    for file in material.files:
        head = f"<|recently_viewed_code_snippet|>\ncode_snippet_file_path: {file.path}\n"
        snippets += [
            Piece(head),
            Piece(file.text.removesuffix("\n") + "\n", "other", path=file.path),
            Piece("<|/recently_viewed_code_snippet|>\n"),
        ]
    pieces = (
        Piece("<|recently_viewed_code_snippets|>\n"),
        *snippets,
        Piece("<|/recently_viewed_code_snippets|>\n<|current_file_content|>\n"),
        Piece(f"current_file_path: {material.path}\n"),
        material.piece_above(),
        Piece("<|code_to_edit|>\n"),
        *material.pieces_region(CURSOR),
        Piece("\n<|/code_to_edit|>"),
        material.piece_below(),
        Piece("\n<|/current_file_content|>\n<|edit_diff_history|>\n"),
        *history(material.edits),
        Piece("<|/edit_diff_history|>\n"),
    )
    return PiecedPrompt(pieces, "edit", "", material.path, material.language_id, material.cursor_offset)


def read(answer: str, material: Material, is_cut: bool) -> Read:
    """The code block; `None` is the region as it is."""
    if answer.strip() == "None":
        return material.region
    if not answer.strip():
        return Unusable.EMPTY
    if not answer.lstrip().startswith("```"):
        return Unusable.PROSE
    has_end = answer.rstrip().endswith("\n```")
    return settled(without_fence(answer).replace(CURSOR, ""), material, not has_end)


def say(region: str, material: Material) -> str:
    return f"```\n{region}\n```"


FORMAT = NextFormat(
    name="mercury-edit",
    models=r"mercury-(edit|2-edit)|mercury-coder",
    examples=("mercury-edit-2", "inception/mercury-coder-small"),
    write=write,
    read=read,
    say=say,
    tokens=(*_TAGS, CURSOR),
    stops=(),
    region_tokens=350,
    source="Inception's documentation of /v1/edit/completions, and Zed's client of it",
)
