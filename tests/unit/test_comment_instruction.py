"""Instructions in comments: found on any of their lines, in each language's own style, and nowhere else."""

from __future__ import annotations

import pytest

from ai_lsp.edits.comment_instruction import instruction_at
from ai_lsp.text.document import DocumentSnapshot
from tests.marks import read

CASES = [
    ("python", "x = 1\n«# ai: add a▮ type»\ny = 2\n", "add a type"),
    ("python", "    «# TODO(ai): split this\n    # into tw▮o»\n\n    # more\n", "split this into two"),
    ("python", "«x = 1  # ai: rena▮me me»\n", "rename me"),
    ("python", "«# AI: one▮»\n# ai: two\n", "one"),
    ("python", "# ai: one\n«# ai: two▮»\n", "two"),
    ("go", "\t«// ai: return an error▮»\n", "return an error"),
    ("rust", "«/// TODO(ai): doc▮ument»\nfn f() {}\n", "document"),
    ("typescript", "«/* ai: make▮ it async */»\n", "make it async"),
    ("java", "«/*\n * TODO(ai): check\n * th▮e bounds\n */»\nint x;\n", "check the bounds"),
    ("html", "<p>\n  «<!-- ai: a ▮list -->»\n</p>\n", "a list"),
    ("lua", "«-- ai: use ▮a table»\n", "use a table"),
]


@pytest.mark.parametrize(("language", "marked", "said"), CASES)
def test_an_instruction_is_found_with_the_lines_it_stands_on(language: str, marked: str, said: str) -> None:
    text, offset = read(marked.replace("«", "").replace("»", ""))
    inside = marked.replace("▮", "")
    found = instruction_at(DocumentSnapshot("file:///a", 1, language, text), offset)
    assert found is not None
    assert found.text == said
    whole = text[found.span.start : found.span.end]
    assert whole.strip() == inside[inside.index("«") + 1 : inside.index("»")]


@pytest.mark.parametrize(
    ("language", "marked"),
    [
        ("python", "# maintain: this▮\n"),
        ("python", 'print("ai: hello▮")\n'),
        ("python", "// ai: not a comment▮ here\n"),
        ("python", "# ai:▮\n"),
        ("python", "# ai: something\nx = ▮1\n"),
        ("json", '{"ai": ▮1}\n'),
        ("unheard-of", "# ai: x▮\n"),
        ("java", "/* ai: one */\nint ▮x;\n"),
        ("java", "int x; /* never ends▮\n"),
    ],
)
def test_what_is_none(language: str, marked: str) -> None:
    text, offset = read(marked)
    assert instruction_at(DocumentSnapshot("file:///a", 1, language, text), offset) is None
