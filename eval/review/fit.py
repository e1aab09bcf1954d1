"""Learns the habits of public code (ai_lsp/diagnostics/habits.json): which choice goes with what stands around.

    python -m eval.review.fit --out ai_lsp/diagnostics/habits.json FOLDER...

Multinomial logistic regression on hashed features, one for each kind of choice, by AdaGrad; deterministic.
"""

from __future__ import annotations

import argparse
import base64
import json
import sys
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ai_lsp.diagnostics.habits import MISTAKES, elsewhere, hashed
from ai_lsp.diagnostics.shapes import GROUPS
from ai_lsp.diagnostics.sites import sites
from ai_lsp.diagnostics.sites_values import numerals, pairs
from eval.review.corpus import sources

EPOCHS, RATE, BATCH, KEEP = 6, 0.08, 256, 0.6
LEAST, ORIGINS = 6, 2
"""A feature counts where it is seen this often, and in as many packages."""

MOST = 9_000
"""Features kept of each kind of choice, the heaviest first."""


@dataclass
class Sites:
    """Sites of one kind: choice, hashes of the features, and the folder each comes from."""

    labels: list[int] = field(default_factory=list)
    hashes: list[np.ndarray] = field(default_factory=list)
    origins: list[int] = field(default_factory=list)
    lines: int = 0


def gather(folders: list[Path], most: int) -> dict[str, Sites]:
    """Every site of the folders."""
    out = {group: Sites() for group in GROUPS}
    origins: dict[str, int] = {}
    for folder in folders:
        count = 0
        for source in sources(folder, most):
            origin = origins.setdefault(f"{folder.name}/{source.path.partition('/')[0]}", len(origins))
            for each in out.values():
                each.lines += source.text.count("\n")
            try:
                found = [*sites(source), *pairs(source), *numerals(source)]
            except RecursionError:
                continue
            for site, extra in zip(found, elsewhere(found), strict=True):
                into = out[site.group]
                into.labels.append(GROUPS[site.group].index(site.choice))
                into.hashes.append(np.unique([hashed(f) for f in (*site.features, *extra)]))
                into.origins.append(origin)
                if site.wrong:
                    into.labels.append(1)
                    into.hashes.append(np.unique([hashed(f) for f in site.wrong]))
                    into.origins.append(origin)
                count += 1
        sys.stderr.write(f"{folder.name}: {count} sites\n")
    return out


def joined(a: Sites, b: Sites) -> Sites:
    """The sites of both, from different folders."""
    later = [origin + 100_000 for origin in b.origins]
    return Sites(a.labels + b.labels, a.hashes + b.hashes, a.origins + later, a.lines + b.lines)


def vocabulary(sites_: Sites) -> np.ndarray:
    """The hashes worth learning, sorted."""
    every = np.concatenate(sites_.hashes)
    names, counts = np.unique(every, return_counts=True)
    often = names[counts >= LEAST]
    where = np.repeat(np.array(sites_.origins), [len(h) for h in sites_.hashes])
    keep = np.isin(every, often)
    pairs = np.unique(np.stack([every[keep], where[keep]]), axis=1)[0]
    names, counts = np.unique(pairs, return_counts=True)
    return names[counts >= ORIGINS]


def fit(
    sites_: Sites, classes: int, l2: float = 1e-6, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The vocabulary, its weights (features x classes) and the biases."""
    rng = np.random.default_rng(seed)
    names = vocabulary(sites_)
    rows = [np.searchsorted(names, h[np.isin(h, names, assume_unique=True)]) for h in sites_.hashes]
    lengths = np.array([len(row) for row in rows])
    flat, starts = np.concatenate(rows), np.concatenate([[0], np.cumsum(lengths)])
    labels = np.array(sites_.labels)
    weights, squares = np.zeros((len(names), classes)), np.full((len(names), classes), 1e-2)
    bias, bias_squares = np.zeros(classes), np.full(classes, 1e-2)
    for _ in range(EPOCHS):
        order = rng.permutation(len(rows))
        for at in range(0, len(order), BATCH):
            chosen = order[at : at + BATCH]
            which = np.concatenate([flat[starts[i] : starts[i + 1]] for i in chosen])
            owner = np.repeat(np.arange(len(chosen)), lengths[chosen])
            # Features are left out at random: what is learned must not hang on one word.
            keep = rng.random(len(which)) < KEEP
            which, owner = which[keep], owner[keep]
            scores = np.stack(
                [np.bincount(owner, weights[which, c], minlength=len(chosen)) for c in range(classes)], axis=1
            )
            scores = scores / KEEP + bias
            scores -= scores.max(axis=1, keepdims=True)
            chance = np.exp(scores)
            chance /= chance.sum(axis=1, keepdims=True)
            chance[np.arange(len(chosen)), labels[chosen]] -= 1.0
            touched, inverse = np.unique(which, return_inverse=True)
            g = np.stack(
                [np.bincount(inverse, chance[owner, c], minlength=len(touched)) for c in range(classes)], axis=1
            )
            g = g / KEEP + l2 * len(rows) * weights[touched]
            squares[touched] += g * g
            weights[touched] -= RATE * g / np.sqrt(squares[touched])
            b = chance.sum(axis=0)
            bias_squares += b * b
            bias -= RATE * b / np.sqrt(bias_squares)
    return names, weights, bias


CONTRASTED = frozenset({"arguments", "numeral"})
"""Kinds that are learned from the code as it is and as it would be with a mistake."""

SHARES = {
    "equal": 0.05, "is": 0.05, "in": 0.05, "order": 0.05, "bool": 0.15, "sign": 0.15, "not": 0.2,
    "number": 0.1, "numeral": 0.1, "arguments": 0.1,
}  # fmt: skip
"""Assumed of bugs: one in a thousand lines, of these kinds in these parts. Nobody knows the true figures; they
say
how the few flags that a reader will bear are spread over the kinds, and scale the chances that are shown."""


def meant(found: Sites, group: str, names: np.ndarray, weights: np.ndarray, bias: np.ndarray) -> list[float]:
    """Slope and offset from surprise to the chance that another choice was meant, on sites not learned from, and
    how much of the offset is the rarity of bugs."""
    right, wrong = [], []
    choices = GROUPS[group]
    for label, hashes in zip(found.labels, found.hashes, strict=True):
        row = np.searchsorted(names, hashes[np.isin(hashes, names, assume_unique=True)])
        scores = weights[row].sum(axis=0) + bias
        log_p = scores - scores.max()
        log_p -= np.log(np.exp(log_p).sum())

        def gap(choice: str, log_p: np.ndarray = log_p) -> float:
            others = [log_p[choices.index(other)] for other in MISTAKES[group][choice]]
            return float(max(others) - log_p[choices.index(choice)])

        if group in CONTRASTED:
            (wrong if label else right).append(gap("right"))
            continue
        right.append(gap(choices[label]))
        wrong += [gap(other) for other in MISTAKES[group][choices[label]]]
    x = np.concatenate([right, wrong])
    y = np.concatenate([np.zeros(len(right)), np.ones(len(wrong))])
    w = np.concatenate([np.full(len(right), 0.5 / len(right)), np.full(len(wrong), 0.5 / len(wrong))])
    a, b = 1.0, 0.0
    for _ in range(50):  # Newton's method on two numbers
        p = 1 / (1 + np.exp(-(a * x + b)))
        h = w * p * (1 - p)
        gradient = np.array([(w * (p - y) * x).sum(), (w * (p - y)).sum()])
        hessian = np.array([[(h * x * x).sum(), (h * x).sum()], [(h * x).sum(), h.sum()]]) + 1e-9 * np.eye(2)
        a, b = np.array([a, b]) - np.linalg.solve(hessian, gradient)
    prior = SHARES[group] / (1000 * len(right) / found.lines)
    rarity = float(np.log(prior / (1 - prior)))
    return [round(float(a), 4), round(float(b) + rarity, 4), round(rarity, 4)]


def packed(names: np.ndarray, weights: np.ndarray, bias: np.ndarray) -> dict[str, object]:
    """Weights as signed bytes; the lightest features are left out."""
    weights = weights - weights.mean(axis=1, keepdims=True)
    heavy = np.sort(np.argsort(-np.abs(weights).max(axis=1))[:MOST])
    names, weights = names[heavy], weights[heavy]
    scale = float(np.abs(weights).max() or 1.0) / 127
    levels = np.clip(np.round(weights / scale), -127, 127).astype(np.int8)
    steps = np.diff(names.astype(np.uint32), prepend=np.uint32(0)).astype("<u4")  # small numbers press better
    data = base64.b85encode(zlib.compress(steps.tobytes() + levels.tobytes(), 9)).decode("ascii")
    biases = [round(float(b), 4) for b in bias - bias.mean()]
    return {"count": len(names), "scale": round(scale, 6), "bias": biases, "weights": data}


def main(argv: list[str] | None = None) -> int:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument(
        "--apart", nargs="+", type=Path, required=True, help="folders for calibration, then learned"
    )
    parser.add_argument("--files", type=int, default=400, help="the most files of each folder")
    asked = parser.parse_args(argv)
    gathered, apart = gather(asked.folders, asked.files), gather(asked.apart, asked.files)
    groups = {}
    for group, found in gathered.items():
        calibration = meant(apart[group], group, *fit(found, len(GROUPS[group])))
        names, weights, bias = fit(joined(found, apart[group]), len(GROUPS[group]))
        sys.stderr.write(f"{group}: {len(found.labels)} sites, {len(names)} features, {calibration}\n")
        groups[group] = {"meant": calibration, **packed(names, weights, bias)}
    out = {"fitted_on": sorted(folder.name for folder in [*asked.folders, *asked.apart]), "groups": groups}
    asked.out.write_text(json.dumps(out) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
