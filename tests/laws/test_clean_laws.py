"""Laws of cleaning: a decided stream stays decided, nothing is invented, and clean text is clean."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from ai_lsp.completion.clean import Limits, clean, is_decided
from ai_lsp.completion.query import Declined, Query
from ai_lsp.text.document import DocumentSnapshot

LINE = st.sampled_from(
    [
        "", "    x = 1", "x = 1", "    return x", "return x", "}", "    }", "        }", "} else {",
        "    } else {", "if (x) {", "    if x:", "        y()", "    else:", "def g():", "end", "  end", "```",
        "```python", ")", "    )", "Here is the code:", "This returns the sum.", "foo(", "    a,", "\tz()",
        "\t\tz()", "<|endoftext|>", "a, a, a, a, a, a, a,",
    ]
)  # fmt: skip
LINES = st.lists(LINE, max_size=9).map("\n".join)
LEFT = st.sampled_from(["", "    ", "\t", "x = ", "    return ", "foo(", "    if (a) {", "  "])
RIGHT = st.sampled_from(["", "", ")", ");", " + 1", "}", '"'])
LANGUAGE = st.sampled_from(["python", "typescript", "go", "ruby", "c", "markdown", "unheard-of"])
QUERY = st.tuples(LINES, LEFT, RIGHT, LINES, LANGUAGE).map(
    lambda t: Query(
        DocumentSnapshot("file:///a", 1, t[4], f"{t[0]}\n{t[1]}{t[2]}\n{t[3]}"), len(t[0]) + 1 + len(t[1])
    )
)
LIMITS = st.builds(Limits, st.integers(1, 6), st.booleans(), st.booleans())


@settings(max_examples=400, deadline=None)
@given(QUERY, LIMITS, LINES, LINES)
def test_what_comes_after_a_decided_stream_changes_nothing(
    query: Query, limits: Limits, raw: str, more: str
) -> None:
    if is_decided(raw, query, limits):
        assert clean(raw, query, limits) == clean(f"{raw}\n{more}", query, limits)


@settings(max_examples=400, deadline=None)
@given(QUERY, LIMITS, LINES)
def test_what_is_shown_is_no_more_than_may_be(query: Query, limits: Limits, raw: str) -> None:
    got = clean(raw, query, limits)
    if isinstance(got, Declined):
        return
    text, covers = got
    assert text.strip()
    assert text.count("\n") < (1 if limits.is_single_line else limits.max_lines)
    assert covers <= len(query.right)
    assert len("".join(text.split())) <= len("".join(raw.split()))


@settings(max_examples=300, deadline=None)
@given(QUERY, LIMITS, st.text(max_size=200))
def test_nothing_that_a_model_may_say_is_an_error(query: Query, limits: Limits, raw: str) -> None:
    clean(raw, query, limits)
    is_decided(raw, query, limits)
