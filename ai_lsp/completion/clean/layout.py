"""Steps about an answer's lines: indented as the document is, no more of them than may be shown."""

from __future__ import annotations

import re

from ai_lsp.completion.clean.place import Place, leading, open_brackets, opens, width

_LEADING_SPACES = re.compile(r"^ {2,}(?=\S)", re.MULTILINE)
_BLOCK_END = ("{", ":")


def fit_indentation(text: str, at: Place) -> str:
    """Tabs where the document has tabs, its steps where the model has others, no indentation said twice."""
    lines = _first_line_fitted(text.split("\n"), at)
    if at.unit == "\t":
        first = next((len(m[0]) for line in lines[1:] if (m := _LEADING_SPACES.match(line))), 0)
        if first:
            step = next(n for n in (4, 2, 3, first) if first % n == 0)
            lines[1:] = [_LEADING_SPACES.sub(lambda m: _tabs(len(m[0]), step), line) for line in lines[1:]]
    elif at.unit:
        lines[1:] = [_spaced(line, at.unit) for line in lines[1:]]
        lines = _rescaled(lines, at)
    return "\n".join(lines)


def _first_line_fitted(lines: list[str], at: Place) -> list[str]:
    """On a line that holds only indentation: the answer's own is there already, or makes it deeper."""
    if not at.left or not at.starts_line:
        return lines
    while len(lines) > 1 and not lines[0].strip():
        lines = lines[1:]
    lead = leading(lines[0])
    if not lead:
        return lines
    above = at.last_line
    step = width(at.unit + "x") if above.rstrip().endswith(("{", ":", "(", "[")) or opens(above, at.words) else 0
    here, more = width(at.left), width(lead)
    if here + more > width(above) + step:
        extra = max(0, more - here)
        lead = "" if extra == 0 else lead[-extra:] if "\t" not in lead else lead[len(at.left) :]
    return [lead + lines[0].lstrip(" \t"), *lines[1:]]


def _tabs(spaces: int, step: int) -> str:
    return "\t" * (spaces // step) + " " * (spaces % step)


def _spaced(line: str, unit: str) -> str:
    lead = leading(line)
    return lead.replace("\t", unit) + line[len(lead) :] if "\t" in lead else line


def _rescaled(lines: list[str], at: Place) -> list[str]:
    """Where the first block's body is indented by another step than the document's, all following lines are."""
    first, unit = (at.left + lines[0]).rstrip(), len(at.unit)
    base = width(first)
    body = next((line for line in lines[1:] if line.strip()), "")
    step = width(body) - base
    if (
        not first.endswith(_BLOCK_END)
        or step not in (2, 3, 4, 8)
        or step == unit
        or (unit % step and step % unit)
    ):
        return lines
    out = [lines[0]]
    for line in lines[1:]:
        more = width(line) - base
        out.append(" " * max(0, base + more // step * unit + more % step) + line.lstrip() if line.strip() else "")
    return out


def cut_lines(text: str, at: Place) -> str:
    """At most `max_lines` lines; one where other text stands right of the cursor; no blank lines at the end."""
    lines = text.split("\n")
    most = 1 if at.limits.is_single_line else at.limits.max_lines
    return "\n".join(lines[:most]).rstrip()


def end_statement(text: str, at: Place) -> str:
    """A statement that the user is in the middle of is finished, and the next ones are left for later."""
    first, newline, _ = text.partition("\n")
    if not newline or at.starts_line or at.limits.may_go_on or at.words.is_prose or not first.strip():
        return text
    line = at.left + first
    if opens(line, at.words):
        return text
    if open_brackets(_statement_above(at) + line) > 0:
        return text
    return first.rstrip()


def _statement_above(at: Place) -> str:
    """The lines right above that are not finished where the cursor's line begins."""
    lines: list[str] = []
    for line in at.above[:20]:
        if not line.strip() or (not opens(line, at.words) and not lines):
            break
        if line.rstrip().endswith(_BLOCK_END):
            break
        lines.append(line)
    return "\n".join(reversed(lines))
