"""Steps that take off what models put around code: tokens, thoughts, fences, prose, placeholders, echoes."""

from __future__ import annotations

import re

from ai_lsp.completion.clean.place import Place
from ai_lsp.models.fim import TEMPLATES

SPECIAL_TOKENS = frozenset(
    token.strip()
    for row in TEMPLATES
    for token in (row.prefix, row.suffix, row.middle, *row.ends)
    if any(mark in token for mark in ("|", "｜", "▁", "fim", "EOT"))
)
"""Of all families, whatever the user's model is: a server may render another template than we think. Only those
that no one writes in code; `<filename>` is left alone."""

_CURSOR_MARKS = re.compile(r"<\|(?:user_)?cursor(?:_is_here)?\|>")
_THOUGHTS = re.compile(
    r"\A\s*<(think|thinking|reasoning)>.*?(?:</\1>\s*?(?:\n(?=[^\S\n]*\S)|\Z|(?=\S))|\Z)", re.DOTALL
)
_FENCE = re.compile(r"^[ \t]*```[^\n`]*$", re.MULTILINE)
_CHAT = re.compile(
    r"\s*(?:sure|certainly|of course|okay|here(?:'s| is| are| you go)"
    r"|i(?:'m| am| can(?:'|no)t| will|'ll| have|'ve)"
    r"|as an ai|sorry|to (?:complete|fix|implement|finish)|below is|the (?:missing|completed?|following|code)"
    r"|this (?:code|function|method|line|snippet|implementation|completes|will|is|adds|returns)"
    r"|explanation|note(?: that)?"
    r"|let me|in this|you can|hope this|the above|we (?:can|need|should))\b(?P<rest>[^\n]*)",
    re.IGNORECASE,
)
_CODE_SIGNS = re.compile(r"[={};\[\]]|\w\(|->|::|\w\.\w")
_PLACEHOLDER = re.compile(r"\$\{\d+:([^{}$\n]*)\}")
_STOP = re.compile(r"\$\{\d+\}|\$\d\b")


def cut_template_tokens(text: str, at: Place) -> str:
    """A special token of any known family that came through as text ends the answer; cursor marks go."""
    text = _CURSOR_MARKS.sub("", text)
    found = [i for token in SPECIAL_TOKENS if (i := text.find(token)) >= 0]
    return text[: min(found)] if found else text


def drop_thoughts(text: str, at: Place) -> str:
    """What a reasoning model thinks aloud first is not code."""
    return _THOUGHTS.sub("", text)


def strip_fence(text: str, at: Place) -> str:
    """Chat models wrap code in a fence, with prose around it: only the code counts, at the cursor's indentation.

    A fence that comes after code ends the answer. In prose, such as Markdown, fences are text.
    """
    if at.words.is_prose:
        return text
    fence = _FENCE.search(text)
    if fence is None:
        return text
    before = text[: fence.start()]
    if any(not _is_chat(line, at) for line in before.split("\n") if line.strip()):
        return before.rstrip()
    code = text[fence.end() + 1 :]
    end = _FENCE.search(code)
    code = code[: end.start()].removesuffix("\n") if end else code
    return _shifted(code, at)


def drop_prose(text: str, at: Place) -> str:
    """A sentence to the reader before the code, or a paragraph about it after a blank line, is not code."""
    if at.words.is_prose or at.left.lstrip().startswith(at.words.comment):
        return text
    lines = text.split("\n")
    while lines and (not lines[0].strip() or _is_chat(lines[0], at)) and any(_is_chat(x, at) for x in lines[:2]):
        lines.pop(0)
    for index in range(2, len(lines)):
        if not lines[index - 1].strip() and _is_chat(lines[index], at) and not lines[index][:1].isspace():
            return "\n".join(lines[: index - 1])
    return "\n".join(lines)


def _is_chat(line: str, at: Place) -> bool:
    """Whether a line talks to the reader: it opens as chat does and holds no code."""
    found = _CHAT.match(line)
    if found is None or line.lstrip().startswith(at.words.comment or ("\0",)):
        return False
    rest = re.sub(r"`[^`]*`", "", found["rest"]).strip()
    if not rest:
        return line.rstrip().endswith((":", "!", "."))
    return len(line.split()) >= 3 and not _CODE_SIGNS.search(rest)


def _shifted(code: str, at: Place) -> str:
    """Code of a fence that was written from the margin on, moved under the cursor's indentation."""
    if not at.starts_line or not at.left:
        return code
    first, _, rest = code.partition("\n")
    following = next((line for line in rest.split("\n") if line.strip()), None)
    if first[:1].isspace() or following is None:
        return code
    step = len(at.unit) if first.rstrip().endswith((":", "{", "(", "[")) else 0
    if len(following) - len(following.lstrip()) != step:
        return code
    return first + "".join(f"\n{at.left}{line}" if line.strip() else "\n" for line in rest.split("\n"))


def fill_placeholders(text: str, at: Place) -> str:
    """A snippet's placeholders become their text: what is offered is plain text in every editor."""
    if at.words.dollars or at.words.is_prose or not _PLACEHOLDER.search(text):
        return text
    return _STOP.sub("", _PLACEHOLDER.sub(r"\1", text))


def drop_echo(text: str, at: Place) -> str:
    """An answer that begins by saying the text before the cursor once more loses that start."""
    left = at.left
    for start in _lines_before(at):
        if f"{text}\n".startswith(start):
            return text[len(start) :].removeprefix(left)
    if len(left.strip()) >= 3:
        for start in (left, left.lstrip()):
            if text.startswith(start):
                return text[len(start) :]
    return text


def may_be_echo(whole: str, at: Place) -> bool:
    """Whether whole lines may yet turn out to be an echo of the lines above."""
    return any(start.startswith(f"{whole}\n") for start in _lines_before(at))


def _lines_before(at: Place) -> list[str]:
    """The last lines above the cursor, up to three of them, with and without their indentation."""
    out = []
    for count in (3, 2, 1):
        if len(at.above) >= count and at.above[count - 1].strip():
            said = "".join(line + "\n" for line in reversed(at.above[:count]))
            if len(said.strip()) >= 8:
                out += [said, said.lstrip()]
    return out


def join_space(text: str, at: Place) -> str:
    """One space is enough between the typed text and the answer: some models begin theirs with another.

    More of them stand there on purpose, to align columns.
    """
    doubled = not at.starts_line and at.left.endswith(" ") and not at.left.endswith("  ")
    return text.lstrip(" ") if doubled and re.match(r" {1,2}\S", text) else text
