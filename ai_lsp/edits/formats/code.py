"""Replies that are code: the whole file, whole definitions, or a sketch with markers for what stays."""

from __future__ import annotations

from ai_lsp.edits.formats.reply import clean, fences, lines_of, path_in, path_of, prose
from ai_lsp.edits.proposal import Kind, Proposal


def whole_file(reply: str) -> tuple[Proposal, ...]:
    """The reply, or what its fences hold, as new files. One fence reaches to the last closing sign."""
    return _read(reply, Kind.FILE)


def whole_symbol(reply: str) -> tuple[Proposal, ...]:
    """The reply, or what its fences hold, as new definitions."""
    return _read(reply, Kind.SYMBOL)


def sketch(reply: str) -> tuple[Proposal, ...]:
    """The reply, or what its fences hold, as a sketch."""
    return _read(reply, Kind.SKETCH)


def nothing_closed(reply: str) -> tuple[Proposal, ...]:
    """Code is complete only when the reply is."""
    return ()


def _read(reply: str, kind: Kind) -> tuple[Proposal, ...]:
    lines = lines_of(clean(reply))
    blocks = fences(lines)
    if blocks and kind is Kind.FILE and not any(path_of(b) for b in blocks[1:]):
        blocks = fences(lines, is_greedy=True)
    if not blocks:
        text = "\n".join(lines)
        return (Proposal(kind, text=text + "\n"),) if text.strip() else ()
    said = prose(lines, blocks)
    out: list[Proposal] = []
    for block in blocks:
        body = lines[block.first : block.last]
        path = path_of(block)
        if (
            not path
            and body
            and (first := path_in(body[0]))
            and body[0].lstrip()[:1] in ("#", "/", "-", "<", ";")
        ):
            path, body = (first, body[1:]) if "." in first and "/" in first else (path, body)
        text = "\n".join(body)
        if text.strip():
            out.append(Proposal(kind, path, text=text + "\n", is_truncated=not block.is_closed, mentions=said))
    if kind is not Kind.FILE and len({p.path for p in out}) == 1 and len(out) > 1:
        # Several pieces of one file: parts of one sketch.
        out = [
            Proposal(
                kind,
                out[0].path,
                text="\n".join(p.text for p in out),
                is_truncated=any(p.is_truncated for p in out),
                mentions=said,
            )
        ]
    return tuple(out)
