"""The fixture `real_llama`: import it into a conftest.py to have the URL of a real llama.cpp server in tests."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.tiny_model.serve import Unavailable, serving


@pytest.fixture(scope="session")
def real_llama() -> Iterator[str]:
    """The URL of one llama.cpp server for the whole session. Skips with the reason, but never in CI."""
    try:
        with serving() as url:
            yield url
    except Unavailable as reason:
        if os.environ.get("CI", "").lower() in ("1", "true"):
            pytest.fail(f"a real llama.cpp server is required in CI: {reason}")
        pytest.skip(f"no real llama.cpp server: {reason}")
