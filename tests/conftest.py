"""Options and rules of all tests."""

from __future__ import annotations

import os

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite the result sections of golden files")


@pytest.fixture(scope="session", autouse=True)
def _no_entry_in_the_users_ledger(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Servers that tests start write their ledger here, whatever else they are told."""
    os.environ["XDG_STATE_HOME"] = str(tmp_path_factory.mktemp("state"))
