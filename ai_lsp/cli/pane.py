"""The demo's editor window: code around the cursor, ghost text behind it, and a status line."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise

from ai_lsp.cli.screen import Frame, Line, Piece, Style, clip, columns
from ai_lsp.cli.text_mirror import LINE_END
from ai_lsp.cli.typist import Moment, Step, Tally, Walk

GUTTER = 5  # columns of line numbers


@dataclass(frozen=True, slots=True)
class Glass:
    """The window itself: columns, code lines, and whether colours tell ghost text from text.

    Where they do not, the cursor is drawn as ▮, ghost text in «», and a next edit as [-what goes-]{+what comes+}.
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
    if moment.walk is not None:
        facts = _walk_status(moment, moment.walk)
    elif moment.flash:
        facts.append(Piece("⇥ taken", Style.GOOD))
    elif moment.ghost and moment.ghost_ms is not None:
        facts.append(Piece(f"{moment.ghost_ms:.1f} ms", Style.ACCENT))
    if tally.characters and moment.walk is None:
        facts.append(Piece(f"{tally.keys} keys for {tally.characters} characters", Style.FAINT))
    if tally.accepted and moment.walk is None:
        facts.append(Piece(f"saved {tally.saved:.0%}", Style.GOOD if tally.saved > 0 else Style.FAINT))
    out = [Piece(" ")]
    for fact in facts:
        out += [fact, Piece(" · ", Style.FRAME)]
    return (*out[:-1], Piece(" ")) if facts else ()


def _walk_status(moment: Moment, walk: Walk) -> list[Piece]:
    out = [Piece(f"{walk.name} → {walk.new_name}", Style.ACCENT)]
    if moment.flash:
        out.append(Piece("⇥ taken", Style.GOOD))
    elif (step := walk.step) is not None:
        out += [Piece(_key(moment, step), Style.GOOD), Piece(f"{step.took_ms:.1f} ms", Style.ACCENT)]
    out.append(Piece(f"{walk.done} of {walk.places} places", Style.FAINT))
    return out


def _key(moment: Moment, step: Step) -> str:
    """What Tab does now."""
    line = _line_of(moment.text, step.start)
    if line != _line_of(moment.text, moment.cursor):
        return f"⇥ line {line + 1}"
    return "here" if step.is_jump else "⇥ take it"


def _line_of(text: str, offset: int) -> int:
    return len(LINE_END.findall(text, 0, offset))


def _code(moment: Moment, glass: Glass) -> list[Line]:
    """The lines around the cursor; what is suggested below it pushes the rest down."""
    text = moment.text
    starts = [0, *(match.end() for match in LINE_END.finditer(text))]
    current = bisect_right(starts, moment.cursor) - 1
    first = _first_line(moment, current, len(starts), glass.height)
    out: list[Line] = []
    for number in range(first, min(first + glass.height, len(starts))):
        end = starts[number + 1] if number + 1 < len(starts) else len(text)
        start, end = starts[number], starts[number] + len(LINE_END.sub("", text[starts[number] : end]))
        gutter = Piece(f"{number + 1:{GUTTER - 1}} ", Style.FAINT if number == current else Style.FRAME)
        if moment.walk is not None:
            out += _walked(moment, moment.walk, gutter, start, end, glass)
            continue
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


def _first_line(moment: Moment, current: int, lines: int, height: int) -> int:
    """The window's first line. Where text is typed, the cursor is a little below the middle; a walk begins near
    the top and does not scroll while the cursor stays in the window."""
    if moment.walk is None:
        return max(0, min(current - height * 6 // 10, lines - height))
    begin = _line_of(moment.text, moment.scene.cursor)
    home = max(0, min(begin - height // 5, lines - height))
    return home if home <= current < home + height else max(0, min(current - height // 2, lines - height))


def _walked(moment: Moment, walk: Walk, gutter: Piece, start: int, end: int, glass: Glass) -> list[Line]:
    """A line of a scene of next edits: the edit where it is, and on the cursor's line where Tab goes."""
    step, hint = walk.step, Piece("")
    has_cursor = start <= moment.cursor <= end
    if has_cursor and step is not None and not start <= step.start <= end:
        hint = Piece(f"   {_key(moment, step)}", Style.GOOD)
    if step is None or step.is_jump or not start <= step.end <= end:
        return [(gutter, *_lit(moment, start, end, glass, at_end=True), hint)]
    first, *below = LINE_END.split(step.new_text)
    new = [Piece(line if glass.has_colour else f"{{+{line}+}}", Style.COMES) for line in (first, *below)]
    left, right = (
        _lit(moment, start, step.end, glass, at_end=False),
        _lit(moment, step.end, end, glass, at_end=True),
    )
    arrow = Piece(gutter.text[:-1] + "⇥", Style.GOOD)
    return [(arrow, *left, new[0], *right, hint), *((Piece(" " * GUTTER), line) for line in new[1:])]


def _lit(moment: Moment, start: int, end: int, glass: Glass, *, at_end: bool) -> list[Piece]:
    """A span with the cursor, if that is in it; its end belongs to it where `at_end`."""
    cursor, text = moment.cursor, moment.text
    if not start <= cursor < end + at_end:
        return _marked(_styled(moment, start, end), glass)
    if not glass.has_colour:
        left, right = (_marked(_styled(moment, *span), glass) for span in ((start, cursor), (cursor, end)))
        return [*left, Piece("▮"), *right]
    after = min(end, cursor + 1)
    under = Piece(text[cursor:after] or " ", Style.CURSOR)
    return [*_styled(moment, start, cursor), under, *_styled(moment, after, end)]


def _marked(pieces: list[Piece], glass: Glass) -> list[Piece]:
    """The same pieces, with marks for what goes where no colour says it."""
    if glass.has_colour:
        return pieces
    return [Piece(f"[-{each.text}-]", each.style) if each.style is Style.GOES else each for each in pieces]


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
    if moment.walk is not None and (step := moment.walk.step) is not None and not step.is_jump:
        marks.append((step.start, step.end, Style.GOES))
    cuts = sorted({start, end, *(min(max(at, start), end) for mark in marks for at in mark[:2])})
    out = []
    for low, high in pairwise(cuts):
        style = Style.CODE
        for mark_start, mark_end, mark_style in marks:
            if mark_start <= low and high <= mark_end:
                style = mark_style
        out.append(Piece(moment.text[low:high], style))
    return out
