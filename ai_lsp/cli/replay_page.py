"""One self-contained page on which a person sees prompts by part, the cut, and what a budget would change."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ai_lsp.completion.prompt import Built
from ai_lsp.context.counts import Counts
from ai_lsp.context.fit import fit
from ai_lsp.context.trace import kind_word

if TYPE_CHECKING:
    from ai_lsp.cli.replay import Replayed

PAGE = Path(__file__).with_name("replay.html")
MOST_PROMPTS = 40
STEPS = 28
SMALLEST = 128


def page(prompts: Sequence[Built], found: Sequence[Replayed]) -> str:
    """The page for the last MOST_PROMPTS prompts. It loads nothing and sends nothing."""
    counts = Counts()
    rows = [_prompt(built, one, counts) for built, one in list(zip(prompts, found, strict=True))[-MOST_PROMPTS:]]
    data = json.dumps(rows, separators=(",", ":"), ensure_ascii=True).replace("<", "\\u003c")
    return PAGE.read_text(encoding="utf-8").replace("/*DATA*/", data)


def _prompt(built: Built, one: Replayed, counts: Counts) -> dict[str, Any]:
    inputs, fitted, layout = built.inputs, built.fitted, built.fitted.layout
    query = inputs.query
    line, column = query.snapshot.line_and_column_at(query.offset)
    total = sum(inputs.count(part.text) for part in layout.parts)
    budgets = _budgets(max(total, SMALLEST * 2), fitted.budget)
    parts = [
        {
            "kind": part.kind,
            "word": kind_word(part.kind),
            "where": f"{part.label.uri}:{part.label.first_line + 1}–{part.label.last_line + 1}",
            "origin": part.label.origin,
            "priority": part.priority,
            "stability": part.stability,
            "texts": [part.text, *(each.text for each in part.alternatives)],
            "tokens": [inputs.count(part.text), *(inputs.count(each.text) for each in part.alternatives)],
        }
        for part in layout.parts
    ]
    cuts = [_at(built, budget, counts) for budget in budgets]
    return {
        "title": f"{one.recorded.number}  {query.path}:{line + 1}:{column + 1}",
        "same": one.is_same,
        "budget": fitted.budget,
        "chosen": _chosen(fitted),
        "tokens": fitted.tokens,
        "held": fitted.is_held,
        "parts": parts,
        "budgets": budgets,
        "cuts": cuts,
    }


def _budgets(total: int, own: int) -> list[int]:
    ratio = (total / SMALLEST) ** (1 / (STEPS - 1))
    steps = {round(SMALLEST * ratio**n) for n in range(STEPS)}
    return sorted(steps | {own})


def _at(built: Built, budget: int, counts: Counts) -> dict[str, Any]:
    fitted = fit(built.fitted.layout.parts, budget, built.inputs.count, counts=counts)
    cut = fitted.cut
    index = next((i for i, part in enumerate(fitted.layout.parts) if part is cut), -1)
    return {"chosen": _chosen(fitted), "tokens": fitted.tokens, "cut": index}


def _chosen(fitted: Any) -> list[int]:
    """Part → 0 for its full text, 1 for its first shorter one …, -1 where it is dropped."""
    first = fitted.layout.first
    return [-1 if step < 0 else first[i + 1] - 1 - step for i, step in enumerate(fitted.chosen)]
