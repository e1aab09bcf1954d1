"""What a finished reply is: an edit, a question, alternatives, or nothing that can be used."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ai_lsp.edits.formats import FORMATS, search_replace, unified_diff, v4a
from ai_lsp.edits.formats.reply import clean
from ai_lsp.edits.instruct_prompt import ALTERNATIVE, MOST_CHOICES, QUESTION
from ai_lsp.edits.instruct_values import Failure, Question, Why
from ai_lsp.edits.proposal import Proposal

_CHOICE = re.compile(r"\s*(?:[-*•]|\d+[.)])\s+(?P<text>\S.*)")
_BARE = re.compile(r"[\W_]+")
_TELLS = (
    ("search_replace", search_replace.is_recognised),
    ("v4a", v4a.is_recognised),
    ("unified_diff", unified_diff.is_recognised),
)
"""Formats that tell by themselves: a model that answers in another than it was asked for is understood."""

MOST_TITLE = 80


@dataclass(frozen=True, slots=True)
class Draft:
    """Proposals of one edit, not yet placed."""

    proposals: tuple[Proposal, ...]
    title: str = ""


Read = Draft | tuple[Draft, ...] | Question | Failure


def is_plain(reply: str) -> bool | None:
    """Whether a reply still growing is an edit, not a question or alternatives; None while that is open."""
    start = clean(reply).lstrip().upper()
    for word in (QUESTION, ALTERNATIVE):
        if start.startswith(word):
            return False
        if word.startswith(start):
            return None
    return True


def read(reply: str, format: str, instruction: str, *, may_ask: bool, most_candidates: int) -> Read:
    """What a reply that is complete says; a question where none may be asked is no edit."""
    text = clean(reply).strip()
    if not text:
        return Failure(Why.EMPTY)
    if text.upper().startswith(QUESTION):
        return _question(text) if may_ask else Failure(Why.NO_EDIT, "It asks a question.")
    if text.upper().startswith(ALTERNATIVE):
        drafts = [_draft(part, format, title) for title, part in _alternatives(text)]
        kept = tuple(draft for draft in drafts if draft.proposals)[:most_candidates]
        if not kept:
            return Failure(Why.NO_EDIT)
        return kept if len(kept) > 1 else kept[0]
    if _is_echo(text, instruction):
        return Failure(Why.ECHO)
    draft = _draft(reply, format)
    return draft if draft.proposals else Failure(Why.NO_EDIT, _said(text))


def _draft(reply: str, format: str, title: str = "") -> Draft:
    recognised = [name for name, tells in _TELLS if tells(reply)]
    names = [format, *recognised] if format in dict(_TELLS) else [*recognised, format]
    if "```" in reply or "~~~" in reply:
        names.append("sketch")
    for name in dict.fromkeys(names):
        if proposals := FORMATS[name].parse(reply):
            return Draft(proposals, title)
    return Draft((), title)


def _question(text: str) -> Question | Failure:
    first, *rest = text.split("\n")
    asked = first[len(QUESTION) :].strip()
    choices: list[str] = []
    for line in rest:
        if match := _CHOICE.fullmatch(line):
            choices.append(_short(match["text"]))
        elif not choices and line.strip():
            asked = f"{asked} {line.strip()}".strip()
    choices = list(dict.fromkeys(choices))[:MOST_CHOICES]
    if not asked or len(choices) < 2:
        return Failure(Why.NO_EDIT, "It asks a question without choices.")
    return Question(asked, tuple(choices))


def _alternatives(text: str) -> list[tuple[str, str]]:
    out: list[tuple[str, list[str]]] = []
    for line in text.split("\n"):
        if line.upper().startswith(ALTERNATIVE):
            out.append((_short(line[len(ALTERNATIVE) :].strip()) or f"version {len(out) + 1}", []))
        elif out:
            out[-1][1].append(line)
    seen: dict[str, int] = {}
    titled = []
    for title, lines in out:
        seen[title] = seen.get(title, 0) + 1
        titled.append((title if seen[title] == 1 else f"{title} ({seen[title]})", "\n".join(lines)))
    return titled


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= MOST_TITLE else text[: MOST_TITLE - 1] + "…"


def _is_echo(text: str, instruction: str) -> bool:
    said, asked = (_BARE.sub(" ", each).strip().lower() for each in (text, instruction))
    said = said.removeprefix("instruction").strip()
    return bool(asked) and said == asked


def _said(text: str) -> str:
    """The start of what was said instead, for the user."""
    line = " ".join(text.split())
    return f"It says: “{line[:120]}{'…' if len(line) > 120 else ''}”"
