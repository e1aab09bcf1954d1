"""Where keys come from, with the OS keyring's package replaced by one that the test wrote."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ai_lsp.errors import BadCredentials
from ai_lsp.models.keys import read_key
from ai_lsp.models.settings import ModelSettings


def settings(**more: str) -> ModelSettings:
    return ModelSettings("tab", "openai", "http://127.0.0.1:1", "m", **more)  # type: ignore[arg-type]


@pytest.fixture
def keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package `keyring` whose source the test writes."""
    monkeypatch.syspath_prepend(str(tmp_path))
    before = sys.modules.pop("keyring", None)
    yield tmp_path / "keyring.py"
    sys.modules.pop("keyring", None)
    if before:
        sys.modules["keyring"] = before


def test_no_place_named_is_no_key() -> None:
    assert read_key(settings()) == ""


def test_the_environment_comes_first(monkeypatch: pytest.MonkeyPatch, keyring: Path) -> None:
    keyring.write_text("def get_password(service, user): raise AssertionError\n")
    monkeypatch.setenv("TEST_MODEL_KEY", " secret\n")
    assert read_key(settings(key_env="TEST_MODEL_KEY", keyring="ai-lsp")) == "secret"


def test_the_keyring_is_asked_for_the_models_name(monkeypatch: pytest.MonkeyPatch, keyring: Path) -> None:
    monkeypatch.delenv("TEST_MODEL_KEY", raising=False)
    keyring.write_text("def get_password(service, user): return f'{service}/{user}'\n")
    assert read_key(settings(key_env="TEST_MODEL_KEY", keyring="ai-lsp")) == "ai-lsp/tab"


@pytest.mark.parametrize(
    ("source", "advice"),
    [
        ("def get_password(service, user): return None\n", "keyring set ai-lsp tab"),
        ("def get_password(service, user): raise RuntimeError('secret detail')\n", "Unlock"),
        ("raise ImportError\n", "pip install"),
    ],
    ids=["empty", "locked", "not installed"],
)
def test_a_keyring_without_the_key_says_what_to_do(keyring: Path, source: str, advice: str) -> None:
    keyring.write_text(source)
    with pytest.raises(BadCredentials) as caught:
        read_key(settings(keyring="ai-lsp"))
    assert advice in caught.value.advice
    assert "secret" not in str(caught.value)
