"""Laws of the gate: no secret passes, everything comes back, and nothing depends on what was asked before."""

from __future__ import annotations

import string

from hypothesis import given, settings
from hypothesis import strategies as st

from ai_lsp.context.screening import Disguise, Policy, Restorer, restore, screen
from ai_lsp.context.secret_rules import FORMATS
from ai_lsp.context.secrets import Scanner
from ai_lsp.models.port import FimPrompt, ModelRequest

LINES = [
    "x = 1",
    "",
    "def f(self):",
    "    return token",
    "é = '\u2028'",
    'password = ""',
    "# key:",
    "{",
    "}",
    '"""',
]
TAILS = st.text(string.ascii_lowercase + string.digits, min_size=64, max_size=64).filter(
    lambda t: len(set(t[:12])) > 8 and any(c.isdigit() for c in t[:14])
)
secrets = st.tuples(st.sampled_from(FORMATS), TAILS).map(
    lambda pair: pair[0].prefix + _in_alphabet(pair[1] * 2, pair[0].alphabet)[: pair[0].tail + 2]
)
SHARED = Scanner()


def _in_alphabet(tail: str, alphabet: str) -> str:
    if alphabet.startswith("A-Z0-9"):
        return tail.upper()
    return "".join(string.hexdigits[ord(c) % 16] for c in tail) if alphabet.startswith("0-9a-f") else tail


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, int, list[str]]:
    """A text, a cursor at a line's end, and the secrets in the text."""
    held = draw(st.lists(secrets, min_size=1, max_size=4))
    lines = draw(st.lists(st.sampled_from(LINES), max_size=30))
    for secret in held:
        form = draw(st.sampled_from(['k = "{}"', "  # {}", "f('{}', 1)", "{}", "a: [{}]  # old"]))
        lines.insert(draw(st.integers(0, len(lines))), form.format(secret))
    at = draw(st.integers(0, len(lines) - 1))
    cursor = sum(len(line) + 1 for line in lines[:at])
    return "\n".join(lines), cursor, held


def request_of(text: str, cursor: int) -> ModelRequest:
    return ModelRequest(FimPrompt(text[:cursor], "", text[cursor:], "a.py", "r", "python"), 16)


@settings(max_examples=150, deadline=None)
@given(documents(), st.integers(1, 30))
def test_no_secret_passes_and_an_echo_comes_back_whole(made: tuple[str, int, list[str]], size: int) -> None:
    text, cursor, held = made
    screened = screen(request_of(text, cursor), Policy(), Disguise(b"k", Scanner()))
    assert screened.refused is None
    prompt = screened.request.prompt
    assert isinstance(prompt, FimPrompt)
    sent = prompt.prefix + prompt.typed + prompt.suffix
    assert not any(secret in sent for secret in held)
    assert restore(sent, screened.replaced) == text
    restorer = Restorer(screened.replaced)
    pieces = [restorer.feed(sent[at : at + size]) for at in range(0, len(sent), size)]
    assert "".join([*pieces, restorer.end()]) == text


@settings(max_examples=150, deadline=None)
@given(documents())
def test_what_was_asked_before_changes_nothing(made: tuple[str, int, list[str]]) -> None:
    """The cache of paragraphs is never seen: a scanner that saw other texts finds the same."""
    text, _, _ = made
    assert SHARED.find(text) == Scanner().find(text) == SHARED.find(text)


@settings(max_examples=100, deadline=None)
@given(documents())
def test_the_same_request_gives_the_same_bytes(made: tuple[str, int, list[str]]) -> None:
    text, cursor, _ = made
    disguise = Disguise(b"k", Scanner())
    request = request_of(text, cursor)
    assert screen(request, Policy(), disguise) == screen(request, Policy(), disguise)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=400), st.integers(0, 400))
def test_any_text_is_screened_without_an_error(text: str, cursor: int) -> None:
    cursor = min(cursor, len(text))
    line = text.rfind("\n", 0, cursor) + 1
    prompt = FimPrompt(text[:line], text[line:cursor], text[cursor:], text[:20], text[-5:], text[:3])
    screened = screen(ModelRequest(prompt, 16, draft=text), Policy(), Disguise(b"k", Scanner()))
    assert screened.refused is None or not screened.replaced
