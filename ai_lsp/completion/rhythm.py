"""How somebody types, and how long a model takes: from both, how long to wait before it is asked. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from statistics import median

KEPT = 32
PAUSE_S = 1.0
"""A longer gap is no rhythm."""

LONGEST_S = 0.15
"""The most that "auto" ever waits."""

UNSEEN = 3
"""After so many answers in a row that came to nothing, the end of a burst is waited for."""

PAUSED_S = 0.5
"""So long after the last key the user reads, and what stands on the screen may change."""

LATE_S = 0.008
"""An editor whose requests come later than this after a key waits before it asks."""

ASKS_KEPT = 5


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Gaps between the last keys, in seconds, and when the last one was; `answers_s` is the time that a model
    takes until its first line is there, smoothed, and `unseen` how many answers in a row came to nothing. `asks`
    is how long after a key the editor asked, the last few times; `has_asked`: also since the last one."""

    gaps: tuple[float, ...] = ()
    last: float | None = None
    answers_s: float | None = None
    unseen: int = 0
    asks: tuple[float, ...] = ()
    has_asked: bool = False

    def key(self, now: float) -> Rhythm:
        """A key was pressed."""
        gap = None if self.last is None else now - self.last
        gaps = self.gaps if gap is None or not 0.005 < gap < PAUSE_S else (*self.gaps, gap)[-KEPT:]
        return replace(self, gaps=gaps, last=now, has_asked=False)

    def asked(self, now: float) -> Rhythm:
        """The editor asks for ghost text."""
        if self.has_asked or self.rested_s(now) > PAUSE_S:  # it asks for another reason than the last key
            return self
        return replace(self, asks=(*self.asks, self.rested_s(now))[-ASKS_KEPT:], has_asked=True)

    @property
    def asks_late(self) -> bool:
        """Whether the editor waits after a key before it asks."""
        return len(self.asks) > ASKS_KEPT // 2 and median(self.asks) > LATE_S

    def answered(self, took_s: float) -> Rhythm:
        """A model's first line, or its whole answer where that is shorter, came after `took_s`."""
        known = took_s if self.answers_s is None else self.answers_s
        return replace(self, answers_s=0.7 * known + 0.3 * took_s, unseen=0)

    def came_to_nothing(self) -> Rhythm:
        """A model was asked, and the user typed something else before anything could be shown."""
        return replace(self, unseen=self.unseen + 1)

    def rested_s(self, now: float) -> float:
        """Seconds since the last key."""
        return math.inf if self.last is None else now - self.last

    def has_paused(self, now: float) -> bool:
        """Whether the user seems to read rather than to type."""
        return self.rested_s(now) > PAUSED_S


def debounce_s(rhythm: Rhythm) -> float:
    """Seconds to wait before a model is asked: none while its answers are of use, for a key that agrees with one
    joins it. After several that came to nothing, as long as the next key takes: the end of a burst is waited for.
    """
    if len(rhythm.gaps) < 4 or rhythm.answers_s is None:
        return 0.0
    return min(LONGEST_S, median(rhythm.gaps)) if rhythm.unseen >= UNSEEN else 0.0
