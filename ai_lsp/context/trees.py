"""Chances out of small regression trees, fitted elsewhere and shipped as data. Loads numpy: for workers only."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Trees:
    """Regression trees laid end to end; a node with feature -1 is a leaf and leads to itself."""

    names: tuple[str, ...]  # of the features, in the order of a row
    feature: npt.NDArray[np.int32]
    bound: npt.NDArray[np.float64]  # a leaf's value stands here too
    low: npt.NDArray[np.int32]  # next node where the feature is at most the bound
    high: npt.NDArray[np.int32]
    roots: npt.NDArray[np.int32]
    depth: int

    def chances(self, rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """The chance of being right for each row of features."""
        node = np.broadcast_to(self.roots, (len(rows), len(self.roots)))
        across = np.arange(len(rows))[:, None]
        for _ in range(self.depth):
            node = np.where(rows[across, self.feature[node]] <= self.bound[node], self.low[node], self.high[node])
        score = self.bound[node].sum(axis=1)
        return np.asarray(1.0 / (1.0 + np.exp(-score)))


def read(text: str) -> Trees:
    """Trees from their JSON form."""
    stored = json.loads(text)
    feature: list[int] = []
    bound: list[float] = []
    low: list[int] = []
    high: list[int] = []
    roots: list[int] = []
    for tree in stored["trees"]:
        first = len(feature)
        roots.append(first)
        for offset, node in enumerate(tree):
            if isinstance(node, list):
                feature.append(node[0])
                bound.append(node[1])
                low.append(first + node[2])
                high.append(first + node[3])
            else:
                feature.append(0)
                bound.append(node)
                low.append(first + offset)
                high.append(first + offset)
    return Trees(
        tuple(stored["features"]),
        np.array(feature, np.int32),
        np.array(bound),
        np.array(low, np.int32),
        np.array(high, np.int32),
        np.array(roots, np.int32),
        stored["depth"],
    )
