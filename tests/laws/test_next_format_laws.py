"""Laws of every format of the next edit: what is said is read back, marks stay out, nothing is guessed."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_lsp.edits.next_formats.material import Material, NextFormat, PastEdit, Unusable, guarded, settled
from ai_lsp.edits.next_formats.table import FORMATS, MARKS, format_for
from ai_lsp.models.fim import TEMPLATES
from ai_lsp.models.port import ContextFile, FimPrompt, PiecedPrompt
from ai_lsp.models.settings import NEXT_EDIT_TEMPLATES

each_format = pytest.mark.parametrize("row", FORMATS, ids=lambda row: row.name)

WORDS = st.sampled_from(["total", "order", "price", "self", "return", "if", "amount", "x"])
LINES = st.builds(
    lambda indent, words, end: "    " * indent + " ".join(words) + end,
    st.integers(0, 2),
    st.lists(WORDS, min_size=1, max_size=4),
    st.sampled_from(["", ":", "()", " = 1"]),
)
REGIONS = st.lists(LINES, min_size=1, max_size=9, unique=True)


def material(region: str) -> Material:
    return Material(
        "shop/sum.py",
        "python",
        "import os\n\n",
        region,
        "\nprint(1)\n",
        at=40,
        cursor=len(region.partition("\n")[0]),
        earlier=region,
        edits=(
            PastEdit("shop/sum.py", 3, ("def a():",), ("def b():",), ("#",), ("    pass",)),
            PastEdit("other.py", 9, (), ("import sum",), is_own=False),
        ),
        files=(ContextFile("lib/tax.py", "RATE = 3\n"),),
        problems=("error: no a in line 7",),
        repo="shop",
        is_from_start=True,
    )


def text_of(prompt: PiecedPrompt | FimPrompt) -> str:
    return prompt.text if isinstance(prompt, PiecedPrompt) else prompt.prefix + prompt.typed + prompt.suffix


@st.composite
def changes(draw: st.DrawFn, *, is_line: bool = False) -> tuple[str, str]:
    """A region, and what it becomes: lines changed, put in or taken away, but for the first."""
    old = draw(REGIONS)
    if is_line:
        indent = re.match(r" *", old[0])
        return old[0], (indent[0] if indent else "") + draw(LINES).strip()
    new = list(old)
    at = draw(st.integers(0, len(old) - 1)) if len(old) > 1 else 0
    new[at : at + draw(st.integers(0, 1) if at else st.just(0))] = draw(
        st.lists(LINES.filter(lambda line: line not in old), min_size=0 if len(old) > 1 and at else 1, max_size=2)
    )
    if at == 0:  # the first line stays where it is: what begins elsewhere has lost its place
        new = [old[0], *[line for line in new if line != old[0]]]
    return "\n".join(old), "\n".join(new)


@each_format
@given(data=st.data())
@settings(max_examples=60)
def test_what_a_model_says_is_what_is_read(row: NextFormat, data: st.DataObject) -> None:
    old, new = data.draw(changes(is_line=row.lines == (0, 0)))
    made = material(old)
    assert row.read(row.say(new, made), made, False) == new
    assert row.read(row.say(old, made), made, False) == old


@each_format
@given(data=st.data())
@settings(max_examples=40)
def test_an_answer_cut_short_is_continued_by_the_old_text_or_refused(
    row: NextFormat, data: st.DataObject
) -> None:
    old, new = data.draw(changes(is_line=row.lines == (0, 0)))
    made = material(old)
    answer = row.say(new, made)
    cut = answer[: data.draw(st.integers(0, len(answer)))]
    read = row.read(cut, made, True)
    if isinstance(read, Unusable) or read == new:
        return
    lines, news, olds = read.split("\n"), new.split("\n"), old.split("\n")
    assert any(
        lines[:at] == news[:at] and lines[at:] == olds[len(olds) - len(lines[at:]) :]
        for at in range(len(lines) + 1)
    )


@each_format
@given(st.text(max_size=60))
@settings(max_examples=60)
def test_nonsense_is_read_without_raising(row: NextFormat, answer: str) -> None:
    made = material("a = 1\nb = 2\nc = 3\nd = 4\ne = 5")
    for is_cut in (True, False):
        assert isinstance(row.read(answer, made, is_cut), str | Unusable)


@each_format
def test_the_prompt_holds_what_it_is_about(row: NextFormat) -> None:
    region = "    total = 1\n    return total"
    prompt = row.write(material(region))
    text = text_of(prompt)
    assert "import os\n" in text or row.name == "sweep"
    if isinstance(prompt, PiecedPrompt):
        assert "return total" in text
        assert "def b():" in text
        document = sorted((p for p in prompt.pieces if p.of == "document"), key=lambda p: p.at)
        assert region in "".join(p.text for p in document)
        for left, right in itertools.pairwise(document):
            assert left.at + len(left.text) <= right.at
        assert {p.path for p in prompt.pieces if p.of == "other"} <= {"lib/tax.py", "other.py"}
        assert "RATE" in text or not row.takes_files


@each_format
def test_a_formats_own_marks_never_come_in_with_the_text(row: NextFormat) -> None:
    """A region that holds one is not asked about; elsewhere what holds one is left out."""
    for token in row.tokens:
        assert guarded(material(f"a = '{token}'"), row.tokens) is None
        clean = replace(material("a = 1\nb = 2"), is_from_start=False)
        dirty = replace(
            clean,
            above=f"x = '{token}'\nimport os\n",
            below=f"\nprint(1)\ny = '{token}'\n",
            earlier=f"a = '{token}'",
            edits=(PastEdit("a.py", 1, (token,), ("b",)), *clean.edits),
            files=(ContextFile("m.py", token), *clean.files),
            problems=(f"error: {token}",),
        )
        left = guarded(dirty, row.tokens)
        assert left is not None
        assert left.above == "import os\n"
        assert left.below == "\nprint(1)"
        said, wanted = text_of(row.write(left)), text_of(row.write(replace(clean, problems=())))
        assert said.count(token) == wanted.count(token)


@pytest.mark.parametrize("row", [row for row in FORMATS if row.examples], ids=lambda row: row.name)
def test_a_model_is_known_by_its_name(row: NextFormat) -> None:
    for name in row.examples:
        assert format_for(name).name == row.name


def test_what_is_not_known_is_asked_to_fill_or_by_conversation() -> None:
    assert format_for("qwen2.5-coder-1.5b").name == "fim"
    assert format_for("gpt-5-mini").name == "chat"
    assert format_for("qwen2.5-coder-1.5b", "chat").name == "chat"
    assert format_for("my-own", "starcoder2").name == "fim"
    assert format_for("my-own", "zeta2").name == "zeta2"
    assert format_for("codestral-latest", knows_fill=False).name == "chat"


def test_the_settings_know_the_names_and_no_family_shares_one() -> None:
    assert set(NEXT_EDIT_TEMPLATES) == {row.name for row in FORMATS if row.name not in ("chat", "fim")}
    assert not {row.name for row in TEMPLATES} & set(NEXT_EDIT_TEMPLATES)
    assert all("|" in mark or "[" in mark for mark in MARKS)


def test_an_answer_that_begins_at_the_change_is_refused() -> None:
    """Small models skip what stays as it is; put at the region's start that would delete it."""
    old = "import os\nimport sys\n\ndef total(orders):\n    return sum(orders)\n\nprint(total([1, 2]))"
    assert settled("print(grand_total([1, 2]))", material(old), False) is Unusable.LOST
