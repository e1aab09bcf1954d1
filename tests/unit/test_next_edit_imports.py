"""Imports that an edit makes needed, or leaves over."""

from __future__ import annotations

import pytest

from ai_lsp.edits.local.examples import examples
from ai_lsp.edits.local.imports import import_edits
from ai_lsp.edits.local.index import Index
from ai_lsp.edits.local.proposal import Change
from ai_lsp.edits.local.texts import OpenText

# ending, the file, its changed line before and after, how another file imports the name; where and what is wanted
CASES = [
    ("py", "import os\nimport sys\n\nx = 1\n", ("x = 1", "x = json.loads(s)"), "import json",
     (0, 0, ("import json",))),
    ("py", "from a import b\n\nx = b\n", ("x = b", "x = b(ccc)"), "from a import ccc, dd",
     (0, 1, ("from a import b, ccc",))),
    ("py", "import os\n\nx = 1  # json\n", ("x = 1", "x = 1  # json"), "import json", None),
    ("py", "import os\n\nx = 'json'\n", ("x = 1", "x = 'json'"), "import json", None),
    ("py", "import os\nimport json\n\nx = 1\n", ("x = json.loads(s)", "x = 1"), "", (1, 1, ())),
    ("py", "from a import bb, ccc\n\nx = bb\n", ("x = ccc", "x = bb"), "", (0, 1, ("from a import bb",))),
    ("py", "import json\n\nx = 1\ny = json\n", ("x = json.loads(s)", "x = 1"), "", None),
    ("js", "import { a1, b1 } from 'x'\n\nb1()\n", ("a1()", "b1()"), "", None),  # too short to be told apart
    ("js", "import { app, box } from 'x'\n\nbox()\n", ("app()", "box()"), "",
     (0, 1, ("import { box } from 'x'",))),
    ("js", "const fs = require('fs')\n\nx()\n", ("x()", "path.join()"), "const path = require('path')",
     (1, 0, ("const path = require('path')",))),
    ("go", 'package a\n\nimport (\n\t"fmt"\n)\n\nx()\n', ("x()", "strings.Trim(y)"), '\t"strings"',
     (4, 0, ('\t"strings"',))),
]  # fmt: skip


@pytest.mark.parametrize(("ending", "text", "change", "other", "wanted"), CASES)
def test_an_import_follows(
    ending: str, text: str, change: tuple[str, str], other: str, wanted: tuple[int, int, tuple[str, ...]] | None
) -> None:
    closed = {f"/w/other.{ending}": other}
    index = Index(closed.get)
    index.add(f"/w/other.{ending}", other)
    lines = text.split("\n")
    at = next((n for n, line in enumerate(lines) if line in change), len(lines) - 2)
    lines[at] = change[1]
    index.opened(OpenText("file:///w/a", f"/w/a.{ending}", "", "\n".join(lines)))
    made = [Change("file:///w/a", at, (change[0],), (change[1],), 1.0)]
    found = [(one.line, one.count, one.new) for one in import_edits(examples(made, index), index, lambda: False)]
    assert found == ([] if wanted is None else [wanted])
