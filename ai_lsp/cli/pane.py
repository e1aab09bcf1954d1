"""The demo's editor window: code around the cursor, ghost text behind it, and a status line."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise

from ai_lsp.cli.screen import Frame, Line, Piece, Style, clip, columns
from ai_lsp.cli.text_mirror import LINE_END
from ai_lsp.cli.typist import Moment, Tally

GUTTER = 5  # columns of line numbers


@dataclass(frozen=True, slots=True)
class Glass:
    """The window itself: columns, code lines, and whether colours tell ghost text from text.

    Where they do not, the cursor is drawn as ▮ and ghost text in «».
    """

    width: int
    height: int
    title: str = ""
    has_colour: bool = True


def window(moment: Moment, tally: Tally, glass: Glass, engine: str) -> Frame:
    """A moment as a frame: `height` lines of code in a border that carries names and figures."""
    width, height = glass.width, glass.height
    inner = width - 4
    body = _code(moment, glass)
    return (
        _edge("╭", "╮", (Piece(f" {moment.scene.path} ", Style.TITLE),), glass.title, width),
        *(
            (Piece("│ ", Style.FRAME), *clip(line, inner), Piece(" │", Style.FRAME))
            for line in [*body, *[()] * (height - len(body))][:height]
        ),
        _edge("╰", "╯", _status(moment, tally), engine, width),
    )


def _edge(left: str, right: str, label: Line, note: str, width: int) -> Line:
    """A border with a label at its start and a note at its end."""
    note = f" {note} " if note else ""
    used = sum(columns(piece.text) for piece in label) + columns(note) + 4
    if used > width:
        note, used = "", used - columns(note)
    line = (
        Piece(f"{left}─", Style.FRAME),
        *label,
        Piece("─" * max(0, width - used), Style.FRAME),
        Piece(note, Style.FAINT),
        Piece(f"─{right}", Style.FRAME),
    )
    return clip(line, width)


def _status(moment: Moment, tally: Tally) -> Line:
    facts = []
    if moment.flash:
        facts.append(Piece("⇥ taken", Style.GOOD))
    elif moment.ghost and moment.ghost_ms is not None:
        facts.append(Piece(f"{moment.ghost_ms:.1f} ms", Style.ACCENT))
    if tally.characters:
        facts.append(Piece(f"{tally.keys} keys for {tally.characters} characters", Style.FAINT))
    if tally.accepted:
        facts.append(Piece(f"saved {tally.saved:.0%}", Style.GOOD if tally.saved > 0 else Style.FAINT))
    out = [Piece(" ")]
    for fact in facts:
        out += [fact, Piece(" · ", Style.FRAME)]
    return (*out[:-1], Piece(" ")) if facts else ()


def _code(moment: Moment, glass: Glass) -> list[Line]:
    """The lines around the cursor, the cursor's a little below the middle; ghost lines push the rest down."""
    text, height = moment.text, glass.height
    starts = [0, *(match.end() for match in LINE_END.finditer(text))]
    current = bisect_right(starts, moment.cursor) - 1
    first = max(0, min(current - height * 6 // 10, len(starts) - height))
    out: list[Line] = []
    for number in range(first, min(first + height, len(starts))):
        end = starts[number + 1] if number + 1 < len(starts) else len(text)
        start, end = starts[number], starts[number] + len(LINE_END.sub("", text[starts[number] : end]))
        gutter = Piece(f"{number + 1:{GUTTER - 1}} ", Style.FAINT if number == current else Style.FRAME)
        if number != current:
            out.append((gutter, *_styled(moment, start, end)))
            continue
        ghost, *below = LINE_END.split(moment.ghost)
        draw = _cursor_line if glass.has_colour else _marked_cursor_line
        out.append((gutter, *draw(moment, start, end, ghost)))
        out.extend(
            (Piece(" " * GUTTER), Piece(line if glass.has_colour else f"«{line}»", Style.GHOST)) for line in below
        )
    return out


def _cursor_line(moment: Moment, start: int, end: int, ghost: str) -> list[Piece]:
    left, right = _styled(moment, start, moment.cursor), _styled(moment, moment.cursor, end)
    under = ghost[:1] or moment.text[moment.cursor : min(end, moment.cursor + 1)] or " "
    rest = right if ghost else _styled(moment, min(end, moment.cursor + 1), end)
    return [*left, Piece(under, Style.CURSOR), Piece(ghost[1:], Style.GHOST), *rest]


def _marked_cursor_line(moment: Moment, start: int, end: int, ghost: str) -> list[Piece]:
    left, right = moment.text[start : moment.cursor], moment.text[moment.cursor : end]
    return [Piece(f"{left}▮{f'«{ghost}»' if ghost else ''}{right}")]


def _styled(moment: Moment, start: int, end: int) -> list[Piece]:
    """The text of a span: what was there, what was typed, what was taken, what was taken just now."""
    marks = [(*moment.typed, Style.TYPED)]
    marks += [(*span, Style.TAKEN) for span in moment.taken]
    if moment.flash:
        marks.append((*moment.taken[-1], Style.FLASH))
    cuts = sorted({start, end, *(min(max(at, start), end) for mark in marks for at in mark[:2])})
    out = []
    for low, high in pairwise(cuts):
        style = Style.CODE
        for mark_start, mark_end, mark_style in marks:
            if mark_start <= low and high <= mark_end:
                style = mark_style
        out.append(Piece(moment.text[low:high], style))
    return out
