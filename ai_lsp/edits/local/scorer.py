"""How likely an edit, or a place, is right: small trees, fitted on the history of other repositories."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from ai_lsp.context.trees import Trees, read
from ai_lsp.edits.local.evidence import Candidate

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


SURE = {
    "local": 0.9, "file": 0.95, "import": 0.86, "own_member": 0.9, "sole_member": 0.88, "imported": 0.9,
    "near": 0.88, "far_member": 0.75, "joined": 0.85, "local_again": 0.5, "file_again": 0.5, "import_again": 0.5,
    "call": 0.75,
}  # fmt: skip
"""The chance that a use is to follow its renamed declaration, by what ties it to that (eval/renames)."""

AGAINST = 0.3
"""What is left of the chance of a rename at a place that the declaration's scope does not reach."""


def with_scope(chance: float, one: Candidate) -> float:
    """A chance with what the syntax says of a rename."""
    if one.tie:
        return max(chance, SURE[one.tie])
    return chance * AGAINST if one.is_out_of_scope else chance


def chances(rows: Sequence[Sequence[float]], trees: Trees) -> list[float]:
    """The chance of each row to be right."""
    if not rows:
        return []
    return [float(x) for x in trees.chances(np.array(rows))]
