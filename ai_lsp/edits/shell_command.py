"""An instruction into one shell command, as text: it is shown, copied or inserted, and never run from here."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ai_lsp.edits.formats.reply import clean, fences, lines_of
from ai_lsp.models.port import ChatPrompt, Message, ModelRequest

MOST_LINES, MOST_CHARS, MAX_TOKENS = 12, 2_000, 400

_PROMPT_SIGN = re.compile(r"^\s*(?:\$|%|#|>|PS>)\s+")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")

_DANGERS: tuple[tuple[str, str], ...] = (
    (r"\brm\s+(?:-\w+\s+)*-\w*[rRf]|\bfind\b.*-delete|\bshred\b", "it deletes files"),
    (r"\b(?:dd|mkfs\S*|fdisk|wipefs|parted)\b|>\s*/dev/(?!null)", "it writes to a disk"),
    (r"(?:curl|wget)\b[^|;&]*\|\s*(?:sudo\s+)?(?:ba|z|da)?sh\b|\beval\b", "it runs what it downloads or builds"),
    (r"\b(?:sudo|doas|su)\b", "it acts as another user"),
    (
        r"\bgit\s+(?:push\b.*(?:--force|-f\b)|reset\s+--hard|clean\s+-\w*f|checkout\s+--?\s)",
        "it throws work away",
    ),
    (r"\bchmod\s+-\w*R|\bchown\s+-\w*R", "it changes the rights of many files"),
    (r"\b(?:kill|pkill|killall|shutdown|reboot)\b", "it ends programs"),
)
"""What a person should know before they run such a command."""


@dataclass(frozen=True, slots=True)
class ShellCommand:
    """The command's lines and sentences on what is dangerous about it."""

    text: str
    warnings: tuple[str, ...] = ()


def request(instruction: str, system: str) -> ModelRequest:
    """What is asked of the model; `system` names the operating system and the shell."""
    rules = (
        f"You write shell commands for {system}. Reply with one command that does what is asked, and nothing "
        "else: no explanation, no alternatives, no prompt sign. Prefer the command that destroys least."
    )
    messages = (Message("system", rules), Message("user", instruction.strip()))
    return ModelRequest(ChatPrompt(messages), MAX_TOKENS)


def read(reply: str) -> ShellCommand | None:
    """The command of a reply, without fences, prompt signs and invisible characters; None where it holds none."""
    lines = lines_of(clean(reply))
    if blocks := fences(lines):
        lines = lines[blocks[0].first : blocks[0].last]
    kept = [_CONTROL.sub("", _PROMPT_SIGN.sub("", line)).rstrip() for line in lines if line.strip()]
    text = "\n".join(kept).strip()
    if len(kept) == 1 and len(text) > 1 and text[0] == text[-1] == "`":
        text = text.strip("`").strip()
    if not text or len(kept) > MOST_LINES or len(text) > MOST_CHARS:
        return None
    return ShellCommand(text, tuple(why for pattern, why in _DANGERS if re.search(pattern, text)))
