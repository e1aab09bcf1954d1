"""The captured editors, for every test of a session's life."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

CLIENTS = sorted((Path(__file__).parents[1] / "clients").glob("*.json"))


@pytest.fixture(params=CLIENTS, ids=lambda path: path.name.partition(".initialize")[0])
def params(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Any]:
    """The InitializeParams of a capture, its root moved to a real folder."""
    text = request.param.read_text(encoding="utf-8").replace("file:///project", tmp_path.as_uri())
    found: dict[str, Any] = json.loads(text.replace('"/project', f'"{tmp_path}'))
    return found
