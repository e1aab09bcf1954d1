"""Fill-in-the-middle asked of a chat model: the file with a marked hole goes in, the text for the hole comes out.

The answer must stand between `<FILL>` marks, or in one code fence; anything else is prose and never becomes a
suggestion.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ai_lsp.errors import MalformedAnswer
from ai_lsp.models.fim import narrow
from ai_lsp.models.port import ContextFile, FimPrompt, Message
from ai_lsp.models.wire import Unwrap

OPEN = "<FILL>"
CLOSE = "</FILL>"
HOLE = "<HOLE/>"
_FENCE = re.compile(r"\s*```[^\n`<]*\n")
# How much may be said before the marks; models that think aloud in the answer itself are not waited for.
_MAX_PREAMBLE = 4_000

RULES = f"""You complete source code inside an editor. You are shown a file in which {HOLE} marks the cursor.
Reply with exactly the text to insert at {HOLE}, between {OPEN} and {CLOSE}, and with nothing else.
Do not repeat what stands before or after {HOLE}. Keep the file's indentation and style.
Stop where the statement or block at the cursor is complete. If nothing belongs there, reply {OPEN}{CLOSE}.

Example, for `return a {HOLE} b` in a function that adds:
{OPEN}+{CLOSE}"""


def without_marks(prompt: FimPrompt) -> FimPrompt:
    """`prompt` narrowed to text without our own marks, which a file about this very format may hold."""
    return narrow(prompt, (OPEN, CLOSE, HOLE, "</FILE>"))


def stable_part(prompt: FimPrompt) -> str:
    """The other files that stay the same while one file is edited: a prefix that servers can cache."""
    return _written(prompt.files[: prompt.lasting])


def passing_part(prompt: FimPrompt) -> str:
    """The other files that change with every edit."""
    return "" if prompt.lasting is None else _written(prompt.files[prompt.lasting :])


def _written(files: Iterable[ContextFile]) -> str:
    return "".join(f'<FILE path="{each.path}">\n{each.text}\n</FILE>\n' for each in files)


def hole_part(prompt: FimPrompt) -> str:
    """The file around the cursor, with the hole."""
    head = f'<FILE path="{prompt.path or "untitled"}" language="{prompt.language_id or "text"}">'
    return f"{head}\n{prompt.prefix}{prompt.typed}{HOLE}{prompt.suffix}\n</FILE>\nWhat stands at {HOLE}?"


def messages(prompt: FimPrompt) -> tuple[Message, ...]:
    """The conversation for a chat model."""
    clean = without_marks(prompt)
    return (
        Message("system", RULES),
        Message("user", stable_part(clean) + passing_part(clean) + hole_part(clean)),
    )


def _prose() -> MalformedAnswer:
    advice = "Choose a model that was trained to fill in the middle, or a larger one"
    return MalformedAnswer("the model answers with prose instead of the text to insert", advice)


class UnwrapFill(Unwrap):
    """Passes on what stands between the marks; `is_open` where the opening one was sent as the answer's start."""

    def __init__(self, *, is_open: bool = False) -> None:
        self._closer = CLOSE if is_open else ""
        self._held = ""
        self._drop = 0  # characters at the start of what is held that are part of the mark
        self._is_over = False

    def feed(self, text: str) -> str:
        if self._is_over:
            return ""
        self._held += text
        if not self._closer:
            self._find_opening()
        if self._closer:
            return self._until_closer()
        if len(self._held) > _MAX_PREAMBLE:
            raise _prose()
        return ""

    def end(self) -> str:
        if not self._closer:
            self._find_opening(is_end=True)
        if not self._closer:
            raise _prose()
        text = "" if self._is_over else self._until_closer()
        rest, self._held = self._held[self._drop :], ""
        return text if self._is_over else text + rest

    def _find_opening(self, *, is_end: bool = False) -> None:
        place = self._held.find(OPEN)
        fence = _FENCE.match(self._held)
        inside = self._held[fence.end() :] if fence else ""
        if fence and not inside.startswith(OPEN):
            if is_end or not OPEN.startswith(inside):
                # The line's end stays held, for it also opens the closing fence of an empty block.
                self._closer, self._held, self._drop = "\n```", "\n" + inside, 1
        elif place >= 0:
            self._closer, self._held = CLOSE, self._held[place + len(OPEN) :]

    def _until_closer(self) -> str:
        place = self._held.find(self._closer)
        if place >= 0:
            text, self._held, self._is_over = self._held[self._drop : place], "", True
            return text
        cut = max(self._drop, len(self._held) - len(self._closer) + 1)  # the closer may have begun
        if cut == self._drop:
            return ""
        text, self._held, self._drop = self._held[self._drop : cut], self._held[cut:], 0
        return text
