"""Steps about the text right of the cursor: what the answer repeats goes, what it brings itself is replaced."""

from __future__ import annotations

from ai_lsp.completion.clean.place import Place, open_brackets, unmatched_closers

CLOSERS = ")]}>\"'`;,:"

_OPENED_BY = {")": "(", "]": "[", "}": "{"}


def drop_suffix(text: str, at: Place) -> str:
    """An answer that goes on into the text right of the cursor loses what stands there already.

    White space makes no difference: `a, b)` before `,b)` is `a`.
    """
    right = at.right.rstrip()
    first, newline, rest = text.partition("\n")
    if not right.strip() or (newline and not is_closers(right)):
        return text
    for size in range(len(right), 0, -1):
        if right[size - 1].isspace() or not right[:size].strip():
            continue
        start = _ends_with(first, right[:size])
        if start is None or (size < len(right) and len(right[:size].strip()) <= 2):
            continue
        if is_closers(right) and not _closes_outside(first, first[start:].lstrip()):
            continue
        return first[:start] + newline + rest
    return text


def _ends_with(text: str, tail: str) -> int | None:
    """Where `tail` begins in `text`, which ends with it, white space aside; None where it does not."""
    i, j = len(text) - 1, len(tail) - 1
    while j >= 0:
        if tail[j].isspace():
            j -= 1
        elif i >= 0 and text[i].isspace():
            i -= 1
        elif i >= 0 and text[i] == tail[j]:
            i, j = i - 1, j - 1
        else:
            return None
    start = i + 1
    if tail[:1].isspace():  # the space that the document has there already
        while start > 0 and text[start - 1] == " ":
            start -= 1
    return start


def cover_right(text: str, at: Place) -> tuple[str, int]:
    """An answer that brings closers of its own replaces those that stand right of the cursor.

    Returns the text and how many characters right of the cursor it takes the place of.
    """
    right = at.right.rstrip()
    if not right or not is_closers(right):
        return text, 0
    if "\n" in text and text.endswith(right):
        return text, len(right)
    covered, brought = 0, _brought(text)
    for index, char in enumerate(right):
        if char in brought:
            del brought[: brought.index(char) + 1]
        elif char.isspace():
            continue
        elif not (_is_odd_quote(char, text) or (0 < index == covered and char in ";,:" and text.endswith(char))):
            break
        covered = index + 1
    return text, covered


def _brought(text: str) -> list[str]:
    """The closers that an answer brings for what stands left of it; what it opens anew needs one in return."""
    closers = unmatched_closers(text)
    return closers[: max(0, len(closers) - open_brackets(text))]


def _is_odd_quote(char: str, text: str) -> bool:
    return char in "\"'`" and text.count(char) % 2 == 1


def is_closers(text: str) -> bool:
    """Whether a text holds nothing but what an editor puts behind the cursor by itself, or a statement's end."""
    return all(char in CLOSERS or char.isspace() for char in text)


def _closes_outside(text: str, tail: str) -> bool:
    """Whether the closers `tail`, with which `text` ends, close something that `text` itself did not open."""
    last = tail[:1]
    if last not in _OPENED_BY:
        return last not in "\"'`" or _is_odd_quote(last, text)
    return text.count(_OPENED_BY[last]) < text.count(last)
