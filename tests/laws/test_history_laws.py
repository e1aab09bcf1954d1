"""Laws of the edit history: each edit is true of its snapshots, minimal, and all of it bounded."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Edit, Span
from ai_lsp.text.history import History, Kind

TEXT = st.text("ab \n", max_size=30)
CHANGE = st.tuples(st.integers(0, 40), st.integers(0, 6), st.text("ab\n", max_size=5))
NOTIFICATION = st.tuples(st.sampled_from("xy"), st.lists(CHANGE, max_size=3), st.sampled_from([0.1, 1.5, 30.0]))


@given(TEXT, st.lists(NOTIFICATION, max_size=25))
def test_edits_tell_the_change_between_their_snapshots(
    text: str, stream: list[tuple[str, list[tuple[int, int, str]], float]]
) -> None:
    history, now = History(most=12), 0.0
    documents = {name: DocumentSnapshot(name, 1, "", text) for name in "xy"}
    for name, changes, pause in stream:
        before = after = documents[name]
        made = []
        for at, size, new in changes:
            start = min(at, len(after))
            made.append(Edit(Span(start, min(start + size, len(after))), new))
            after = after.replace(made[-1], after.version + 1)
        now += pause
        documents[name] = after
        history.changed(before, made, after, now)
    log = history.recent(99)
    assert len(log) <= 12
    for one in log:
        assert one.before.replace(one.edit, 0).text == one.after.text
        assert one.before.text != one.after.text
        assert one.began <= one.ended <= now
        removed, added = one.removed, one.added
        assert not (removed and added and (removed[0] == added[0] or removed[-1] == added[-1]))
        hunk = one.lines
        lines = one.before.text.split("\n")
        assert tuple(lines[hunk.start : hunk.start + len(hunk.old)]) == hunk.old
        lines[hunk.start : hunk.start + len(hunk.old)] = hunk.new
        assert "\n".join(lines) == one.after.text
    ends = [one.ended for one in log]
    assert ends == sorted(ends)
    for name in "xy":
        mine = history.of(name)
        assert not mine or mine[-1].after.text == documents[name].text or len(log) == 12
    standing = history.standing(99)
    assert [one for one in log if one in standing] == standing
    assert all(one.kind in (Kind.TYPED, Kind.PASTED, Kind.REPLACED) for one in standing)
