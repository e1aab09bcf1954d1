"""Fits the embedded next-edit engine's scorer: `python -m eval.fit_next_edit --out WEIGHTS_JSON REPO_DIR...`.

Needs lightgbm, for fitting only; what it finds is written as a plain table of small trees.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ai_lsp.edits.local import evidence, places
from ai_lsp.edits.local.candidates import candidates
from ai_lsp.edits.local.evidence import Candidate
from eval.fit_lines import flattened
from eval.lines.repository import Repository
from eval.next_edit.cases import Order, Workspace, steps
from eval.next_edit.cases import commits as commits_of
from eval.next_edit.replay import InProcess, path_of
from eval.next_edit.score import Shown, judge

ORDERS: tuple[Order, ...] = ("diff", "shuffle")
ROUNDS = 300
PARAMETERS = {
    "objective": "binary", "learning_rate": 0.06, "num_leaves": 8, "max_depth": 4, "min_data_in_leaf": 80,
    "feature_fraction": 0.25, "bagging_fraction": 0.7, "bagging_freq": 1, "lambda_l2": 10, "verbose": -1,
    "num_threads": 1, "seed": 1, "deterministic": True,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sample:
    """Every candidate and every place at every state of one repository's cases."""

    rows: npt.NDArray[np.float32]
    state: npt.NDArray[np.int64]  # which state a row belongs to
    spot: npt.NDArray[np.int64]  # file (a number within the state), first line, line behind the last
    exact: npt.NDArray[np.bool_]
    lines: npt.NDArray[np.bool_]
    place: npt.NDArray[np.bool_]
    place_rows: npt.NDArray[
        np.float32
    ]  # without the chances of edits, which come from a fit on other repositories
    place_state: npt.NDArray[np.int64]
    place_spot: npt.NDArray[np.int64]  # file and line
    place_right: npt.NDArray[np.bool_]
    commit: npt.NDArray[np.int64]  # per state
    order: npt.NDArray[np.int64]  # per state: 0 diff, 1 shuffle
    is_over: npt.NDArray[np.bool_]  # per state: nothing was left to come


def collect(folder: str, commits: int, skip: int) -> Sample:
    """The sample of one repository."""
    repository = Repository(folder)
    engine = InProcess(repository)
    rows: list[list[float]] = []
    spots: list[tuple[int, int, int, int]] = []
    verdicts: list[tuple[bool, bool, bool]] = []
    place_rows: list[list[float]] = []
    place_spots: list[tuple[int, int, int]] = []
    place_right: list[bool] = []
    about: list[tuple[int, int, bool]] = []
    for number, commit in enumerate(commits_of(repository, commits, skip)):
        for which, order in enumerate(ORDERS):
            engine.commit(commit)
            workspace = Workspace(repository, commit)
            for hunk, left in steps(commit, order):
                engine.applied(workspace, hunk)
                stage = engine.engine.stage()
                if stage is None:
                    continue
                found = candidates(stage, lambda: False)
                files: dict[str, int] = {}
                for one in found:
                    verdict = judge(_shown(one), left, workspace.place)
                    rows.append(one.row)
                    file = files.setdefault(one.name, len(files))
                    spots.append((len(about), file, one.start, one.start + max(1, len(one.old))))
                    verdicts.append((verdict.exact, verdict.lines, verdict.place))
                likely = sorted(((0.0, one) for one in found), key=lambda pair: _likely(pair[1]))
                for place in places.places(stage, likely, lambda: False):
                    shown = Shown(_path(place.name), place.line, [], [], True, 0.0)
                    place_rows.append(place.row)
                    place_spots.append((len(about), files.setdefault(place.name, len(files)), place.line))
                    place_right.append(judge(shown, left, workspace.place).place)
                about.append((number, which, not left))
    engine.close()
    seen = np.array(verdicts, bool).reshape(-1, 3)
    told = np.array(about, np.int64).reshape(-1, 3)
    spot = np.array(spots, np.int64).reshape(-1, 4)
    place_spot = np.array(place_spots, np.int64).reshape(-1, 3)
    return Sample(
        np.array(rows, np.float32).reshape(-1, len(evidence.NAMES)), spot[:, 0], spot[:, 1:],
        seen[:, 0], seen[:, 1], seen[:, 2],
        np.array(place_rows, np.float32).reshape(-1, len(places.NAMES)), place_spot[:, 0], place_spot[:, 1:],
        np.array(place_right, bool), told[:, 0], told[:, 1], told[:, 2].astype(bool),
    )  # fmt: skip


def _likely(one: Candidate) -> tuple[float, float]:
    """An order of candidates without any fit: shown by many edits first, then of few hits."""
    return -one.row[evidence.NAMES.index("support")], one.row[evidence.NAMES.index("hits")]


def _path(name: str) -> str:
    return path_of(name) if name.startswith("file:") else name[1:]


def _shown(one: Candidate) -> Shown:
    return Shown(_path(one.name), one.start, list(one.old), list(one.new), False, 0.0)


def with_chances(sample: Sample, chances: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """The rows of places with the chances of the edits around them filled in."""
    rows = sample.place_rows.copy()
    chance, any_, count = (places.NAMES.index(n) for n in ("edit_chance", "edit_chance_any", "edits_here"))
    edit_bounds = np.searchsorted(sample.state, np.arange(len(sample.is_over) + 1))
    place_bounds = np.searchsorted(sample.place_state, np.arange(len(sample.is_over) + 1))
    for state in range(len(sample.is_over)):
        mine = slice(edit_bounds[state], edit_bounds[state + 1])
        spot, own = sample.spot[mine], chances[mine]
        best = np.argsort(-own)[: places.MOST_RATED]
        spot, own = spot[best], own[best]
        for at in range(place_bounds[state], place_bounds[state + 1]):
            file, line = sample.place_spot[at]
            near = own[(spot[:, 0] == file) & (spot[:, 1] - 1 <= line) & (line <= spot[:, 2])]
            rows[at, chance] = near.max() if len(near) else 0.0
            rows[at, any_] = own.max() if len(own) else 0.0
            rows[at, count] = len(near)
    return rows


def trained(rows: Sequence[Any], right: Sequence[Any], state: Sequence[Any], used: Sequence[Any]) -> Any:
    """A booster over the candidates of some repositories."""
    import lightgbm

    # A state with many candidates must not outweigh one with few.
    weight = [(1 / np.sqrt(np.bincount(s)[s]))[u] for s, u in zip(state, used, strict=True)]
    data = lightgbm.Dataset(
        np.concatenate([r[u] for r, u in zip(rows, used, strict=True)]),
        np.concatenate([r[u] for r, u in zip(right, used, strict=True)]),
        weight=np.concatenate(weight),
    )
    return lightgbm.train(PARAMETERS, data, ROUNDS)


def fit_edits(samples: Sequence[Sample]) -> Any:
    """Says whether every line of an edit is right."""
    used = [~s.is_over[s.state] for s in samples]
    return trained([s.rows for s in samples], [s.lines for s in samples], [s.state for s in samples], used)


def fit_places(samples: Sequence[Sample]) -> Any:
    """Says whether an edit is due at a place. The chances of edits that it sees come from the other half of the
    repositories, as they do for repositories that nobody has seen."""
    halves = [samples[0::2], samples[1::2]]
    boosters = [fit_edits(half) for half in halves]
    rows, right, state, used = [], [], [], []
    for number, half in enumerate(halves):
        for sample in half:
            rows.append(with_chances(sample, boosters[1 - number].predict(sample.rows)))
            right.append(sample.place_right)
            state.append(sample.place_state)
            used.append(~sample.is_over[sample.place_state])
    return trained(rows, right, state, used)


def as_trees(booster: Any, names: Sequence[str]) -> dict[str, Any]:
    """A booster in the form that the package ships."""
    trees: list[list[Any]] = []
    deepest = 0
    for tree in booster.dump_model()["tree_info"]:
        nodes: list[Any] = []
        deepest = max(deepest, flattened(tree["tree_structure"], nodes))
        trees.append(nodes)
    return {"features": list(names), "depth": deepest, "trees": trees}


def main() -> None:
    """Collects, fits, writes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("repositories", nargs="+")
    parser.add_argument("--commits", type=int, default=60)
    parser.add_argument("--skip", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", type=Path, help="where the weights go")
    parser.add_argument("--samples", type=Path, help="a folder to leave the samples in, as .npz")
    parser.add_argument("--reuse", action="store_true", help="take the samples that --samples holds already")
    arguments = parser.parse_args()
    names = [Repository(folder).name for folder in arguments.repositories]
    if arguments.reuse:
        samples = [Sample(**np.load(arguments.samples / f"{name}.npz")) for name in names]
    else:
        samples = []
        with ProcessPoolExecutor(arguments.jobs) as pool:
            work = partial(collect, commits=arguments.commits, skip=arguments.skip)
            for name, sample in zip(names, pool.map(work, arguments.repositories), strict=True):
                print(f"{name}: {len(sample.is_over)} states, {len(sample.rows)} candidates", flush=True)
                samples.append(sample)
                if arguments.samples:
                    arguments.samples.mkdir(parents=True, exist_ok=True)
                    fields = {field: getattr(sample, field) for field in Sample.__slots__}
                    np.savez_compressed(arguments.samples / f"{name}.npz", **fields)
    if arguments.out:
        stored = {
            "fitted_on": sorted(n.replace("+", "/") for n in names),
            "commits": arguments.commits,
            "edit": as_trees(fit_edits(samples), evidence.NAMES),
            "place": as_trees(fit_places(samples), places.NAMES),
        }
        arguments.out.write_text(json.dumps(stored, separators=(",", ":")) + "\n", "utf-8")


if __name__ == "__main__":
    main()
