"""What the user dismissed: remembered by place and text, moved along with edits, forgotten by and by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ai_lsp.edits.next_values import Proposal
from ai_lsp.text.edit import Edit, map_offset

MOST = 64
"""Dismissals kept, newest first to stay."""

DISMISSED_S = 600.0
"""Half-life of a dismissal, doubled each time the same thing is dismissed again. What was merely passed over is
none: in replayed commits, holding that against a change costs as much coverage as it gains precision."""

UNWANTED = 0.5
"""How much of a dismissal must be remembered for the same thing not to be shown."""

_FAR = 2_000  # characters between two places that are still "here" for one text


@dataclass(frozen=True, slots=True)
class Rejection:
    """A change that was not wanted: at `offset` of a document, `removed` for `added`."""

    uri: str
    offset: int
    removed: str
    added: str
    at: float
    half_life_s: float

    def weight(self, now: float) -> float:
        """How much of it is still remembered, 1 down to 0."""
        return float(0.5 ** (max(0.0, now - self.at) / self.half_life_s))


@dataclass(frozen=True, slots=True)
class Rejections:
    """The dismissals of a session; a new value for each change."""

    items: tuple[Rejection, ...] = ()

    def add(self, proposal: Proposal, now: float) -> Rejections:
        """The proposal was dismissed."""
        same = [each for each in self.items if _is_same(each, proposal)]
        others = tuple(each for each in self.items if each not in same)
        half_life = 2 * max(each.half_life_s for each in same) if same else DISMISSED_S
        new = Rejection(
            proposal.uri, proposal.edit.span.start, proposal.removed, proposal.edit.new_text, now, half_life
        )
        return Rejections((*others, new)[-MOST:])

    def moved(self, uri: str, edits: Sequence[Edit]) -> Rejections:
        """After edits of a document that follow one another."""
        if not any(each.uri == uri for each in self.items):
            return self
        out = []
        for each in self.items:
            offset = each.offset
            if each.uri == uri:
                for edit in edits:
                    offset = map_offset(offset, edit)
            out.append(replace(each, offset=offset))
        return Rejections(tuple(out))

    def weight(self, proposal: Proposal, now: float) -> float:
        """How unwanted a proposal is, 0..1; from UNWANTED on it is not shown."""
        return max((each.weight(now) for each in self.items if _is_same(each, proposal)), default=0.0)


def _is_same(rejection: Rejection, proposal: Proposal) -> bool:
    return (
        rejection.uri == proposal.uri
        and rejection.added == proposal.edit.new_text
        and rejection.removed == proposal.removed
        and abs(rejection.offset - proposal.edit.span.start) <= (_FAR if proposal.kind == "edit" else 80)
        and (proposal.kind == "edit" or not rejection.added)
    )
