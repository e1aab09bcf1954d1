"""What every format shares: a reply's lines, its fences, and the tokens of chat templates that leak into it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ai_lsp.text.document import split_lines

_TOKENS = re.compile(
    r"<\|(?:im_start|im_end|endoftext|end_of_text|eot_id|eom_id|start_header_id|end_header_id|begin_of_text|"
    r"fim_\w+|file_sep|repo_name|assistant|user|system|end|start|return|channel|message|cursor|endofprompt|"
    r"end_of_turn|begin▁of▁sentence|end▁of▁sentence)\|>(?:(?:assistant|user|system)\b)?"
    r"|<｜[^｜\n]{1,40}｜>|</s>|^<s>|\[/?INST\]|<(?:start|end)_of_turn>|<(?:PRE|SUF|MID|EOT|EOS)>",
    re.MULTILINE,
)
_THOUGHTS = re.compile(r"\A\s*<(think|thinking|reasoning)>.*?</\1>\s*", re.DOTALL)
FENCE = re.compile(r"(\s*)(`{3,}|~{3,})\s*([^`]*)$")
_PATH_IN_INFO = re.compile(
    r"(?:^|[\s:])(?:path=|file=|filename=|title=)?[\"']?([\w@.+~/\\-]*[/\\.][\w@.+~/\\-]+)[\"']?"
)
_PATH_ALONE = re.compile(
    r"\s*(?:(?://+|/\*+|<!--+|[#*\->;]+)\s*)?(?:\*\*|`|__)?(?:(?:file|path|filename)\s*:\s*)?[`*\"']*"
    r"((?:[a-z]:(?=[/\\]))?[\w@.+~-]*(?:[/\\][\w@.+~ -]+)*\.?[\w+-]+)"
    r"[`*\"']*(?:\*\*|__)?\s*:?\s*(?:\*/|-->)?\s*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Fence:
    """A fenced block: the lines `[first, last)` between the fences, what stands behind the opening one, the line
    above it, and whether it was closed."""

    first: int
    last: int
    info: str
    above: str
    is_closed: bool


def clean(reply: str) -> str:
    """A reply without thoughts and without the tokens of chat and FIM templates at its ends.

    Tokens inside of the reply stay where a line holds other text as well: they may be the user's own.
    """
    reply = _THOUGHTS.sub("", reply)
    while True:
        bare = reply.strip()
        match = _TOKENS.match(bare)
        if match:
            reply = bare[match.end() :].lstrip("\r\n")
            continue
        tails = [m for m in _TOKENS.finditer(bare) if m.end() == len(bare)]
        if not tails:
            break
        reply = bare[: tails[-1].start()]
    kept = [line for line in split_lines(reply) if not (line.strip() and _TOKENS.fullmatch(line.strip()))]
    return "".join(kept)


def lines_of(reply: str) -> list[str]:
    """The lines without their ends."""
    return [line.rstrip("\r\n") for line in split_lines(reply)]


def fences(lines: Sequence[str], *, is_greedy: bool = False) -> list[Fence]:
    """The outermost fenced blocks.

    A fence closes at a line of the same sign that is at least as long and says nothing else. Where `is_greedy`,
    the reply is one file in one fence, and the last such line closes it: Markdown holds fences of its own.
    """
    out: list[Fence] = []
    at = 0
    while at < len(lines):
        match = FENCE.fullmatch(lines[at])
        if match is None:
            at += 1
            continue
        closing = re.compile(rf"\s{{0,{len(match[1]) + 3}}}{re.escape(match[2][0])}{{{len(match[2])},}}\s*")
        ends = [n for n in range(at + 1, len(lines)) if closing.fullmatch(lines[n])]
        above = next((lines[n] for n in range(at - 1, max(-1, at - 3), -1) if lines[n].strip()), "")
        if not ends:
            out.append(Fence(at + 1, len(lines), match[3].strip(), above, False))
            break
        end = ends[-1] if is_greedy else _closing(lines, at, ends)
        out.append(Fence(at + 1, end, match[3].strip(), above, True))
        at = end + 1
    return out


def _closing(lines: Sequence[str], start: int, ends: Sequence[int]) -> int:
    """The line that closes a fence: inner fences that name a language open blocks of their own."""
    depth = 0
    for number in range(start + 1, ends[-1] + 1):
        if number in ends:
            if depth == 0:
                return number
            depth -= 1
        elif (match := FENCE.fullmatch(lines[number])) and match[3].strip():
            depth += 1
    return ends[-1] if depth == 0 else ends[0]


def path_of(fence: Fence) -> str:
    """The file a fence names, behind its sign or in the line above it; "" where none."""
    match = _PATH_IN_INFO.search(fence.info)
    if match:
        return match[1]
    return path_in(fence.above)


def path_in(line: str) -> str:
    """The path a line consists of, with or without Markdown and comment signs around it; "" for other text."""
    match = _PATH_ALONE.fullmatch(line)
    if match is None or ("." not in match[1] and "/" not in match[1]):
        return ""
    return match[1]


def prose(lines: Sequence[str], blocks: Sequence[Fence]) -> str:
    """What a reply says outside of its fences."""
    inside = {n for b in blocks for n in range(b.first - 1, b.last + 1)}
    return "\n".join(line for n, line in enumerate(lines) if n not in inside)
