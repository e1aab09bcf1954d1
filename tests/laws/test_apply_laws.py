"""Laws of apply: outside of an edit every byte stays, nothing is lost unmentioned, old bases are not forced."""

from __future__ import annotations

import re

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ai_lsp.edits.apply import Applied, Hunk, Kind, Proposal, Reason, Refusal, changed_text, locate_and_merge
from ai_lsp.edits.apply.lines import FileLines
from ai_lsp.edits.apply.structure import language, structure_after, structure_of
from ai_lsp.edits.formats import FORMATS
from ai_lsp.edits.formats.recognise import read_reply
from ai_lsp.text.document import DocumentSnapshot, split_lines
from ai_lsp.text.edit import Edit, Span

MANY = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
EOLS = st.sampled_from(["\n", "\r\n", "\r"])
BLANKS = st.sampled_from(["", "    ", "\t", "\t\t", "        ", " "])
WORDS = st.text("abcxyz_é漢🎉 ()=.,\"'", min_size=1, max_size=18)
ENDS = st.sampled_from(["", "  ", "\t"])
LINE = st.builds(lambda a, b, c: a + b.strip() + c if b.strip() else b.strip(), BLANKS, WORDS, ENDS)


def snapshot(text: str, language: str = "python") -> DocumentSnapshot:
    return DocumentSnapshot("file:///w/a.py", 1, language, text)


@st.composite
def files(draw: st.DrawFn) -> tuple[list[str], str, str, str]:
    """(lines, line end, what stands before, what stands behind): together a text."""
    lines = draw(st.lists(LINE, min_size=1, max_size=14))
    return lines, draw(EOLS), draw(st.sampled_from(["", "\ufeff"])), draw(st.sampled_from(["", "end"]))


def joined(lines: list[str], eol: str, bom: str, last: str) -> str:
    return bom + "".join(line + eol for line in lines) + last


@MANY
@given(files(), st.data())
def test_every_byte_outside_of_the_quoted_block_stays(
    made: tuple[list[str], str, str, str], data: st.DataObject
) -> None:
    lines, eol, bom, _ = made
    text = joined(*made)
    first, end = sorted((data.draw(st.integers(0, len(lines))), data.draw(st.integers(0, len(lines)))))
    block = lines[first:end]
    changed = data.draw(st.integers(0, len(block)))
    quoted = [line + data.draw(ENDS) if data.draw(st.booleans()) else line for line in block]
    if quoted and data.draw(st.booleans()):
        quoted[0] = quoted[0][1:]
    new = data.draw(st.lists(st.sampled_from(["    NEW1", "NEW2", "\tNEW3", ""]), max_size=3))
    after = [*quoted[:changed], *new, *quoted[changed + 1 :]]
    result = locate_and_merge(snapshot(text), Proposal(Kind.HUNKS, hunks=(Hunk(tuple(quoted), tuple(after)),)))
    if isinstance(result, Refusal):
        return
    ends = [e.span.end for e in result.edits]
    starts = [e.span.start for e in result.edits]
    assert all(end <= start for end, start in zip(ends, starts[1:], strict=False)), "apart and in order"
    assert len(result.edits) == len(result.evidence)
    out = changed_text(text, result)
    kept = [line for line in split_lines(out.removeprefix(bom)) if "NEW" not in line]
    assert not [
        line
        for line in kept
        if line.strip() and line not in split_lines(text.removeprefix(bom)) and line + eol not in text
    ]
    assert out.startswith(bom)
    assert out.endswith(("\r", "\n")) == text.endswith(("\r", "\n")) or not out.strip("\ufeff \t\r\n")
    assert set(re.findall(r"\r\n|\r|\n", out)) <= {eol} | set(re.findall(r"\r\n|\r|\n", text))


NAMES = ("alpha", "beta", "gamma", "delta", "omega")


def function(name: str, body: int, depth: str = "") -> str:
    return f"{depth}def {name}(x):\n{depth}    y{body} = x + {body}\n{depth}    return y{body}\n"


@st.composite
def modules(draw: st.DrawFn) -> list[tuple[str, str]]:
    """(name, text) of top-level functions and of one class with methods."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=5, unique=True))
    parts = [(n, function(n, draw(st.integers(0, 9)))) for n in names]
    if draw(st.booleans()):
        inner = draw(st.lists(st.sampled_from(("one", "two", "three")), min_size=1, max_size=3, unique=True))
        text = "class Box:\n" + "\n".join(function(n, draw(st.integers(0, 9)), "    ") for n in inner)
        parts.insert(draw(st.integers(0, len(parts))), ("Box", text))
    return parts


MARKER = "# ... existing code ...\n"


@MANY
@given(modules(), st.data())
def test_no_definition_disappears_that_the_sketch_does_not_mention(
    parts: list[tuple[str, str]], data: st.DataObject
) -> None:
    text = "\n\n".join(part for _, part in parts)
    pieces: list[str] = []
    for _, part in parts:
        how = data.draw(st.sampled_from(["as it is", "changed", "head", "marker", "left out"]))
        if how == "as it is":
            pieces.append(part)
        elif how == "changed":
            pieces.append(part.replace("return", "return -"))
        elif how == "head":
            first = part.split("\n")[0]
            pieces.append(f"{first}\n    {MARKER}")
        elif how == "marker":
            pieces.append(MARKER)
    if data.draw(st.booleans()):
        pieces.insert(data.draw(st.integers(0, len(pieces))), function("fresh", 1))
    sketch = "\n".join(pieces)
    if not sketch.strip():
        return
    kind = data.draw(st.sampled_from([Kind.SKETCH, Kind.SYMBOL, Kind.FILE]))
    result = locate_and_merge(snapshot(text), Proposal(kind, text=sketch))
    if isinstance(result, Applied):
        after = changed_text(text, result)
        before = re.findall(r"def (\w+)|class (\w+)", text)
        assert not [name for name in before if re.findall(rf"(?:def|class) {name[0] or name[1]}\b", after) == []]
        assert "existing code" not in after


@MANY
@given(st.integers(4, 16), st.data())
def test_a_proposal_for_an_older_text_is_carried_over_or_refused(count: int, data: st.DataObject) -> None:
    base = [f"line {n} of many" for n in range(count)]
    at = data.draw(st.integers(0, count - 1))
    start, end = sorted((data.draw(st.integers(0, count)), data.draw(st.integers(0, count))))
    theirs = data.draw(st.lists(st.sampled_from(["other", "words", ""]), max_size=3))
    now = base[:start] + theirs + base[end:]
    proposal = Proposal(Kind.HUNKS, hunks=(Hunk((base[at],), ("changed",)),))
    result = locate_and_merge(snapshot("\n".join(now)), proposal, base=snapshot("\n".join(base)))
    if start <= at < end and base[at] not in now:
        assert isinstance(result, Refusal)
        assert result.reason is Reason.STALE
    elif isinstance(result, Applied):
        wanted = [("changed" if line == base[at] else line) for line in now]
        assert changed_text("\n".join(now), result) == "\n".join(wanted)
    else:
        assert result.reason is Reason.STALE


REPLY = st.lists(
    st.sampled_from(
        [
            "<<<<<<< SEARCH\n", "=======\n", ">>>>>>> REPLACE\n", "```python\n", "```\n", "--- a/a.py\n",
            "+++ b/a.py\n", "@@ -1,2 +1,2 @@\n", "@@\n", "+x = 1\n", "-x = 2\n", " y\n", "*** Begin Patch\n",
            "*** Update File: a.py\n", "*** End Patch\n", "*** End of File\n", "def f():\n", "    return 1\n",
            "# ... existing code ...\n", "...\n",
            "\n", "Text.\n", "a.py\n", "\r\n", "<|im_end|>", "x = 2\n", "\x00", "}\n", "\ud800",
        ]
    ),
    max_size=14,
).map("".join)  # fmt: skip


@MANY
@given(REPLY, st.sampled_from(["python", "go", "rust", "typescript", "plaintext", "markdown"]))
def test_any_reply_is_answered(reply: str, language: str) -> None:
    document = snapshot("def f():\n    return 2\n\n\nx = 2\ny\n", language)
    found = read_reply(reply, document)
    proposals = () if isinstance(found, Refusal) else found
    for proposal in proposals:
        result = locate_and_merge(document, proposal)
        assert isinstance(result, Applied) or result.sentence


@MANY
@given(REPLY, st.sampled_from(["search_replace", "unified_diff", "v4a"]))
def test_what_is_closed_stays_as_it_is(reply: str, name: str) -> None:
    seen: tuple[Proposal, ...] = ()
    for size in range(0, len(reply) + 1, 3):
        now = FORMATS[name].closed_hunks(reply[:size])
        assert [p.hunks[0].after for p in now[: len(seen)]] == [p.hunks[0].after for p in seen]
        seen = now


SOURCES = {
    "python": "class A:\n    def f(self):\n        pass\n\n    def g(self):\n        pass\n\n\ndef h():\n    x\n",
    "go": "package a\n\nfunc (t *T) F() {\n\tx := 1\n}\n\ntype T struct {\n\ta int\n}\n\nfunc G() {\n}\n",
    "javascript": "it('a', function () {\n  b()\n})\n\nclass A {\n  f() {\n  }\n}\n\nr.s = function () {\n}\n",
}
PIECES = st.sampled_from(
    ["", "\n", "def k():\n    pass\n", "func K() {\n}\n", "}\n", "{\n", "é = 1\n", "  it('c', () => {\n"]
)


@MANY
@given(st.sampled_from(sorted(SOURCES)), st.data())
def test_a_structure_moved_over_edits_is_that_of_the_new_text(name: str, data: st.DataObject) -> None:
    text, row = SOURCES[name], language(name, "")
    assert row is not None
    before = FileLines(text)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(before)), min_size=2, max_size=4, unique=True)))
    edits = [
        Edit(Span(before.offsets[a], before.offsets[b]), data.draw(PIECES))
        for a, b in zip(cuts[::2], cuts[1::2], strict=False)
    ]
    now = FileLines(changed_text(text, Applied(tuple(edits), ())))
    old = structure_of(before, row, lambda: False)
    assert old is not None
    assert structure_after(old, before, now, edits, row, lambda: False) == structure_of(now, row, lambda: False)
