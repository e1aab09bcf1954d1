"""Fixtures of the editor tests: the editors, installed when missing, and a fresh user's place for each test."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from tests.editors.install import CannotInstall, ensure, neovim_011
from tests.editors.place import ModelProcess, Place


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What has a place drives something real."""
    for item in items:
        if "place" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.real)


def without(reason: str) -> NoReturn:
    """Leaves a test out, loudly; where CI is set that is a failure, since a skip there would hide a gap."""
    if os.environ.get("CI", "").lower() in ("1", "true"):
        pytest.fail(f"an editor is missing in CI: {reason}", pytrace=False)
    warnings.warn(f"editor test left out: {reason}", stacklevel=2)
    pytest.skip(reason)


def executable(get: Callable[[], Path]) -> Path:
    """What `get` finds or installs; without it the test is left out."""
    try:
        return get()
    except CannotInstall as reason:
        without(str(reason))


@pytest.fixture(scope="session")
def nvim() -> Path:
    return executable(lambda: ensure("nvim")["nvim"])


@pytest.fixture(scope="session")
def old_nvim() -> Path:
    """Neovim 0.11, which has the completion menu only."""
    return executable(neovim_011)


@pytest.fixture(scope="session")
def helix() -> Path:
    return executable(lambda: ensure("hx")["hx"])


@pytest.fixture(scope="session")
def emacs() -> Path:
    return executable(lambda: ensure("emacs")["emacs"])


@pytest.fixture(scope="session")
def vim() -> Path:
    return executable(lambda: ensure("vim")["vim"])


@pytest.fixture
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    """A fresh user's home and project; what the server complained of is shown with a failing test."""
    tmux = executable(lambda: ensure("tmux")["tmux"])
    # Short, because sockets are made below it; resolved, because editors resolve what they open.
    with tempfile.TemporaryDirectory(prefix="ai-lsp-", ignore_cleanup_errors=True) as folder:
        here = Place(Path(folder).resolve(), tmux, server_executable())
        yield here
        if here.complaints.exists():
            print(f"the server on stderr:\n{here.complaints.read_text(errors='replace')[-4000:]}")


@pytest.fixture
def model(place: Place) -> Iterator[ModelProcess]:
    """A model server of the user's own, speaking llama.cpp's dialect; `reply` starts it."""
    process = ModelProcess(place.folder)
    yield process
    process.close()


@pytest.fixture
def edit_model(place: Place) -> Iterator[ModelProcess]:
    """A chat model of the user's own, for instructions; `reply` starts it."""
    process = ModelProcess(place.folder, "openai")
    yield process
    process.close()


def server_executable() -> Path:
    """The server that the editors start: $AI_LSP_SERVER, else the one installed beside this Python."""
    wanted = os.environ.get("AI_LSP_SERVER") or Path(sys.executable).with_name("ai-lsp")
    found = shutil.which(wanted)
    if not found:
        pytest.fail(f"{wanted} does not exist; `make venv` installs it", pytrace=False)
    return Path(found).absolute()
