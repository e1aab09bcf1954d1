"""Turns text into token ids and back: the alphabet of the embedded predictor.

A token carries the one blank before it, so a line's tokens joined give the line back. The end of a line is
a token too, in three kinds, by how the next line that is not blank is indented.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.int32]

PAD = 0  # between documents; never predicted
END_SAME, END_IN, END_OUT = 1, 2, 3
FIRST_TEXT = 4  # ids from here on stand for text
ENDS = frozenset((END_SAME, END_IN, END_OUT))
_RESERVED = ("\0pad", "\n=", "\n>", "\n<")  # text of PAD and the ENDS; no token looks like them
LONGEST_LINE = 400  # characters; longer lines are data, and cost more than they teach
TAB = 4  # columns, when indentation is compared

_PIECES = (
    r" ?(?:[^\W\d][\w$]*|\d[\w.]*|===|!==|\.\.\.|\*\*=|<<=|>>=|\.\.=|==|!=|<=|>=|->|=>|::|:=|&&|\|\||"
    r"\+=|-=|\*=|/=|\?\?|\?\.|\+\+|--|<-|//|/\*|\*/|\"\"\"|'''|\.\.|[^\w\s])"
)
_LINE = re.compile(_PIECES + r"|[ \t]+")
_FILE = re.compile(r"[ \t]*\n[ \t]*|" + _PIECES + r"|[ \t]+")
_IDENTIFIER = re.compile(r"[^\W\d][\w$]*")
_BREAK = re.compile(r"\r\n|\r|\n")

FAMILIES = {
    "py": "python", "pyi": "python", "python": "python",
    "js": "js", "jsx": "js", "mjs": "js", "cjs": "js", "ts": "js", "tsx": "js", "mts": "js", "cts": "js",
    "vue": "js", "svelte": "js", "javascript": "js", "javascriptreact": "js", "typescript": "js",
    "typescriptreact": "js",
    "c": "c", "h": "c", "cc": "c", "cpp": "c", "cxx": "c", "hpp": "c", "hh": "c", "m": "c", "mm": "c",
    "objective-c": "c", "objective-cpp": "c",
    "rs": "rust", "rust": "rust", "rb": "ruby", "ruby": "ruby", "kt": "kotlin", "kts": "kotlin",
    "kotlin": "kotlin", "cs": "csharp", "csharp": "csharp", "sh": "shell", "bash": "shell", "zsh": "shell",
    "shellscript": "shell", "yml": "yaml", "yaml": "yaml", "md": "markdown", "markdown": "markdown",
}  # fmt: skip


def family(path: str | None, language_id: str = "") -> str:
    """The group of languages whose files teach each other, from the file's ending or LSP's language id."""
    name = (path or "").replace("\\", "/").rsplit("/", 1)[-1]
    ending = name.rsplit(".", 1)[-1].lower() if "." in name else ""
    if ending:
        return FAMILIES.get(ending, ending)
    return FAMILIES.get(language_id, language_id or name.lower())


def split_lines(text: str) -> list[str]:
    r"""The lines of a text, broken at \n, \r\n and \r and nowhere else; one more line than there are breaks."""
    return text.split("\n") if "\r" not in text else _BREAK.split(text)


def split_breaks(text: str) -> tuple[list[str], list[str]]:
    """The lines of a text, and the break after each; the last line has none ("")."""
    if "\r" not in text:
        lines = text.split("\n")
        return lines, ["\n"] * (len(lines) - 1) + [""]
    return _BREAK.split(text), [*_BREAK.findall(text), ""]


def tokens(text: str) -> list[str]:
    """The tokens of one line's text without its indentation."""
    return _LINE.findall(text)


def indentation(line: str) -> tuple[str, str]:
    """A line as its indentation and the rest."""
    body = line.lstrip(" \t")
    return line[: len(line) - len(body)], body


def columns(indent: str) -> int:
    """How far an indentation reaches, in columns."""
    return len(indent.expandtabs(TAB)) if "\t" in indent else len(indent)


def is_identifier(token: str) -> bool:
    """Whether a token is one name or word (its leading blank aside)."""
    return _IDENTIFIER.fullmatch(token.strip()) is not None


def step(depth: int, before: int) -> int:
    """The line-end token between a line at column `before` and the next at column `depth`."""
    return END_IN if depth > before else END_OUT if depth < before else END_SAME


class Vocabulary:
    """Text of tokens to ids and back; grows, and never forgets."""

    def __init__(self) -> None:
        self.text: list[str] = list(_RESERVED)
        self._ids: dict[str, int] = {t: i for i, t in enumerate(self.text)}

    def __len__(self) -> int:
        return len(self.text)

    def add(self, token: str) -> int:
        """The id of a token, new when it was not known."""
        found = self._ids.get(token)
        if found is None:
            found = self._ids[token] = len(self.text)
            self.text.append(token)
        return found

    def get(self, token: str) -> int | None:
        """The id of a known token."""
        return self._ids.get(token)

    def add_all(self, some: Iterable[str]) -> list[int]:
        """The ids of several tokens."""
        known, add = self._ids, self.add
        return [known[t] if t in known else add(t) for t in some]

    def line(self, line: str) -> tuple[int, list[int]]:
        """A line as (column of its indentation, ids); (-1, []) where it is blank or too long to teach."""
        indent, body = indentation(line.rstrip())
        if not body or len(body) > LONGEST_LINE:
            return -1, []
        return columns(indent), self.add_all(_LINE.findall(body))


class _Numbering(dict[str, int]):
    """Numbers each new key as it is first asked for: the fastest way to map a whole file in Python."""

    def __init__(self, first: Sequence[str]) -> None:
        super().__init__((w, i) for i, w in enumerate(first))
        self.words = list(first)

    def __missing__(self, key: str) -> int:
        number = self[key] = len(self.words)
        self.words.append(key)
        return number


class FileEncoder:
    """Encodes whole files with one regular expression pass each, into ids of its own local vocabulary."""

    def __init__(self) -> None:
        self._ids = _Numbering(_RESERVED)
        self._depth = np.full(1 << 16, -1, np.int32)  # per id: column a line break leads to; -1: no break
        self._seen = len(_RESERVED)

    def encode(self, text: str) -> Ids:
        """The ids of a file; each line that is not blank begins with a line-end token telling its step."""
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        if len(text) > LONGEST_LINE:
            text = _without_long_lines(text)
        raw: Ids = np.array(list(map(self._ids.__getitem__, _FILE.findall(f"\n{text}\n"))), dtype=np.int32)
        depths = self._learn_breaks()[raw]
        is_break = depths >= 0
        keep = np.ones(len(raw), dtype=bool)
        keep[:-1] = ~(is_break[:-1] & is_break[1:])  # a break right before a break is a blank line
        if len(raw):
            keep[-1] = not is_break[-1]
        raw, depths, is_break = raw[keep], depths[keep], is_break[keep]
        breaks = np.flatnonzero(is_break)
        steps = np.diff(depths[breaks], prepend=0)
        raw[breaks] = np.where(steps > 0, END_IN, np.where(steps < 0, END_OUT, END_SAME))
        return raw

    def _learn_breaks(self) -> Ids:
        words = self._ids.words
        while len(self._depth) < len(words):
            self._depth = np.concatenate((self._depth, np.full_like(self._depth, -1)))
        for number in range(self._seen, len(words)):
            cut = words[number].find("\n")
            if cut >= 0:
                self._depth[number] = columns(words[number][cut + 1 :])
        self._seen = len(words)
        return self._depth

    def words(self) -> list[str]:
        """Text of every local id, in order; breaks with their indentation are left as empty words."""
        return [w if i < FIRST_TEXT or "\n" not in w else "" for i, w in enumerate(self._ids.words)]


def _without_long_lines(text: str) -> str:
    lines = text.split("\n")
    return text if max(map(len, lines)) <= LONGEST_LINE else "\n".join(x for x in lines if len(x) <= LONGEST_LINE)


def encode_lines(vocabulary: Vocabulary, lines: Sequence[str], before: int = 0) -> list[int]:
    """Ids of some lines that follow a line at column `before`."""
    out: list[int] = []
    for line in lines:
        depth, ids = vocabulary.line(line)
        if depth >= 0:
            out.append(step(depth, before))
            out.extend(ids)
            before = depth
    return out
