"""Rewrites with and without speculation on a real llama.cpp server: tokens per pass, and wall-clock time.

    python -m bench.speculation REPO... [--cases N] [--draft-tokens N] [--size WIDTHxLAYERS] [--json FILE]

The rewrites are those that `ai_lsp/edits/apply_model.py` asks for: functions that real commits changed, the old
text and a sketch in the prompt. The model is of random weights and would write nonsense, so a grammar makes it
write the commit's own text, token by token; what is measured is how much of that the server's n-gram speculation
(`ngram-simple`, drafts from the prompt) had right, and what that saves. A pass has to cost something for a saved
one to show: `--size 512x8` makes a model of 35 million weights once, whose passes cost more than the sampling.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ai_lsp.context.languages import language_of
from ai_lsp.edits.apply.lines import FileLines
from ai_lsp.edits.apply.structure import structure_of
from ai_lsp.edits.apply_model import Part, request_for
from ai_lsp.models.port import ChatPrompt
from ai_lsp.text.document import DocumentSnapshot
from eval.apply.cases import Case, cases
from eval.lines.repository import Repository
from tests.tiny_model.serve import TinyModel, ensure, larger, serving

LONGEST = 9_000  # characters of old and new text together: the server's context is 8192 tokens


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A prompt as text, and the answer that a perfect model would give."""

    prompt: str
    answer: str


@dataclass(frozen=True, slots=True)
class Timed:
    """What one answer cost: tokens written, tokens drafted and taken, seconds of generation."""

    tokens: int
    drafted: int
    taken: int
    seconds: float


def rewrites(folders: Sequence[str], most: int) -> Iterator[Rewrite]:
    """From each repository as many, newest commits first."""
    each = max(1, most // len(folders))
    for folder in folders:
        repository, count = Repository(folder), 0
        for case in cases(repository, 60):
            made = _rewrite(case)
            if made is not None and count < each:
                count += 1
                yield made
        repository.close()


def _rewrite(case: Case) -> Rewrite | None:
    """The first changed function of a case, if it is changed within."""
    row = language_of(case.language, case.path)
    old, new = FileLines(case.old), FileLines(case.new)
    before = structure_of(old, row, lambda: False)
    after = structure_of(new, row, lambda: False)
    if before is None or after is None:
        return None
    region = case.regions[0]
    around = [u for u in before.units if u.first < region.old[0] and region.old[1] < u.last]
    if not around:
        return None
    unit = around[0]
    twins = [u for u in after.units if u.name == unit.name and u.first == unit.first]
    if len(twins) != 1:
        return None
    wanted = "".join(line + "\n" for line in new.raw[twins[0].first : twins[0].last])
    sketch = "// ... existing code ...\n" + "\n".join(new.raw[region.new[0] - 1 : region.new[1] + 1])
    snapshot = DocumentSnapshot(f"file:///w/{case.path}", 1, case.language, case.old)
    request = request_for(snapshot, Part(unit.first, unit.last), sketch, len)
    assert isinstance(request.prompt, ChatPrompt)
    prompt = "\n\n".join(message.content for message in request.prompt.messages) + "\n\n"
    answer = f"```\n{wanted}```"
    is_fit = len(wanted) > 400 and len(prompt) + len(answer) < LONGEST and prompt.isascii() and answer.isascii()
    return Rewrite(prompt, answer) if is_fit else None


def ask(url: str, rewrite: Rewrite) -> Timed:
    """One answer, forced."""
    body = {
        "prompt": rewrite.prompt,
        "n_predict": len(rewrite.answer) + 8,
        "grammar": f"root ::= {_literal(rewrite.answer)}",
        "logit_bias": _as_the_prompt_has_them(url, rewrite),
        "temperature": 0,
        "cache_prompt": False,
        "stream": False,
    }
    began = time.perf_counter()
    found = _post(f"{url}/completion", body)
    took = time.perf_counter() - began
    if found["content"] != rewrite.answer:
        raise ValueError(f"the server wrote something else: {found['content'][:80]!r}")
    timings = found["timings"]
    seconds = timings.get("predicted_ms", took * 1000) / 1000
    return Timed(timings["predicted_n"], timings.get("draft_n", 0), timings.get("draft_n_accepted", 0), seconds)


def _post(url: str, body: dict[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=300) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def _as_the_prompt_has_them(url: str, rewrite: Rewrite) -> list[list[float]]:
    """A push towards long tokens: else random weights would spell the text letter by letter, as no model does."""
    found = _post(f"{url}/tokenize", {"content": rewrite.answer, "with_pieces": True})["tokens"]
    pieces = {token["id"]: token["piece"] for token in found if isinstance(token["piece"], str)}
    return [[id, 30.0 * len(piece)] for id, piece in pieces.items()]


def _literal(text: str) -> str:
    """A string of llama.cpp's grammar language."""
    for char, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        text = text.replace(char, escaped)
    return f'"{text}"'


def measured(some: Sequence[Rewrite], draft_tokens: int, model: TinyModel) -> list[Timed]:
    """All rewrites on a server of its own; `draft_tokens` 0 is without speculation."""
    os.environ["AI_LSP_TINY_SPECULATION"] = str(draft_tokens) if draft_tokens else ""
    with serving(model=model) as url:
        return [ask(url, rewrite) for rewrite in some]


def row(timed: Sequence[Timed]) -> dict[str, float]:
    """Sums over all answers. A pass writes one token of its own and the drafted ones that were right."""
    tokens, taken = sum(t.tokens for t in timed), sum(t.taken for t in timed)
    seconds = sum(t.seconds for t in timed)
    return {
        "answers": len(timed),
        "tokens": tokens,
        "drafted": sum(t.drafted for t in timed),
        "taken": taken,
        "tokens_per_pass": round(tokens / max(tokens - taken, 1), 2),
        "tokens_per_s": round(tokens / max(seconds, 1e-9), 1),
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.speculation", description=__doc__)
    parser.add_argument("repositories", nargs="+", metavar="REPO_DIR")
    parser.add_argument("--cases", type=int, default=20)
    parser.add_argument("--draft-tokens", type=int, default=48)
    parser.add_argument(
        "--size", default="", metavar="WIDTHxLAYERS", help="of the random model; else the tiny one"
    )
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    model = larger(*map(int, options.size.split("x"))) if options.size else ensure()
    some = list(rewrites(options.repositories, options.cases))
    plain, drafted = row(measured(some, 0, model)), row(measured(some, options.draft_tokens, model))
    for name, figures in (("plain", plain), ("speculating", drafted)):
        print(f"{name:<12} " + "  ".join(f"{key} {value:g}" for key, value in figures.items()))
    ratio = drafted["tokens_per_s"] / max(plain["tokens_per_s"], 1e-9)
    print(f"tokens per pass: {drafted['tokens_per_pass']:g} instead of {plain['tokens_per_pass']:g}; ", end="")
    print(f"wall-clock of generation: {ratio:.2f} times as fast ({options.size or 'tiny'} model)")
    if options.json:
        made = {"plain": plain, "speculating": drafted, "wall_clock_ratio": round(ratio, 2)}
        options.json.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
