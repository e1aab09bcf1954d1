"""A renamed declaration and its uses: by scope, in every kind of language, also over several files."""

from __future__ import annotations

import pytest

from ai_lsp.edits.local.engine import Engine
from ai_lsp.edits.local.index import Index
from ai_lsp.edits.local.proposal import Change, Proposal
from ai_lsp.text.edit import LineEdit

PYTHON = """import json as codec
LIMIT = 3

def load(path, size=LIMIT):
    data = path.read(size)
    return [load(path) for path in data]

class Store:
    def load(self, path):
        return self.load(path) or codec.loads(path)

def other(path):
    # path in words
    return "path", path, Store().load(path), load(path=path)
"""
GO = """package a

func load(path string, size int) error {
\tdata, err := read(path)
\tif err := check(data); err != nil {
\t\treturn err
\t}
\treturn err
}

func (s *Store) save(path string) { s.save(path); load(path, 1) }
"""
RUST = """fn load(path: &str) -> usize {
    let size = path.len();
    let size = size + path.len();
    size
}
fn main() { let path = ""; load(path); }
"""
SCRIPT = """const codec = require('codec')
function load (path) {
  const size = codec(path)
  return paths.map((path) => load(path, size))
}
const one = { load: load, path: other.path }
"""
JAVA = """class Store {
    private int size;
    int load(int path) { return load(path) + this.size + size; }
    int other(int path) { return this.load(path); }
}
"""

# language, text, the line of the declaration (from 0), its name, and the lines where it is used
CASES = [
    ("python", PYTHON, 0, "codec", {9}),
    ("python", PYTHON, 1, "LIMIT", {3}),
    ("python", PYTHON, 3, "load", {5, 13}),
    ("python", PYTHON, 3, "path", {4}),  # the comprehension has a `path` of its own
    ("python", PYTHON, 4, "data", {5}),
    ("python", PYTHON, 8, "load", {9, 13}),  # no other type has such a method
    ("python", PYTHON, 11, "path", {13}),
    ("go", GO, 2, "load", {10}),
    ("go", GO, 2, "path", {3}),
    ("go", GO, 3, "err", {7}),
    ("go", GO, 4, "err", {4, 5}),
    ("rust", RUST, 0, "path", {1, 2}),
    ("rust", RUST, 1, "size", {2}),
    ("rust", RUST, 2, "size", {3}),
    ("rust", RUST, 0, "load", {5}),
    ("python", "from a import b as cc\nfrom c import cc as dd\ncc(dd)\n", 0, "cc", {2}),
    ("javascript", "x.map((one) => one.name + one)\none()\n", 0, "one", {0}),
    ("javascript", "const f = (one) => one + 1\nconst g = (one) => one\n", 0, "one", {0}),
    ("javascript", SCRIPT, 0, "codec", {2}),
    ("javascript", SCRIPT, 1, "load", {3, 5}),
    ("javascript", SCRIPT, 1, "path", {2}),
    ("javascript", SCRIPT, 2, "size", {3}),
    ("java", JAVA, 1, "size", {2}),
    ("java", JAVA, 2, "load", {2, 3}),
    ("java", JAVA, 2, "path", {2}),
]


def renamed(engine: Engine, uri: str, text: str, line: int, name: str) -> list[Proposal]:
    """What is proposed after a name was changed where it is declared."""
    old = text.split("\n")[line]
    at = old.index(name)
    engine.changed(uri, [LineEdit(line, at, line, at + len(name), f"new_{name}")])
    engine.edited([Change(uri, line, (old,), (old[:at] + f"new_{name}" + old[at + len(name) :],), 1.0)])
    return engine.suggest(uri, line, at, 20, 0.6)


@pytest.mark.parametrize(("language", "text", "line", "name", "wanted"), CASES)
def test_a_renamed_declaration_is_followed_by_scope(
    language: str, text: str, line: int, name: str, wanted: set[int]
) -> None:
    engine = Engine(Index(lambda _: None), limit_s=5.0)
    engine.opened("file:///w/a", "/w/a", language, text)
    found = renamed(engine, "file:///w/a", text, line, name)
    edits = {
        one.start_line + n: line
        for one in found
        if one.kind == "edit" and one.confidence > 0.85
        for n, line in enumerate(one.new_text.split("\n"))
    }
    assert set(edits) == wanted
    assert all(f"new_{name}" in new for new in edits.values())


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("size", "  return { size: new_size, a: new_size }"), ("load", "module.exports = { new_load }")],
)
def test_a_name_that_is_key_and_value_at_once_keeps_its_key(name: str, wanted: str) -> None:
    text = "function load (size) {\n  return { size, a: size }\n}\nmodule.exports = { load }\n"
    engine = Engine(Index(lambda _: None), limit_s=5.0)
    engine.opened("file:///w/a.js", "/w/a.js", "javascript", text)
    assert renamed(engine, "file:///w/a.js", text, 0, name)[0].new_text == wanted


def test_other_files_follow_where_they_import_the_name() -> None:
    closed = {
        "/w/b.py": "from a import (\n    load,\n)\n\nload(1)  # load\n",
        "/w/c.py": "import a\n\na.load(2)\n",
        "/w/d.py": "def use(load):\n    return load\n",
    }
    engine = Engine(Index(closed.get), limit_s=5.0)
    for path, text in closed.items():
        engine.index.add(path, text)
    text = "def load(x):\n    return x\n"
    engine.opened("file:///w/a.py", "/w/a.py", "python", text)
    found = renamed(engine, "file:///w/a.py", text, 0, "load")
    assert {(one.uri, one.start_line, one.new_text) for one in found if one.confidence > 0.6} == {
        ("file:///w/b.py", 1, "    new_load,"),
        ("file:///w/b.py", 4, "new_load(1)  # load"),
        ("file:///w/c.py", 2, "a.new_load(2)"),
    }


def test_a_rename_is_followed_to_its_end_although_its_edit_is_long_gone() -> None:
    uses = 40
    text = "def load():\n    pass\n\n" + "\nload()\n" * uses  # no two on adjacent lines
    engine = Engine(Index(lambda _: None), limit_s=5.0)
    engine.opened("file:///w/a.py", "/w/a.py", "python", text)
    changes = [Change("file:///w/a.py", 0, ("def load():",), ("def fetch():",), 1.0)]
    engine.changed("file:///w/a.py", [LineEdit(0, 4, 0, 8, "fetch")])
    for _ in range(uses):
        engine.edited(changes[-16:])
        (one,) = engine.suggest("file:///w/a.py", 0, 0, 1, 0.6)
        assert (one.old_text, one.new_text) == ("load()", "fetch()")
        edit = LineEdit(one.start_line, one.start_col, one.end_line, one.end_col, one.new_text)
        engine.changed("file:///w/a.py", [edit])
        changes.append(Change("file:///w/a.py", one.start_line, (one.old_text,), (one.new_text,), 1.0))
    engine.edited(changes[-16:])
    assert not engine.suggest("file:///w/a.py", 0, 0, 1, 0.6)


PARAMETER = """def load(path):
    return path

def main(size):
    load(1)
    done(load('a', size))

load(3)
"""
CALLS = [
    (
        "def load(path, size):",
        {(4, "edit", "    load(1, size)"), (7, "jump", "load(3)")},
    ),  # `size` is at hand in `main`
    ("def load(path, size=3):", set()),
    ("def load():", {(4, "edit", "    load()"), (7, "edit", "load()")}),
]


@pytest.mark.parametrize(("new", "wanted"), CALLS)
def test_calls_follow_a_changed_signature(new: str, wanted: set[tuple[int, str, str]]) -> None:
    engine = Engine(Index(lambda _: None), limit_s=5.0)
    engine.opened("file:///w/a.py", "/w/a.py", "python", PARAMETER)
    engine.changed("file:///w/a.py", [LineEdit(0, 0, 0, len("def load(path):"), new)])
    engine.edited([Change("file:///w/a.py", 0, ("def load(path):",), (new,), 1.0)])
    found = engine.suggest("file:///w/a.py", 0, 0, 8, 0.7)
    assert {(one.start_line, one.kind, one.new_text) for one in found if one.start_line != 5} == wanted
