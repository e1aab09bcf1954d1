"""The shape of code: tokens with their names blanked out, so that `self.a = a` can teach `self.b = b`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ai_lsp.completion.local.lexing import FIRST_TEXT, Ids

_KEYWORD_ROWS = (
    "Err False None Ok Self Some True abstract and any as assert async await base bool boolean break byte",
    "bytes case catch chan char class cls const constexpr continue crate declare def default defer",
    "defined del delete dict do double dyn elif else elsif end ensure enum err error except export",
    "extends extern fallthrough false final finally float fn for foreach from fun func function global go",
    "goto guard if impl implements import in include inline instanceof int int32 int64 interface internal",
    "is isinstance it lambda len let list long loop make map match mod module move mut namespace new nil",
    "nonlocal not null number object of operator or override package panic pass print private protected",
    "pub public raise range readonly ref require rescue return sealed select self set short signed sizeof",
    "static str string struct super switch template then this throw throws trait true try tuple type",
    "typedef typename typeof u32 u64 u8 undefined union unless unsafe unsigned use using usize val var",
    "vec virtual void volatile when where while with xor yield",
)
_KEYWORDS = frozenset(word for row in _KEYWORD_ROWS for word in row.split())
_NAME, _CAPITAL, _SHOUT, _NUMBER = range(4)  # times two: without and with a blank before it
NAMES_END = 8
_FIRST_OWN = 16
_AHEAD = 8192  # tokens that one request may add before the next call of `learn`


class Shapes:
    """The class of every token id; tokens that are part of the shape are their own class."""

    def __init__(self) -> None:
        self.of: Ids = np.arange(1 << 16, dtype=np.int32) + _FIRST_OWN
        self._known = FIRST_TEXT

    def learn(self, texts: Sequence[str]) -> None:
        """Takes note of tokens that are new since the last call; `texts` are all tokens in order."""
        while len(self.of) < len(texts) + _AHEAD:
            grown = np.arange(2 * len(self.of), dtype=np.int32) + _FIRST_OWN
            grown[: self._known] = self.of[: self._known]
            self.of = grown
        for number in range(self._known, len(texts)):
            kind = _kind(texts[number])
            if kind >= 0:
                self.of[number] = kind
        self._known = len(texts)


def _kind(token: str) -> int:
    bare = token[1:] if token[0] == " " else token
    if not bare or bare in _KEYWORDS:
        return -1
    c = bare[0]
    if c.isdigit():
        kind = _NUMBER
    elif not (c.isalpha() or c == "_"):
        return -1
    elif c.isupper():
        kind = _SHOUT if len(bare) > 1 and bare.isupper() else _CAPITAL
    else:
        kind = _NAME
    return 2 * kind + (token[0] == " ")
