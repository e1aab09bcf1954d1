"""What a next-edit prompt is made of, and what its answer is read to: values that every format shares."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from enum import Enum

from ai_lsp.models.port import ContextFile, FimPrompt, Piece, PiecedPrompt


class Unusable(Enum):
    """Why an answer cannot be used. The value is the words a person reads."""

    CUT_SHORT = "the answer was cut short and does not say how it goes on"
    LOST = "the answer does not begin where the region does"
    FOREIGN = "the answer has next to nothing of the text that was to be changed"
    EMPTY = "the answer is empty"
    PROSE = "the answer is prose instead of code"
    ELSEWHERE = "the answer speaks of another place than it was asked about"


@dataclass(frozen=True, slots=True)
class PastEdit:
    """An edit of the user, as whole lines without their ends. `first` is 0-based and of the older text;"
    " `above` and
    `below` are up to three unchanged lines around it."""

    path: str
    first: int
    old: tuple[str, ...]
    new: tuple[str, ...]
    above: tuple[str, ...] = ()
    below: tuple[str, ...] = ()
    is_own: bool = True

    def hunk(self) -> str:
        """The hunk of a unified diff, with its header."""
        around = len(self.above) + len(self.below)
        start = self.first - len(self.above) + 1
        lines = [f"@@ -{start},{len(self.old) + around} +{start},{len(self.new) + around} @@"]
        lines += [" " + line for line in self.above]
        lines += ["-" + line for line in self.old] + ["+" + line for line in self.new]
        lines += [" " + line for line in self.below]
        return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True)
class Material:
    """Everything a format may write about. Lines end in `\\n`.

    `above`, `region` and `below` follow one another in the document from offset `at` on; `above` ends with a line
    end or is empty, `region` is whole lines without the end of the last, `below` begins with that end or is
    empty. `first_line` is the region's first. `cursor` is an offset within the region, -1 where it is elsewhere.
    `earlier` is the region before the last edits. `edits` come oldest first.
    """

    path: str
    language_id: str
    above: str
    region: str
    below: str
    at: int = 0
    first_line: int = 0
    cursor: int = -1
    earlier: str = ""
    edits: tuple[PastEdit, ...] = ()
    files: tuple[ContextFile, ...] = ()
    problems: tuple[str, ...] = ()
    repo: str = ""
    is_from_start: bool = False

    # Pieces for the gate: the document's text in its order, everything else apart

    def piece_above(self) -> Piece:
        return Piece(self.above, "document", self.at)

    def pieces_region(self, cursor_mark: str = "") -> tuple[Piece, ...]:
        """The region, with a mark at the cursor where it is in it."""
        start = self.at + len(self.above)
        if self.cursor < 0 or not cursor_mark:
            return (Piece(self.region, "document", start),)
        return (
            Piece(self.region[: self.cursor], "document", start),
            Piece(cursor_mark),
            Piece(self.region[self.cursor :], "document", start + self.cursor),
        )

    def piece_below(self) -> Piece:
        return Piece(self.below, "document", self.at + len(self.above) + len(self.region))

    @property
    def cursor_offset(self) -> int:
        """The cursor as an offset of the document; -1 where it is not in the region."""
        return self.at + len(self.above) + self.cursor if self.cursor >= 0 else -1


Prompt = PiecedPrompt | FimPrompt
Read = str | Unusable


@dataclass(frozen=True, slots=True)
class NextFormat:
    """One format.

    `models` is a regular expression searched in the lower-case last part of a model's name, its punctuation
    turned into `-`; `examples` are names it must find. The region is `lines` above and below the cursor's, or
    as many as fit `region_tokens`. `tokens` are the format's marks: text that holds one is not sent.
    `write` gives the prompt, `read` the new region from an answer (`is_cut`: its end is missing), `say` what a
    model would answer for a new region, for the laws. `trust` is the chance that an answer is right before
    anything is known of this user.
    """

    name: str
    models: str
    examples: tuple[str, ...]
    write: Callable[[Material], Prompt]
    read: Callable[[str, Material, bool], Read]
    say: Callable[[str, Material], str]
    tokens: tuple[str, ...]
    stops: tuple[str, ...]
    source: str
    lines: tuple[int, int] | None = None
    region_tokens: int = 350
    trust: float = 0.55
    takes_files: bool = True
    note: str = ""


def guarded(material: Material, tokens: tuple[str, ...]) -> Material | None:
    """The material without any of a format's marks: context is narrowed, the rest left out. None where the region
    itself holds one: then nothing is asked, for no escape is free of risk."""
    if not tokens:
        return material
    mark = re.compile("|".join(re.escape(token) for token in tokens))
    if mark.search(material.region):
        return None
    above, below = material.above, material.below
    cut = 0
    for hit in mark.finditer(above):
        end = above.find("\n", hit.end())
        cut = end + 1 if end >= 0 else len(above)
    stop = mark.search(below)
    if stop is not None:
        below = below[: below.rfind("\n", 0, stop.start())] if "\n" in below[: stop.start()] else ""
    return replace(
        material,
        above=above[cut:],
        at=material.at + cut,
        below=below,
        path="" if mark.search(material.path) else material.path,
        repo="" if mark.search(material.repo) else material.repo,
        earlier=material.region if mark.search(material.earlier) else material.earlier,
        edits=tuple(e for e in material.edits if not mark.search(e.path + e.hunk())),
        files=tuple(f for f in material.files if not mark.search(f.path + "\n" + f.text)),
        problems=tuple(p for p in material.problems if not mark.search(p)),
        is_from_start=material.is_from_start and not cut,
    )


# What the answers of region formats have in common

SIMILAR = 0.7
FIRST_QUARTER = 0.25
LEAST_KEPT = 0.5
LEAST_LINES, LEAST_LEFT = 4, 0.15
_WORD = re.compile(r"\w{2,}")
_FENCE = re.compile(r"\A\s*```[^\n`]*\n(.*?)(?:\n```[^\n]*\s*\Z|\Z)", re.DOTALL)


def settled(text: str, material: Material, is_cut: bool) -> Read:
    """An answer that repeats the whole region with its changes, checked and with the region's last line ends.

    One that is cut short loses its last line and goes on as the region does, from where the line before it stands
    there; where that is not to be found, it is of no use.
    """
    old = material.region.split("\n")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    new = text.split("\n")
    if is_cut:
        kept = new[:-1]
        if not kept or len(kept) < LEAST_KEPT * min(len(old), 4):
            return Unusable.CUT_SHORT
        at = _place_of(kept[-1], old, len(kept) - 1)
        if at is None:
            return Unusable.CUT_SHORT
        new = [*kept, *old[at + 1 :]]
    else:
        blanks_old = len(old) - len(_stripped(old))
        new = [*_stripped(new), *old[len(old) - blanks_old :]]
    if not "".join(new).strip() and "".join(old).strip():
        return Unusable.EMPTY
    if _has_lost_its_place(new, old):
        return Unusable.LOST
    return Unusable.FOREIGN if _is_foreign(new, old) else "\n".join(new)


def without_fence(text: str) -> str:
    """The text within a code fence, where the whole answer is one."""
    match = _FENCE.match(text)
    return match[1] if match else text


def _stripped(lines: list[str]) -> list[str]:
    end = len(lines)
    while end > 0 and not lines[end - 1].strip():
        end -= 1
    return lines[:end]


def _place_of(line: str, old: list[str], near: int) -> int | None:
    """Where a line stands in the old ones, nearest to a place; None for one that says too little."""
    if len(line.strip()) < 3:
        return None
    places = [index for index, other in enumerate(old) if other == line]
    return min(places, key=lambda index: abs(index - near), default=None)


def _is_foreign(new: list[str], old: list[str]) -> bool:
    """Whether next to nothing of a region is left in an answer, neither its lines nor their words: it is about
    other text."""
    said = [line.strip() for line in old if line.strip()]
    kept = {line.strip() for line in new if line.strip()}
    if min(len(said), len(kept)) < LEAST_LINES:
        return False
    words, others = set(_WORD.findall("\n".join(old))), set(_WORD.findall("\n".join(new)))
    return sum(line in kept for line in said) <= LEAST_LEFT * len(said) and len(words & others) < 0.5 * len(words)


def _has_lost_its_place(new: list[str], old: list[str]) -> bool:
    """Whether an answer begins far below the region's first line: small models start where the change is."""
    if len(old) < 4 or not new:
        return False
    first = next((line for line in new if line.strip()), "")
    ratios = [SequenceMatcher(None, first, line).ratio() if line.strip() else 0.0 for line in old]
    best = max(range(len(old)), key=lambda index: ratios[index])
    return ratios[best] > SIMILAR and best > max(1, FIRST_QUARTER * len(old)) and ratios[best] > max(ratios[:2])


def history(edits: tuple[PastEdit, ...], opening: str = "", closing: str = "") -> tuple[Piece, ...]:
    """Edits as unified diffs with the usual headers, each between two words of the format."""
    out = []
    for edit in edits:
        text = f"--- a/{edit.path}\n+++ b/{edit.path}\n{edit.hunk()}"
        piece = Piece(text, "earlier") if edit.is_own else Piece(text, "other", path=edit.path)
        out += [Piece(opening), piece, Piece(closing)] if opening or closing else [piece]
    return tuple(out)


def file_pieces(files: tuple[ContextFile, ...], opening: str, closing: str) -> tuple[Piece, ...]:
    """Texts of other files; `{path}` in `opening` is the file's."""
    out = []
    for file in files:
        head = Piece(opening.format(path=file.path), "other", path=file.path)
        out += [head, Piece(file.text.removesuffix("\n") + "\n", "other", path=file.path), Piece(closing)]
    return tuple(out)
