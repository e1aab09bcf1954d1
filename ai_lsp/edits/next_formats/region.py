"""Any chat model: the file around the cursor with a marked region, which comes back as a whole."""

from __future__ import annotations

from ai_lsp.edits.next_formats.material import Material, NextFormat, Read, Unusable, history, settled
from ai_lsp.models.port import Piece, PiecedPrompt

OPEN, CLOSE, CURSOR, SAME = "<REGION>", "</REGION>", "<CURSOR/>", "<SAME/>"

RULES = f"""You predict the next edit of a programmer. You are shown what they changed most recently, as diffs,
and the file in which they are, with one region marked by {OPEN} and {CLOSE}. {CURSOR} marks the cursor.
Decide how they will change that region next, as a consequence of what they changed: the same change in a place
like it, a use of what was renamed or given another signature, what is now missing or left over.
Reply with the whole region after that edit, between {OPEN} and {CLOSE}, and nothing else. Keep every line that
stays as it is, character by character. Never undo what they did. If nothing follows from it, reply {SAME}."""


def write(material: Material) -> PiecedPrompt:
    files: list[Piece] = []
    for file in material.files:
        head = Piece(f'<FILE path="{file.path}">\n', "other", path=file.path)
        files += [head, Piece(file.text.removesuffix("\n") + "\n", "other", path=file.path), Piece("</FILE>\n")]
    problems = "".join(f"{problem}\n" for problem in material.problems)
    pieces = (
        *files,
        Piece("<EDITS>\n"),
        *history(material.edits),
        Piece("</EDITS>\n"),
        *((Piece("<PROBLEMS>\n"), Piece(problems, "earlier"), Piece("</PROBLEMS>\n")) if problems else ()),
        Piece(f'<FILE path="{material.path or "untitled"}" language="{material.language_id or "text"}">\n'),
        material.piece_above(),
        Piece(f"{OPEN}\n"),
        *material.pieces_region(CURSOR),
        Piece(f"\n{CLOSE}"),
        material.piece_below(),
        Piece("\n</FILE>\nThe region after the next edit:"),
    )
    return PiecedPrompt(pieces, "chat", RULES, material.path, material.language_id, material.cursor_offset)


def read(answer: str, material: Material, is_cut: bool) -> Read:
    """What stands between the marks; anything else is prose and never becomes an edit."""
    if SAME in answer:
        return material.region
    _, mark, text = answer.partition(OPEN)
    if not mark:
        return Unusable.EMPTY if not answer.strip() else Unusable.PROSE
    text, closing, _ = text.removeprefix("\n").partition(CLOSE)
    return settled(text.removesuffix("\n").replace(CURSOR, ""), material, not closing)


def say(region: str, material: Material) -> str:
    return f"{OPEN}\n{region}\n{CLOSE}"


FORMAT = NextFormat(
    name="chat",
    models="",
    examples=(),
    write=write,
    read=read,
    say=say,
    tokens=(OPEN, CLOSE, CURSOR, SAME),
    stops=(),
    lines=(6, 12),
    source="this project",
    note="Chosen where nothing else is known of a model: every server can hold a conversation.",
)
