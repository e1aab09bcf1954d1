"""One self-contained page on which a person sees prompts by part, the cut, and what a budget would change."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ai_lsp.context.counts import Counts
from ai_lsp.context.fit import Fitted, fit
from ai_lsp.context.parts import PromptPart
from ai_lsp.context.trace import kind_word

if TYPE_CHECKING:
    from ai_lsp.cli.remade import Remade
    from ai_lsp.cli.replay import Replayed

PAGE = Path(__file__).with_name("replay.html")
MOST_PROMPTS = 40
STEPS = 28
SMALLEST = 128


def page(found: Sequence[Replayed]) -> str:
    """The page for the last MOST_PROMPTS prompts. It loads nothing and sends nothing."""
    counts = Counts()
    rows = [_prompt(one, counts) for one in found[-MOST_PROMPTS:]]
    data = json.dumps(rows, separators=(",", ":"), ensure_ascii=True).replace("<", "\\u003c")
    return PAGE.read_text(encoding="utf-8").replace("/*DATA*/", data)


def _prompt(one: Replayed, counts: Counts) -> dict[str, Any]:
    remade, fitted = one.changed, one.changed.prompt.fitted
    before, behind = remade.fixed
    parts = (*before, *fitted.layout.parts, *behind)
    always = sum(remade.count(part.text) for part in (*before, *behind))
    total = sum(remade.count(part.text) for part in fitted.layout.parts)
    budgets = _budgets(max(total, SMALLEST * 2), fitted.budget)
    return {
        "title": f"{one.recorded.number}  {remade.title}",
        "same": one.is_same,
        "budget": fitted.budget + always,
        "chosen": _chosen(remade, fitted),
        "tokens": fitted.tokens + always,
        "held": fitted.is_held,
        "parts": [_part(part, remade) for part in parts],
        "budgets": [budget + always for budget in budgets],
        "cuts": [_at(remade, budget, always, counts) for budget in budgets],
    }


def _part(part: PromptPart, remade: Remade) -> dict[str, Any]:
    label, count = part.label, remade.count
    lines = f":{label.first_line + 1}–{label.last_line + 1}" if label.last_line >= 0 else ""
    return {
        "kind": part.kind,
        "word": kind_word(part.kind),
        "where": f"{label.uri}{lines}",
        "origin": label.origin,
        "priority": part.priority,
        "stability": part.stability,
        "texts": [part.text, *(each.text for each in part.alternatives)],
        "tokens": [count(part.text), *(count(each.text) for each in part.alternatives)],
    }


def _budgets(total: int, own: int) -> list[int]:
    ratio = (total / SMALLEST) ** (1 / (STEPS - 1))
    steps = {round(SMALLEST * ratio**n) for n in range(STEPS)}
    return sorted(steps | {own})


def _at(remade: Remade, budget: int, always: int, counts: Counts) -> dict[str, Any]:
    fitted = fit(remade.prompt.fitted.layout.parts, budget, remade.count, counts=counts)
    cut = fitted.cut
    index = next((i for i, part in enumerate(fitted.layout.parts) if part is cut), None)
    at = -1 if index is None else index + len(remade.fixed[0])
    return {"chosen": _chosen(remade, fitted), "tokens": fitted.tokens + always, "cut": at}


def _chosen(remade: Remade, fitted: Fitted) -> list[int]:
    """Part → 0 for its full text, 1 for its first shorter one …, -1 where it is dropped."""
    before, behind = remade.fixed
    first = fitted.layout.first
    cut = [-1 if step < 0 else first[i + 1] - 1 - step for i, step in enumerate(fitted.chosen)]
    return [0] * len(before) + cut + [0] * len(behind)
