"""The embedded next-edit engine: what is proposed after an edit, with the engine in this process."""

from __future__ import annotations

from ai_lsp.edits.local.engine import Engine
from ai_lsp.edits.local.index import Index
from ai_lsp.edits.local.proposal import Change, Proposal
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Edit, Span, apply


class Desk:
    """Open files, closed files, and edits as a user makes them."""

    def __init__(self, files: dict[str, str], closed: dict[str, str] | None = None) -> None:
        self.closed = closed or {}
        self.engine = Engine(Index(self.closed.get), limit_s=5.0)
        for path, text in self.closed.items():
            self.engine.index.add(path, text)
        self.text = dict(files)
        for name, text in files.items():
            self.engine.opened(name, f"/{name}", "python", text)
        self.changes: list[Change] = []

    def edit(self, old: str, new: str, name: str = "a.py") -> None:
        """Replaces whole lines."""
        at = self.text[name][: self.text[name].index(old)].count("\n")
        self.text[name] = self.text[name].replace(old, new, 1)
        self.engine.opened(name, f"/{name}", "python", self.text[name])
        self.changes.append(Change(name, at, tuple(old.split("\n")), tuple(new.split("\n")), 1.0))
        self.engine.edited(self.changes)

    def ask(self, most: int = 1, least: float = 0.15) -> list[Proposal]:
        return self.engine.suggest("a.py", 0, 0, most, least)

    def accept(self, one: Proposal) -> str:
        name = one.uri.removeprefix("file://")
        text = self.text.get(name) or self.closed[name]
        snapshot = DocumentSnapshot(name, 1, "", text)
        start = snapshot.line_span(one.start_line).start + one.start_col
        end = snapshot.line_span(one.end_line).start + one.end_col
        assert text[start:end] == one.old_text
        return apply(Edit(Span(start, end), one.new_text), text)


def test_a_rename_is_followed() -> None:
    desk = Desk({"a.py": "def total(prices):\n    return sum(prices)\n\n\nprint(total([1]))\n"})
    desk.edit("def total(prices):", "def total(amounts):")
    (one,) = desk.ask()
    assert one.why == "you renamed prices to amounts"
    assert "return sum(amounts)" in desk.accept(one)


def test_a_rename_is_followed_into_a_closed_file() -> None:
    desk = Desk(
        {"a.py": "def compute_total(prices):\n    return sum(prices)\n"},
        {"/b.py": "from a import compute_total\n\nx = 1\n"},
    )
    desk.edit("def compute_total(prices):", "def compute_sum(prices):")
    (one,) = desk.ask()
    assert one.uri == "file:///b.py"
    assert desk.accept(one).startswith("from a import compute_sum\n")


def test_an_argument_added_to_one_call_is_added_to_the_next() -> None:
    desk = Desk({"a.py": "run(load(a), limit)\nstop()\nrun(load(b[0]), limit)\nstop()\nrun(x, 2)\n"})
    desk.edit("run(load(a), limit)", "run(load(a), limit, retry=True)")
    (one,) = desk.ask()
    assert (one.start_line, one.new_text) == (2, "run(load(b[0]), limit, retry=True)")


def test_lines_are_added_and_taken_away_with_their_ends() -> None:
    text = "class A:\n    begin()\n    end()\nclass B:\n    begin()\n    end()"
    desk = Desk({"a.py": text})
    desk.edit("    begin()", "    begin()\n    check()")
    (one,) = desk.ask()
    assert desk.accept(one).endswith("class B:\n    begin()\n    check()\n    end()")
    for ending in ("\n", "\r\n"):
        desk = Desk({"a.py": "log_it(1)\nb\nlog_it(1)\nlog_it(1)".replace("\n", ending)})
        desk.engine.edited([Change("a.py", 0, ("log_it(1)",), (), 1.0)])
        found = desk.ask(most=3)
        assert {desk.accept(one) for one in found} <= {
            "b\nlog_it(1)\nlog_it(1)".replace("\n", ending),
            "log_it(1)\nb\nlog_it(1)".replace("\n", ending),
        }


def test_without_edits_and_after_edits_that_show_nothing_there_is_silence() -> None:
    desk = Desk({"a.py": "x = 1\ny = 2\n"})
    assert desk.ask(least=0.0) == []
    desk.edit("x = 1", "x = compute()")
    assert desk.ask() == []


def test_what_the_user_just_wrote_is_never_proposed_to_change() -> None:
    desk = Desk({"a.py": "foo = make()\nfoo.run()\n"})
    desk.edit("foo = make()", "bar = make(foo)")
    for one in desk.ask(most=9, least=0.0):
        assert one.start_line != 0


def test_where_the_text_is_not_known_the_place_is_offered_alone() -> None:
    code = "def area(width, height):\n    return width * height\n\n\nprint(area(2, 3) + 1)\n"
    desk = Desk({"a.py": code})
    desk.edit("def area(width, height):", "def area(width, height, depth):")
    jumps = [one for one in desk.engine.suggest("a.py", 0, 0, 20, 2.0, 0.0) if one.kind == "jump"]
    assert {one.start_line for one in jumps} >= {1, 4}
    for one in jumps:
        assert one.new_text == one.old_text
        assert one.why.startswith("you ")


def test_a_long_edit_is_no_example_and_a_long_line_no_place() -> None:
    long = "x = [" + "1, " * 400 + "]"
    desk = Desk({"a.py": f"first = old_name\n{long} + old_name\n" + "y = 1\n" * 80})
    desk.edit("y = 1\n" * 79 + "y = 1", "z = 2")
    assert desk.ask(most=9, least=0.0) == []
    desk.edit("first = old_name", "first = new_name")
    assert all(one.start_line != 1 for one in desk.ask(most=9, least=0.0) if one.kind == "edit")
