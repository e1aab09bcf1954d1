"""Laws of prompts: never over the budget, the same bytes for the same state, nothing invented, steady fronts."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from ai_lsp.completion.prompt import PAGE_LINES, Around, Memory, Shape, build
from ai_lsp.completion.query import Query
from ai_lsp.completion.settings import CompletionSettings
from ai_lsp.context.gather import parts
from ai_lsp.context.parts import Alternative
from ai_lsp.context.place import FoundDefinition, Known, OpenFile, Place, RecentEdit, Rules
from ai_lsp.context.sources.current_file import ESSENTIAL, SIGNATURES
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


def known(size: int) -> Known:
    """Sources with texts of about a size."""
    text = "total = count(price)\n" * (size // 20 + 1)
    other = OpenFile("b.py", DocumentSnapshot("file:///b.py", 1, "python", text))
    found = FoundDefinition("c.py", 0, 9, "count", "function", "def count(a):\n", text, 1.0)
    edit = RecentEdit("d.py", 3, ("x" * size,), ("y" * size,), 9.0)
    return Known(None, (other,), (edit,), (), (found,), (), (Rules("AGENTS.md", text),))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.text("ab =()\t𝒳é", max_size=60), max_size=300),
    st.integers(0, 20_000),
    st.integers(128, 4_000),
    st.integers(1, 30_000),
    st.lists(st.integers(0, 20_000), max_size=6),
)
def test_with_all_sources_a_prompt_keeps_to_its_budget_and_to_the_text(
    lines: list[str], at: int, budget: int, size: int, cuts: list[int]
) -> None:
    text = "\n".join(lines)
    offset = min(at, len(text))
    snapshot = DocumentSnapshot("file:///a.py", 1, "python", text)
    starts = tuple(sorted({snapshot.line_span(snapshot.line_at(min(cut, len(text)))).start for cut in cuts}))
    pages = [snapshot.slice(a, b) for a, b in zip((0, *starts), (*starts, len(text)), strict=True)]
    skeletons = {page: (Alternative(page[: page.find("\n") + 1], 2),) for page in pages if "\n" in page}
    made = parts(Place(snapshot, offset, "a.py"), known(size))
    around = Around(made, Shape(starts, skeletons))
    built = build(
        Query(snapshot, offset, path="a.py"), SETTINGS, context_tokens=budget, count=count, around=around
    )
    prompt = built.request.prompt
    assert isinstance(prompt, FimPrompt)
    files = sum(count(each.path + each.text) for each in prompt.files)
    assert files + count(prompt.prefix) + count(prompt.typed) + count(prompt.suffix) + 32 <= budget + 3
    assert text[offset:].startswith(prompt.suffix)
    assert text[:offset].endswith(prompt.typed)
    left = iter(text[:offset].split("\n"))
    assert all(line in left for line in (prompt.prefix + prompt.typed).split("\n")[1:])  # in order, whole


def test_sources_with_a_line_of_a_megabyte_are_cut_and_cost_little() -> None:
    text = "x = 1\n" * 30
    snapshot = DocumentSnapshot("file:///a.py", 1, "python", text)
    place = Place(snapshot, 12, "a.py")
    made = parts(place, known(1_000_000))
    assert max(len(part.text) for part in made if part.kind == "edit") < 1_000
    query = Query(snapshot, 12, path="a.py")
    built = build(query, SETTINGS, context_tokens=600, count=count, around=Around(made))
    assert built.fitted.tokens <= 600
    assert built.request.prompt.suffix.startswith("x = 1")  # type: ignore[union-attr]


@settings(max_examples=100, deadline=None)
@given(st.integers(90, 400), st.lists(st.integers(400, 4_000), min_size=1, max_size=4), st.integers(1, 30_000))
def test_what_stands_next_to_the_cursor_comes_before_anything_far_away(
    line: int, budgets: list[int], size: int
) -> None:
    """Signatures of other pages and texts of other files are no use to a model that does not see where it is."""
    text = "".join(f"value_{number} = compute({number})\n" for number in range(500))
    snapshot = DocumentSnapshot("file:///a.py", 1, "python", text)
    starts = [snapshot.line_span(first).start for first in range(64, 500, 64)]
    pages = [text[start:stop] for start, stop in pairwise([0, *starts, len(text)])]
    ladder = (Alternative(text[:1_500], SIGNATURES), Alternative(text[:400], ESSENTIAL))
    shape = Shape(tuple(starts), dict.fromkeys(pages, ladder))
    query, memory = Query(snapshot, snapshot.line_span(line).start, path="a.py"), Memory()
    around = Around(parts(Place(snapshot, query.offset, "a.py"), known(size)), shape)
    for budget in budgets:  # each prompt tends to keep what the one before it held
        built = build(query, SETTINGS, context_tokens=budget, count=count, around=around, memory=memory)
        memory = replace(memory, previous=built.fitted)
        prompt = built.request.prompt
        assert isinstance(prompt, FimPrompt)
        above = "".join(f"value_{number} = compute({number})\n" for number in range(line - 3, line))
        assert prompt.prefix.endswith(above)
        assert prompt.suffix.startswith(f"value_{line} = compute({line})\nvalue_{line + 1} ")
