"""Every finder against its golden cases: what it flags is marked «…», what it must leave alone is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from ai_lsp.diagnostics import source
from ai_lsp.diagnostics.finders import FINDERS
from ai_lsp.text.change import apply_all

FOLDER = Path(__file__).parents[1] / "golden" / "finders"
FILES = sorted(FOLDER.glob("*.txt"))
BEFORE = "=== the text before the change\n"
BY_NAME = {finder.code.replace("-", "_"): finder for finder in FINDERS}


def test_every_finder_has_golden_cases() -> None:
    assert {path.name.partition(".")[0] for path in FILES} == set(BY_NAME)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name.removesuffix(".txt"))
def test_golden(path: Path, request: pytest.FixtureRequest) -> None:
    marked, between, before = path.read_text(encoding="utf-8").partition(BEFORE)
    text = marked.replace("«", "").replace("»", "")
    name = path.name.removesuffix(".txt")
    finder = BY_NAME[name.partition(".")[0]]
    # The file's name decides what counts as a test file, which some finders pass over.
    read = source.read(f"shop.{name.rpartition('.')[2]}", "", text, before if between else None)
    assert read is not None
    assert not read.root.has_error, "golden cases are whole code"
    spans = sorted({(f.span.start, f.span.end) for f in finder.find(read)})
    out, at = "", 0
    for start, end in spans:
        out += text[at:start] + "«" + text[start:end] + "»"
        at = end
    out += text[at:]
    if request.config.getoption("--update-golden"):
        path.write_text(out + between + before, encoding="utf-8")
    else:
        assert out == marked


@pytest.mark.parametrize(
    ("finder", "name", "text", "fixed"),
    [
        ("unused-result", "a.py", "def f(line):\n    line.strip()\n", "def f(line):\n    line = line.strip()\n"),
        ("past-the-end", "a.py", "x = items[len(items)]\n", "x = items[-1]\n"),
        ("past-the-end", "a.js", "x = items[items.length];\n", "x = items[items.length - 1];\n"),
        (
            "past-the-end",
            "a.js",
            "for (let i = 0; i <= a.length; i++) { f(a[i]); }\n",
            "for (let i = 0; i < a.length; i++) { f(a[i]); }\n",
        ),
        ("nothing-used", "a.py", "if box is None:\n    box.close()\n", "if box is not None:\n    box.close()\n"),
        ("nothing-used", "a.js", "if (box == null) { box.close(); }\n", "if (box != null) { box.close(); }\n"),
    ],
)
def test_a_fix_mends_what_was_found(finder: str, name: str, text: str, fixed: str) -> None:
    read = source.read(name, "", text)
    assert read is not None
    (found,) = BY_NAME[finder.replace("-", "_")].find(read)
    assert found.fix_title
    assert apply_all(found.fix, text) == fixed
