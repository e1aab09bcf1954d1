"""What one completion may look at: settings, the model, the embedded predictor, what is remembered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ai_lsp.completion.gate import NOTHING_HAPPENED, Moment
from ai_lsp.completion.prompt import Around, Built, Memory
from ai_lsp.completion.query import Due, Suggestion
from ai_lsp.completion.settings import CompletionSettings
from ai_lsp.context.counts import Count
from ai_lsp.errors import ModelError
from ai_lsp.models.port import Model, ModelRequest, Usage
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Edit

if TYPE_CHECKING:
    from ai_lsp.completion.reuse_state import Reuse


class Prediction(Protocol):
    """What the embedded predictor answers; see completion/local/client.py."""

    @property
    def text(self) -> str: ...
    @property
    def confidence(self) -> float: ...
    @property
    def why(self) -> str: ...


class Predictor(Protocol):
    """The embedded predictor, seen from here: one question about an open document."""

    async def predict(
        self, uri: str, line: int, col: int, *, min_confidence: float, max_lines: int = 1, timeout_s: float = 0.2
    ) -> Prediction | None: ...


class ModelRoute(Protocol):
    """The model that the user chose for completion, and who wants to know how asking it went."""

    @property
    def model(self) -> Model: ...
    @property
    def epoch(self) -> str:
        """Names the model as it is set up now: answers of another epoch are none of its own."""

    @property
    def one_at_a_time(self) -> bool:
        """Whether the server has one slot for completions, which an abandoned request must free at once."""

    @property
    def context_tokens(self) -> int: ...
    @property
    def swift_tokens(self) -> int:
        """As much of a prompt, in tokens, as the server reads in about a second; `context_tokens` at most."""

    @property
    def count(self) -> Count:
        """Tokens of a text, as the model counts them or nearly so."""

    def started(self) -> None:
        """A request goes out; one of the three below ends it."""

    def succeeded(self, request: ModelRequest, usage: Usage | None, first_s: float | None = None) -> None:
        """`first_s`: seconds until the first of the answer."""

    def failed(self, error: ModelError) -> None: ...
    def abandoned(self) -> None: ...


@dataclass(frozen=True, slots=True)
class World:
    """What one completion may look at. `edits_since` gives the edits made to a document after a snapshot,
    or None where they are not known any more; `new_id` names a suggestion. `around` gives what is known of
    other places when it is called, `memory` is that of the document's last prompt, and `built` is told of
    each new one. `reuse` is what the session remembers; without it, every completion begins with nothing.
    `debounce_s` None: as the typing wants it. `due` is the next edit where it stands at the cursor."""

    settings: CompletionSettings
    is_off: bool
    is_ignored: bool
    shown: Suggestion | None
    predictor: Predictor | None
    route: ModelRoute | None
    edits_since: Callable[[DocumentSnapshot], Sequence[Edit] | None]
    new_id: Callable[[], str]
    debounce_s: float | None = 0.0
    repo: str = ""
    around: Callable[[], Around] | None = None
    memory: Memory | None = None
    built: Callable[[Built], None] | None = None
    reuse: Reuse | None = None
    moment: Moment = NOTHING_HAPPENED
    due: Due | None = None
