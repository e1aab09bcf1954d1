"""Counts the priors of the embedded predictor: `python -m eval.fit_priors --out FOLDER REPO_DIR...`.

What usually follows what in a family of languages, and in prose, over the newest tree of many repositories. Only
n-grams of at most five tokens that several repositories share are kept, as shares: a prior holds the habits of a
language, and nothing that one project alone wrote.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ai_lsp.completion.local import priors
from ai_lsp.completion.local.lexing import LONGEST_LINE, family, indentation, tokens
from eval.lines.repository import Repository

FAMILIES = ("python", "js", "go", "rust", "java", "c", "ruby")
_FROM_ONE = 1_500_000  # tokens of a family that one repository may give
_REPOSITORIES = 3  # that must share an n-gram; prose one more
_WORDS = 30_000
_LEAST_SHARE = 0.006
_FOREIGN = ("vendor", "third_party", "deps/", "testdata", "fixtures")  # parts of paths that are not read
_PROSE_LETTERS = 0.86  # share of letters and blanks in a line of prose
Numbers = npt.NDArray[np.int64]
Lines = list[list[str]]  # tokens of each line


@dataclass(slots=True)
class Level:
    """N-grams of one length: the node of all but the last token, the last token, and how much they weigh."""

    parent: Numbers
    token: Numbers
    weight: npt.NDArray[np.float64]
    total: npt.NDArray[np.float64]  # per node: weight of all that follows it, known or not


def corpus(folders: Sequence[str]) -> dict[str, list[tuple[int, Lines]]]:
    """Per family the lines of each repository, with its number."""
    found: dict[str, list[tuple[int, Lines]]] = {f: [] for f in (*FAMILIES, priors.PROSE)}
    for number, folder in enumerate(folders):
        repository = Repository(folder)
        room = dict.fromkeys(FAMILIES, _FROM_ONE)
        paths = [p for p in repository.tree("HEAD").items() if not any(f in p[0] for f in _FOREIGN)]
        random.Random(1).shuffle(paths)
        prose: Lines = []
        for path, blob in paths:
            kind = family(path)
            if room.get(kind, 0) <= 0 or (text := repository.text(blob)) is None:
                continue
            bodies = [indentation(line.rstrip())[1] for line in text.split("\n")]
            lines = [tokens(b) for b in bodies if 0 < len(b) <= LONGEST_LINE]
            room[kind] -= sum(map(len, lines)) + len(lines)
            found[kind].append((number, lines))
            prose += [tokens(p) for b in bodies if (p := _prose(b))]
        found[priors.PROSE].append((number, prose))
        repository.close()
    return found


def _prose(body: str) -> str:
    """A line of prose without the marks of its comment; "" where it is none."""
    bare = body.lstrip('/*#!-;" \t')
    if not 16 <= len(bare) <= LONGEST_LINE or bare.count(" ") < 3:
        return ""
    return bare if sum(c.isalpha() or c == " " for c in bare) >= _PROSE_LETTERS * len(bare) else ""


def count(texts: Sequence[tuple[int, Lines]], least: int) -> tuple[list[str], list[Level]]:
    """(words, the commonest first; levels of n-grams) that at least `least` repositories share."""
    words = _vocabulary(texts, least)
    numbers = {w: i + 1 for i, w in enumerate(words)}  # 0: the end of a line
    flat_list: list[int] = []
    owners: list[Numbers] = []
    for owner, lines in texts:
        before = len(flat_list)
        for line in lines:
            flat_list.append(0)
            flat_list.extend(numbers.get(w, -1) for w in line)
        flat_list += (0, -1)
        owners.append(np.full(len(flat_list) - before, owner, np.int64))
    flat, owner_of = np.array(flat_list, np.int64), np.concatenate(owners)
    size = len(words) + 1
    some = np.flatnonzero(flat >= 0)
    kinds, _, weights = _weigh(flat[some], owner_of[some])
    single = np.zeros(size)
    single[kinds] = weights
    nothing = np.zeros(0)
    levels = [Level(np.zeros(size, np.int64), np.arange(size), single, nothing)]
    node = flat.copy()
    for _ in range(priors.ORDERS):
        at = np.flatnonzero(node[:-1] >= 0)
        following = flat[at + 1]
        key = node[at] * (size + 1) + following + 1
        kinds, shared_by, weights = _weigh(key, owner_of[at])
        parent, token = kinds // (size + 1), kinds % (size + 1) - 1
        levels[-1].total = np.bincount(parent, weights, len(levels[-1].token))
        keep = (token >= 0) & (shared_by >= least)
        levels.append(Level(parent[keep], token[keep], weights[keep], nothing))
        kept = kinds[keep]
        place = np.minimum(np.searchsorted(kept, key), len(kept) - 1)
        node = np.full(len(flat), -1, np.int64)
        # Nothing is learned across the end of a line, but what a line begins with.
        node[at + 1] = np.where((kept[place] == key) & (following != 0), place, -1)
    return words, levels


def _vocabulary(texts: Sequence[tuple[int, Lines]], least: int) -> list[str]:
    owners: dict[str, set[int]] = {}
    counts: Counter[str] = Counter()
    for owner, lines in texts:
        own = Counter(word for line in lines for word in line)
        counts.update(own)
        for word in own:
            owners.setdefault(word, set()).add(owner)
    return [w for w, _ in counts.most_common() if len(owners[w]) >= least][:_WORDS]


def _weigh(keys: Numbers, owners: Numbers) -> tuple[Numbers, Numbers, npt.NDArray[np.float64]]:
    """(distinct keys, how many owners each has, weight): a repository counts by the root of its number."""
    most = int(owners.max()) + 1
    pairs, counts = np.unique(keys * most + owners, return_counts=True)
    kinds, first = np.unique(pairs // most, return_index=True)
    return kinds, np.diff(np.append(first, len(pairs))), np.add.reduceat(np.sqrt(counts), first)


def pack(words: Sequence[str], levels: Sequence[Level]) -> bytes:
    """A prior's bytes: n-grams of a share worth knowing, and those that lead to them."""
    shares = [one.weight / levels[n].total[one.parent] for n, one in enumerate(levels[1:])]
    keep: list[npt.NDArray[np.bool_]] = []
    needed = np.zeros(len(levels[-1].token), bool)
    for one, share, below in zip(levels[:0:-1], shares[::-1], levels[-2::-1], strict=True):
        keep.insert(0, (share >= _LEAST_SHARE) | needed)
        needed = np.zeros(len(below.token), bool)
        needed[one.parent[keep[0]]] = True
    number = np.arange(len(levels[0].token))
    orders: list[priors.Order] = []
    for one, share, kept in zip(levels[1:], shares, keep, strict=True):
        at = np.flatnonzero(kept)
        at = at[np.lexsort((one.token[at], number[one.parent[at]]))]
        nodes = orders[-1].size if orders else len(levels[0].token)
        children = np.bincount(number[one.parent[at]], minlength=nodes)
        orders.append(priors.Order.of(one.token[at], share[at], children))
        number = np.full(len(one.token), -1, np.int64)
        number[at] = np.arange(len(at))
    return priors.pack(words, orders)


def main() -> None:
    """Reads, counts, writes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("repositories", nargs="+")
    parser.add_argument("--out", type=Path, required=True, help="the folder that the priors go to")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    for kind, texts in corpus(arguments.repositories).items():
        owners = len({owner for owner, lines in texts if lines})
        if owners > _REPOSITORIES:
            packed = pack(*count(texts, _REPOSITORIES + (kind == priors.PROSE)))
            (arguments.out / f"{kind}{priors.SUFFIX}").write_bytes(packed)
            print(f"{kind}: {owners} repositories, {len(packed)} bytes", flush=True)


if __name__ == "__main__":
    main()
