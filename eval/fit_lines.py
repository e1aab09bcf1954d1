"""Fits the scorer of the embedded predictor: `python -m eval.fit_lines --out WEIGHTS_JSON REPO_DIR...`.

Needs lightgbm, for fitting only; what it finds is written as a plain table of small trees.
"""

from __future__ import annotations

import argparse
import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ai_lsp.completion.local import evidence
from eval.lines.cases import columns, is_wanted, line_cases
from eval.lines.replay import InProcess
from eval.lines.repository import Repository

ROUNDS = 300
PARAMETERS = {
    "objective": "binary", "learning_rate": 0.08, "num_leaves": 48, "max_depth": 9, "min_data_in_leaf": 40,
    "feature_fraction": 0.5, "bagging_fraction": 0.7, "bagging_freq": 1, "lambda_l2": 10, "verbose": -1,
    "num_threads": 1, "seed": 1, "deterministic": True,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sample:
    """Every candidate at every spot of one repository's cases."""

    rows: npt.NDArray[np.float32]
    right: npt.NDArray[np.bool_]
    spot: npt.NDArray[np.int64]  # which spot a row belongs to
    characters: npt.NDArray[np.int64]  # of a row's text
    rest: npt.NDArray[np.int64]  # per spot: characters of the true rest
    inside: npt.NDArray[np.bool_]  # per spot
    pure: npt.NDArray[np.bool_]  # per spot: the stretch removes nothing


def collect(folder: str, commits: int) -> Sample:
    """The sample of one repository."""
    repository = Repository(folder)
    engine = InProcess(repository, 0.0)
    rows: list[list[float]] = []
    right: list[bool] = []
    spots: list[int] = []
    characters: list[int] = []
    rests: list[int] = []
    inside: list[bool] = []
    pure: list[bool] = []
    for commit in repository.commits(commits, is_wanted):
        engine.commit(commit)
        for case in line_cases(repository, commit):
            engine.line(case)
            for kind, col in columns(case).items():
                uri, line = engine.prepare(col)
                asked = engine.engine.question(uri, line, col)
                assert asked is not None
                rest = case.line[col:].rstrip()
                for candidate in evidence.candidates(asked.spot, asked.ways()):
                    rows.append(candidate.row)
                    right.append(rest.startswith(candidate.text.rstrip()))
                    spots.append(len(rests))
                    characters.append(len(candidate.text.rstrip()))
                rests.append(len(rest))
                inside.append(kind == "inside")
                pure.append(not case.replaced)
    engine.close()
    return Sample(
        np.array(rows, np.float32),
        np.array(right),
        np.array(spots),
        np.array(characters),
        np.array(rests),
        np.array(inside),
        np.array(pure),
    )


def fit(samples: list[Sample]) -> dict[str, Any]:
    """Trees fitted on some samples, in the form that the package ships."""
    import lightgbm

    rows = np.concatenate([s.rows for s in samples])
    right = np.concatenate([s.right for s in samples])
    # A spot with many candidates must not outweigh one with few.
    weight = np.concatenate([1 / np.sqrt(np.bincount(s.spot, minlength=len(s.rest))[s.spot]) for s in samples])
    booster = lightgbm.train(PARAMETERS, lightgbm.Dataset(rows, right, weight=weight), ROUNDS)
    trees: list[list[Any]] = []
    deepest = 0
    for tree in booster.dump_model()["tree_info"]:
        nodes: list[Any] = []
        deepest = max(deepest, flattened(tree["tree_structure"], nodes))
        trees.append(nodes)
    return {"features": list(evidence.NAMES), "depth": deepest, "trees": trees}


def flattened(node: dict[str, Any], nodes: list[Any]) -> int:
    """Adds a node and all below it; returns their depth."""
    at = len(nodes)
    if "split_feature" not in node:
        nodes.append(round(node["leaf_value"], 5))
        return 0
    nodes.append(None)
    low = len(nodes)
    below_low = flattened(node["left_child"], nodes)
    high = len(nodes)
    below_high = flattened(node["right_child"], nodes)
    nodes[at] = [node["split_feature"], float(f"{node['threshold']:.6g}"), low, high]
    return 1 + max(below_low, below_high)


def main() -> None:
    """Collects, fits, writes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("repositories", nargs="+")
    parser.add_argument("--commits", type=int, default=40)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", type=Path, help="where the weights go")
    parser.add_argument("--samples", type=Path, help="a folder to leave the samples in, as .npz")
    parser.add_argument("--collect-only", action="store_true", help="leave samples, fit nothing")
    parser.add_argument("--reuse", action="store_true", help="take the samples that --samples holds already")
    arguments = parser.parse_args()
    names = [Repository(folder).name for folder in arguments.repositories]
    if arguments.reuse:
        samples = [Sample(**np.load(arguments.samples / f"{name}.npz")) for name in names]
    else:
        with ProcessPoolExecutor(arguments.jobs) as pool:
            samples = list(pool.map(partial(collect, commits=arguments.commits), arguments.repositories))
    for name, sample in zip(names, samples, strict=True):
        print(f"{name}: {len(sample.rest)} spots, {len(sample.rows)} candidates, {sample.right.mean():.3f} right")
        if arguments.samples and not arguments.reuse:
            arguments.samples.mkdir(parents=True, exist_ok=True)
            fields = {field: getattr(sample, field) for field in Sample.__slots__}
            np.savez(arguments.samples / f"{name}.npz", **fields)
    if arguments.out and not arguments.collect_only:
        stored = {
            "fitted_on": sorted(n.replace("+", "/") for n in names),
            "commits": arguments.commits,
            **fit(samples),
        }
        arguments.out.write_text(json.dumps(stored, separators=(",", ":")) + "\n", "utf-8")


if __name__ == "__main__":
    main()
