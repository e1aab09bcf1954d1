"""How likely an edit, or a place, is right: small trees, fitted on the history of other repositories."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from ai_lsp.context.trees import Trees, read

WEIGHTS = "weights.json"


@dataclass(frozen=True, slots=True)
class Weights:
    """`edit` says whether every line of an edit is right, `place` whether one is due at a place."""

    edit: Trees
    place: Trees


@cache
def shipped() -> Weights:
    """The trees that come with the package; the file says what they were fitted on."""
    stored = json.loads(files("ai_lsp.edits.local").joinpath(WEIGHTS).read_text("utf-8"))
    return Weights(read(json.dumps(stored["edit"])), read(json.dumps(stored["place"])))


def chances(rows: Sequence[Sequence[float]], trees: Trees) -> list[float]:
    """The chance of each row to be right."""
    if not rows:
        return []
    return [float(x) for x in trees.chances(np.array(rows))]
