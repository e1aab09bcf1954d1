"""Cut an answer at its stop strings while it streams, whether or not the server does."""

from __future__ import annotations


class StopCutter:
    """Passes text on until one of `stops` begins; text that may be the start of one is held back."""

    def __init__(self, stops: tuple[str, ...]) -> None:
        self.is_cut = False
        self._stops = tuple(stop for stop in stops if stop)
        self._held = ""

    def feed(self, text: str) -> str:
        """What of the answer is certain now. After a cut: nothing."""
        if self.is_cut:
            return ""
        text = self._held + text
        found = [(text.find(stop), stop) for stop in self._stops if stop in text]
        if found:  # the first to be whole wins, as if characters came one by one
            self.is_cut, self._held = True, ""
            return text[: min(found, key=lambda each: (each[0] + len(each[1]), each[0]))[0]]
        hold = max((_begun(text, stop) for stop in self._stops), default=0)
        self._held = text[len(text) - hold :]
        return text[: len(text) - hold]

    def end(self) -> str:
        """What was held back, once it is certain that no more comes."""
        held, self._held = self._held, ""
        return held


def _begun(text: str, stop: str) -> int:
    """Length of the longest end of `text` that is a start of `stop`, in characters."""
    for size in range(min(len(text), len(stop) - 1), 0, -1):
        if text.endswith(stop[:size]):
            return size
    return 0
