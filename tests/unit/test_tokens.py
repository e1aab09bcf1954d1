"""Token counts: exact where ranks lie on disk, estimated and corrected elsewhere, and never from the network."""

from __future__ import annotations

import base64
import hashlib
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_lsp.models import tokens
from ai_lsp.models.port import ChatPrompt, ContextFile, FimPrompt, Message, Usage
from ai_lsp.models.tokens import Estimate, exact_counter, prompt_size, size

FILE = "fb374d419588a4632f3f557e76b4b70aebbca790"


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("asked the network")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("content", [None, b"", b"not the ranks"])
def test_without_the_right_ranks_on_disk_nothing_is_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    if content is not None:
        (tmp_path / FILE).write_bytes(content)
    assert exact_counter("gpt-4o") is None
    if content is not None:
        assert (tmp_path / FILE).read_bytes() == content, "a file that we did not write stays as it is"


@pytest.mark.usefixtures("no_network")
def test_a_cache_that_is_switched_off_is_no_reason_to_fetch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", "")
    assert exact_counter("gpt-4o") is None


@pytest.mark.usefixtures("no_network")
def test_ranks_on_disk_count_exactly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With ranks of single bytes, a token is a byte: what tiktoken makes of our file, and of special names."""
    ranks = b"".join(base64.b64encode(bytes([byte])) + b" %d\n" % byte for byte in range(256))
    (tmp_path / FILE).write_bytes(ranks)
    checksum = hashlib.sha256(ranks).hexdigest()
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    monkeypatch.setitem(tokens._RANKS, "o200k_base", (FILE, checksum))
    monkeypatch.setattr("tiktoken.load.check_hash", lambda data, expected: True)
    counter = exact_counter("gpt-4o-mini")
    assert counter
    assert counter.count("<|endoftext|>") == 13
    assert counter.count("π") == 2
    assert counter.count("") == 0


@pytest.mark.parametrize("model", ["qwen2.5-coder", "claude-opus-4-6", "", "gpt-2", "gpt-unheard-of"])
def test_other_models_have_no_exact_counter(model: str) -> None:
    assert exact_counter(model) is None


@given(st.text())
def test_an_estimate_is_zero_only_for_nothing(text: str) -> None:
    assert (Estimate().count(text) == 0) == (text == "")
    assert Estimate(1.0).count(text) == size(text) == len(text.encode("utf-8", "surrogatepass"))


def test_usage_corrects_the_estimate_and_later_samples_weigh_more() -> None:
    estimate = Estimate()
    for _ in range(30):
        estimate = estimate.corrected(4000, Usage(prompt_tokens=1000))
    assert estimate.bytes_per_token == pytest.approx(4.0, abs=0.01)
    for _ in range(30):
        estimate = estimate.corrected(4000, Usage(prompt_tokens=2000))
    assert estimate.bytes_per_token == pytest.approx(2.0, abs=0.01)


@pytest.mark.parametrize(
    ("sent", "usage"),
    [
        (4000, None),
        (4000, Usage()),
        (4000, Usage(prompt_tokens=1)),
        (100, Usage(prompt_tokens=50)),
        (4000, Usage(0)),
    ],
    ids=["no usage", "no count", "only what was not cached", "too short", "zero"],
)
def test_what_cannot_be_right_is_not_believed(sent: int, usage: Usage | None) -> None:
    assert Estimate().corrected(sent, usage) == Estimate()


def test_the_size_of_a_prompt_is_all_its_text() -> None:
    assert prompt_size(FimPrompt("ab", "c", "π", files=(ContextFile("x.py", "12345"),))) == 2 + 1 + 2 + 4 + 5
    assert prompt_size(ChatPrompt((Message("user", "abc"), Message("assistant", "d")))) == 4
