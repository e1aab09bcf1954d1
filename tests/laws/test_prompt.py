"""Laws of prompts: never over the budget, the same bytes for the same state, nothing invented, steady fronts."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from ai_lsp.completion.prompt import PAGE_LINES, build
from ai_lsp.completion.query import Query
from ai_lsp.completion.settings import CompletionSettings
from ai_lsp.models.port import FimPrompt
from ai_lsp.text.document import DocumentSnapshot

SETTINGS = CompletionSettings(max_tokens=32)
LINES = st.lists(st.text("ab =()\t𝒳é", max_size=60), max_size=300)


def count(text: str) -> int:
    return (len(text.encode("utf-8", "surrogatepass")) + 2) // 3


def fim(text: str, offset: int, budget: int) -> FimPrompt:
    query = Query(DocumentSnapshot("file:///a.py", 1, "python", text), offset)
    prompt = build(query, SETTINGS, context_tokens=budget, count=count).request.prompt
    assert isinstance(prompt, FimPrompt)
    return prompt


@settings(max_examples=150, deadline=None)
@given(LINES, st.integers(0, 20_000), st.integers(128, 4_000))
def test_a_prompt_keeps_to_its_budget_and_to_the_text(lines: list[str], at: int, budget: int) -> None:
    text = "\n".join(lines)
    offset = min(at, len(text))
    prompt = fim(text, offset, budget)
    assert count(prompt.prefix) + count(prompt.typed) + count(prompt.suffix) + 32 <= budget + 3
    assert text[:offset].endswith(prompt.prefix + prompt.typed)
    assert text[offset:].startswith(prompt.suffix)
    assert prompt == fim(text, offset, budget)


def test_the_front_moves_by_a_page_at_most_once_in_a_page() -> None:
    """A window that slid with every line would have the server read the whole prompt again each time."""
    text = "".join(f"line_{i} = {i}\n" for i in range(3000))
    fronts = set()
    for line in range(2048, 2048 + PAGE_LINES):
        offset = text.index(f"line_{line} ")
        fronts.add(fim(text, offset, 8000).prefix.split("\n", 1)[0])
    assert len(fronts) <= 2


def test_a_line_larger_than_the_budget_keeps_its_end() -> None:
    text = "x" * 100_000 + " = 1"
    prompt = fim(text, len(text), 512)
    assert prompt.typed.endswith("x = 1")
    assert count(prompt.typed) < 512
