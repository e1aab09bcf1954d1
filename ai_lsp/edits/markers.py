"""Comments that stand for text left out, “… existing code …”, in every language's comment style."""

from __future__ import annotations

import re

_OPEN = r"(?://+!?|\#+|--+|;+|%+|/\*+|<!--|\{\s*/\*|\{\#|\(\*|\"\"\"|'{3}|REM\b|--\[\[|=begin)"
_CLOSE = r"(?:\*+/\s*\}?|-->|\#\}|\*\)|\"\"\"|'{3}|\]\]|=end)?"
_DOTS = r"(?:\.{2,}|…+)"
_KEPT = (
    r"(?:existing|rest|remaining|remainder|unchanged|unmodified|omitted|same|other|previous|previously|earlier|"
    r"original|keep|kept|snip|snipped|truncated|elided|continues?|as\s+before|stays?|untouched)"
)
_WHAT = (
    r"(?:code|file|lines?|methods?|functions?|imports?|class(?:es)?|fields?|props?|properties|implementation|body|"
    r"content|contents|tests?|logic|definitions?|stuff|statements?|cases?|members?|types?|before|above|below|here|"
    r"same|unchanged|remains?|module|struct|variables?|constants?|attributes|routes?|handlers?|text|section|items?)"
)
_MARKER = re.compile(
    rf"\s*{_OPEN}\s*(?:"
    rf"{_DOTS}\s*[^.…]*?\s*{_DOTS}"  # ... existing code ...
    rf"|{_DOTS}\s*"  # ...
    rf"|{_DOTS}\s*(?:\(\s*)?[\w\s'’`,()/-]*\b{_KEPT}\b[^.…]*?{_DOTS}?\.?"  # ... rest of the file
    rf"|(?:the\s+)?(?:{_KEPT})\b[\w\s'’`,()/-]*\b{_WHAT}\b[\w\s'’`,()/-]*{_DOTS}"  # existing code ...
    rf"|\(?(?:the\s+)?(?:rest|remainder)\s+of\s+(?:the\s+|this\s+)?\S+[\w\s'’`,()/-]*{_DOTS}?\.?"
    rf"|\(?(?:existing|unchanged|remaining|other)\s+{_WHAT}(?:\s+{_WHAT})?\s*"
    rf"(?:\(?unchanged\)?|stays?\s.*|remains?\s.*|goes?\s+here|here|as\s+(?:is|before))?\.?\)?"
    rf")\s*{_CLOSE}\s*",
    re.IGNORECASE,
)
_BARE = re.compile(r"\s*(?:\.{3}|…)\s*")
_BARE_SAID = re.compile(
    rf"\s*(?:\.{{3}}|…|\[)\s*\(?\s*(?:{_KEPT}|{_WHAT})\b[\w\s'’`,()/-]*(?:\.{{3}}|…|\])?\s*", re.IGNORECASE
)


def is_marker(line: str) -> bool:
    """Whether a line is a comment that only says that text was left out."""
    return len(line) < 200 and _MARKER.fullmatch(line) is not None


def is_bare_marker(line: str) -> bool:
    """Whether a line is `...` or says so without a comment: code in some languages, a gap in replies."""
    return _BARE.fullmatch(line) is not None or (len(line) < 200 and _BARE_SAID.fullmatch(line) is not None)


def has_marker(text: str) -> bool:
    """Whether some line of a text is a marker."""
    return any(is_marker(line) for line in text.split("\n"))
