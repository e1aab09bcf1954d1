"""The edit history: what a stream of changes is told as."""

from __future__ import annotations

import time

import pytest

from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Edit, Span
from ai_lsp.text.history import History, HistoryEdit, Kind, LineHunk


class Typist:
    """Changes documents as an editor does, with a clock of its own."""

    def __init__(self, **texts: str) -> None:
        self.history = History()
        self.now = 100.0
        self.documents = {name: DocumentSnapshot(f"file:///{name}", 1, "python", t) for name, t in texts.items()}

    def change(self, *edits: tuple[int, int, str], name: str = "a", pause: float = 0.1) -> None:
        before = after = self.documents[name]
        made = [Edit(Span(start, end), text) for start, end, text in edits]
        for edit in made:
            after = after.replace(edit, after.version + 1)
        self.now += pause
        self.documents[name] = after
        self.history.changed(before, made, after, self.now)

    def type(self, at: int, text: str, name: str = "a", pause: float = 0.1) -> None:
        for offset, char in enumerate(text):
            self.change((at + offset, at + offset, char), name=name, pause=0.1 if offset else pause)

    def replace(self, old: str, new: str, name: str = "a", pause: float = 5.0) -> None:
        at = self.documents[name].text.index(old)
        self.change((at, at + len(old), new), name=name, pause=pause)

    @property
    def told(self) -> list[tuple[Kind, str, str]]:
        return [(e.kind, e.removed, e.added) for e in self.history.recent(99)]

    @property
    def last(self) -> HistoryEdit:
        return self.history.recent(1)[0]


CODE = "def first(a):\n    return a\n\n\ndef second(a):\n    return a\n"


def test_letters_typed_in_a_row_are_one_edit() -> None:
    user = Typist(a=CODE)
    user.type(11, ", limit")
    assert user.told == [(Kind.TYPED, "", ", limit")]
    assert user.last.lines == LineHunk(0, ("def first(a):",), ("def first(a, limit):",))
    assert (user.last.began, round(user.last.ended - user.last.began, 3)) == (100.1, 0.6)


def test_a_word_taken_away_and_typed_anew_is_one_replacement() -> None:
    user = Typist(a=CODE)
    for end in range(9, 4, -1):
        user.change((end - 1, end, ""))
    user.type(4, "initial")
    assert user.told == [(Kind.TYPED, "first", "initial")]


def test_another_place_is_another_edit_and_so_is_another_file() -> None:
    user = Typist(a=CODE, b=CODE)
    user.type(11, ", n")
    user.type(user.documents["a"].text.rindex("a):") + 1, ", n")
    user.type(11, ", n", name="b")
    assert [e.uri[-1] for e in user.history.recent(9)] == ["a", "a", "b"]
    assert [e.lines.start for e in user.history.recent(9)] == [0, 4, 0]
    assert [e.uri[-1] for e in user.history.of("file:///b")] == ["b"]
    assert len(user.history.recent(2)) == 2


def test_the_next_line_after_a_pause_is_another_edit() -> None:
    user = Typist(a="one\ntwo\nthree\n")
    user.type(3, "!")
    user.type(8, "!", pause=2.0)
    user.type(15, "!", pause=0.3)
    assert [added for _, _, added in user.told] == ["!", "!\nthree!"]


def test_the_same_line_after_a_long_pause_is_another_edit() -> None:
    user = Typist(a=CODE)
    user.type(11, ", n")
    user.type(14, "=1", pause=60.0)
    assert [added for _, _, added in user.told] == [", n", "=1"]


def test_what_was_typed_and_taken_back_is_nothing() -> None:
    user = Typist(a=CODE)
    user.type(11, "xyz")
    for end in (14, 13, 12):
        user.change((end - 1, end, ""))
    assert user.told == []


def test_undo_and_redo_over_several_edits_and_what_still_stands() -> None:
    user = Typist(a=CODE)
    user.replace("first", "alpha")
    user.replace("second", "omega")
    user.replace("omega", "second")
    assert user.last.kind is Kind.UNDO
    user.replace("alpha", "first")
    assert user.last.kind is Kind.UNDO
    assert user.history.standing(9) == []
    user.replace("first", "alpha")
    assert user.last.kind is Kind.REDO
    assert [e.added for e in user.history.standing(9)] == ["alpha"]
    user.replace("second", "omega")
    assert user.last.kind is Kind.REDO
    assert [e.added for e in user.history.standing(9)] == ["alpha", "omega"]
    user.replace("alpha", "third")
    assert user.last.kind is Kind.TYPED


def test_an_undo_of_typing_just_done_is_told_and_the_text_counts_as_removed() -> None:
    user = Typist(a=CODE)
    user.type(11, ", limit")
    user.change((11, 18, ""))
    assert user.told[-1] == (Kind.UNDO, ", limit", "")
    assert [e.removed for e in user.history.removed_since(user.now)] == [", limit"]
    assert user.history.removed_since(user.now + 1) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("f(a,\n  b)\n", "f(\n    a,\n    b,\n)\n"),
        ("x = 'a'\ny = 'b'\n", 'x = "a"\ny = "b"\n'),
        ("if a:\n  b()\n  c()\n", "if a:\n    b()\n    c()\n"),
    ],
)
def test_formatting_teaches_nothing(old: str, new: str) -> None:
    user = Typist(a=old)
    user.change((0, len(old), new))
    assert user.last.kind is Kind.FORMAT
    assert user.history.standing(9) == []


def test_many_cursors_are_one_edit() -> None:
    user = Typist(a="foo()\nx\nfoo()\ny\nfoo()\n")
    user.change((16, 19, "bar"), (8, 11, "bar"), (0, 3, "bar"))
    assert [kind for kind, _, _ in user.told] == [Kind.REPLACED]
    user.change((19, 19, "s"), (11, 11, "s"), (3, 3, "s"))
    assert len(user.told) == 1
    assert user.last.after.text == "bars()\nx\nbars()\ny\nbars()\n"


def test_a_paste_and_a_large_paste() -> None:
    user = Typist(a=CODE)
    user.change((0, 0, "import os, sys, time\n"))
    assert user.last.kind is Kind.PASTED
    user.change((0, 0, "x = 1\n" * 400), pause=60)
    assert user.last.kind is Kind.BULK


def test_a_branch_switch_in_many_open_files_is_bulk() -> None:
    user = Typist(**{f"f{n}": CODE for n in range(9)})
    for n in range(9):
        user.change((4, 9, "renamed"), name=f"f{n}", pause=0.01)
    assert [kind for kind, _, _ in user.told[-4:]] == [Kind.BULK] * 4


def test_ten_thousand_changes_in_a_minute_are_few_edits_and_cheap() -> None:
    user = Typist(a="line of text\n" * 20_000, b=CODE)
    began = time.process_time()
    for n in range(10_000):
        size = len(user.documents["a"])
        at = (n * 7919) % (size - 20)
        user.change((at, at + n % 3, "xy"), pause=0.006)
    assert time.process_time() - began < 6.0
    assert len(user.history.recent(999)) <= 256
    assert user.last.kind is Kind.BULK
    user.replace("first", "alpha", name="b")
    assert [e.added for e in user.history.standing(1)] == ["alpha"]


def test_the_history_is_bounded_in_edits_and_characters() -> None:
    user = Typist(a="x\n" * 50)
    user.history = History(most=10, most_chars=1_000)
    for n in range(40):
        user.change((4 * (n % 10), 4 * (n % 10), f"{n}" * 40), pause=60)
    assert 1 <= len(user.history.recent(99)) <= 10
    assert sum(len(e.removed) + len(e.added) for e in user.history.recent(99)) <= 1_000


def test_a_file_that_must_not_be_read_is_forgotten_and_a_closed_one_is_not_continued() -> None:
    user = Typist(a=CODE, b=CODE)
    user.type(11, ", n")
    user.history.closed("file:///a")
    user.type(11, ", m", name="b")
    user.history.forget("file:///b")
    assert [e.uri for e in user.history.recent(9)] == ["file:///a"]
    assert [e.uri for e in user.history.standing(9)] == ["file:///a"]
