"""Frames as SVG: a still picture, or a film that plays by itself where pictures may move."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from ai_lsp.cli.screen import Frame, Line, columns

CELL_WIDTH, CELL_HEIGHT, MARGIN = 8.43, 20, 16


def svg(frame: Frame) -> str:
    """The frame as a picture of its own, in a monospaced face; needs nothing from outside."""
    return _page([frame], [_row(line, number) for number, line in enumerate(frame)])


def film(reel: Sequence[tuple[Frame, float]], still: Frame | None = None) -> str:
    """Frames, each with its seconds, as a picture that plays them over and over.

    Every distinct line is drawn once and shown while it is true, so a film is not much larger than a picture.
    Where nothing moves, `still` is seen: one of the frames, by default the last.
    """
    total = sum(seconds for _, seconds in reel)
    still = reel[-1][0] if still is None else still
    rows: list[str] = []
    for number in range(max(len(frame) for frame, _ in reel)):
        spans: dict[Line, list[tuple[float, float]]] = {}
        now = 0.0
        for frame, seconds in reel:
            line = frame[number] if number < len(frame) else ()
            known = spans.setdefault(line, [])
            if known and known[-1][1] == now:
                known[-1] = (known[-1][0], now + seconds)
            else:
                known.append((now, now + seconds))
            now += seconds
        at_rest = still[number] if number < len(still) else ()
        for line, times in spans.items():
            if (drawn := _row(line, number)) and times == [(0.0, now)]:
                rows.append(drawn)
            elif drawn:
                rows.append(_timed(drawn, times, total, is_seen_at_rest=line == at_rest))
    return _page([frame for frame, _ in reel], rows)


def _timed(drawn: str, times: Sequence[tuple[float, float]], total: float, *, is_seen_at_rest: bool) -> str:
    """A line that is visible in these spans of seconds only."""
    steps = {0.0: "hidden"}
    for start, end in times:
        steps[start], steps[end] = "visible", "hidden"
    steps = {at: value for at, value in sorted(steps.items()) if at < total}
    keys = ";".join(f"{at / total:.5f}" for at in steps)
    values = ";".join(steps.values())
    return (
        f'<g visibility="{"visible" if is_seen_at_rest else "hidden"}">'
        f'<animate attributeName="visibility" calcMode="discrete" dur="{total:.2f}s" repeatCount="indefinite" '
        f'keyTimes="{keys}" values="{values}"/>{drawn}</g>'
    )


def _page(frames: Sequence[Frame], rows: Sequence[str]) -> str:
    width = max(columns("".join(piece.text for piece in line)) for frame in frames for line in frame)
    height = max(len(frame) for frame in frames)
    size = (round(width * CELL_WIDTH + 2 * MARGIN), height * CELL_HEIGHT + 2 * MARGIN)
    face = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size[0]} {size[1]}" '
            f'width="{size[0]}" height="{size[1]}">',
            f'<rect width="{size[0]}" height="{size[1]}" rx="10" fill="#0d1117"/>',
            f'<g font-family="{face}" font-size="14" xml:space="preserve">',
            *rows,
            "</g>",
            "</svg>",
            "",
        ]
    )


def _row(line: Line, number: int) -> str:
    out, column = [], 0
    top = MARGIN + number * CELL_HEIGHT
    for piece in line:
        look, wide = piece.style.value, columns(piece.text)
        x, length = MARGIN + column * CELL_WIDTH, wide * CELL_WIDTH
        column += wide
        if look.background:
            place = f'x="{x:.1f}" y="{top}" width="{length:.1f}" height="{CELL_HEIGHT}"'
            out.append(f'<rect {place} fill="{look.background}"/>')
        if text := piece.text.strip():
            x += (len(piece.text) - len(piece.text.lstrip())) * CELL_WIDTH  # renderers differ on leading blanks
            weight = ' font-weight="600"' * look.bold + ' font-style="italic"' * look.italic
            weight += ' text-decoration="line-through"' * look.struck
            place = f'x="{x:.1f}" y="{top + 14.5:.1f}" textLength="{columns(text) * CELL_WIDTH:.1f}"'
            out.append(f'<text {place} fill="{look.fill}"{weight}>{escape(text)}</text>')
    return "".join(out)
