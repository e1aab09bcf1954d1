"""Lines as tokens: what changes of code are compared by. One table of word classes serves all languages."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

_STRING = r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\\n]|\\.)*`"
_PIECE = (
    r"[^\W\d][\w$]*|\d[\w.]*|===|!==|\.\.\.|\*\*|==|!=|<=|>=|->|=>|::|:=|&&|\|\||\+=|-=|\*=|/=|\?\?|\?\.|<-|//|/\*|"
    r"\*/|[^\w\s]|\n"
)
_WHOLE = re.compile(f"{_STRING}|{_PIECE}")
_FINE = re.compile(_PIECE)
WORD = re.compile(r"\w[\w$]+")
NAME = re.compile(r"[^\W\d][\w$]*")
_COMMENT = re.compile(r"\s*(?://|#(?![\[!])|/?\*|--(?!\w)|<!--)")

_KEYWORD_ROWS = (
    "abstract and as assert async await bool boolean break byte case catch chan char class const constexpr",
    "continue crate declare def default defer del delete do double dyn elif else elsif end ensure enum except",
    "export extends extern false False final finally float fn for foreach from func function global go goto if",
    "impl implements import in include inline instanceof int interface internal is lambda let long loop map",
    "match mod module move mut namespace new next nil None nonlocal not null object of or override package pass",
    "private protected pub public raise range readonly ref require rescue return select self Self sealed short",
    "signed sizeof static str string struct super switch template then this throw throws trait true True try",
    "type typedef typename typeof undefined union unless unsafe unsigned use until using val var virtual void",
    "volatile when where while with yield",
)
KEYWORDS = frozenset(word for row in _KEYWORD_ROWS for word in row.split())
OPENERS = {"(": ")", "[": "]", "{": "}"}
CLOSERS = frozenset(OPENERS.values())


class Token(NamedTuple):
    """A token with its place in the line, in characters."""

    text: str
    start: int
    end: int


@lru_cache(maxsize=1 << 15)
def whole(line: str) -> tuple[Token, ...]:
    """A line's tokens, each string literal being one."""
    return tuple(Token(m[0], m.start(), m.end()) for m in _WHOLE.finditer(line))


@lru_cache(maxsize=1 << 13)
def fine(line: str) -> tuple[Token, ...]:
    """A line's tokens, those within string literals apart."""
    return tuple(Token(m[0], m.start(), m.end()) for m in _FINE.finditer(line))


def is_name(text: str) -> bool:
    """Whether a token is a name that code gives to something."""
    return text not in KEYWORDS and NAME.fullmatch(text) is not None


def is_string(text: str) -> bool:
    """Whether a token is a string literal."""
    return len(text) > 1 and text[0] in "\"'`"


def names(line: str) -> list[str]:
    """The names in a line, in order, those in strings and comments too."""
    return [w for w in NAME.findall(line) if w not in KEYWORDS]


def is_comment(line: str) -> bool:
    """Whether a line is, by its looks, a comment."""
    return _COMMENT.match(line) is not None


def indentation(line: str) -> str:
    """The blanks that a line starts with."""
    return line[: len(line) - len(line.lstrip(" \t"))]


@lru_cache(maxsize=1 << 15)
def shape(line: str) -> tuple[str, ...]:
    """A line's tokens with names, strings and numbers blanked out."""
    return tuple(
        "n" if is_name(t) else "s" if is_string(t) else "0" if t[0].isdigit() else t for t, _, _ in whole(line)
    )


def balance(text: str) -> tuple[int, int, int]:
    """How many more brackets of each kind a text opens than closes."""
    return tuple(text.count(a) - text.count(b) for a, b in OPENERS.items())  # type: ignore[return-value]
