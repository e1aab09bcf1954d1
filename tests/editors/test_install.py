"""The installer's judgement: what counts as being here, where the packages come from, how it says no."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.editors import conftest, install


def put(folder: Path, name: str, says: str) -> Path:
    """A program that prints its version."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{says}'\n", encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing on PATH and nothing installed; the folder that is on PATH."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("AI_LSP_EDITORS", str(tmp_path / "editors"))
    return tmp_path / "bin"


def test_an_editor_on_path_is_taken_when_it_is_new_enough(bare: Path) -> None:
    assert install.find("nvim") is None
    put(bare, "nvim", "NVIM v0.11.4")
    assert install.find("nvim") is None
    newer = put(bare, "nvim", "NVIM v0.13.0-dev")
    assert install.find("nvim") == newer
    assert install.ensure("nvim") == {"nvim": newer}


def test_an_installed_one_stands_in_for_one_that_is_too_old(bare: Path) -> None:
    put(bare, "hx", "helix 22.12 (96ff64a8)")
    (install.prefix() / "bin").mkdir(parents=True)
    ours = put(install.prefix() / "bin", "hx", "helix 25.07.1")
    assert install.find("hx") == ours


def test_a_machine_without_apt_is_told_what_to_do(bare: Path) -> None:
    with pytest.raises(install.CannotInstall, match="has no apt: put nvim, hx, emacs, vim, tmux on PATH"):
        install.ensure("nvim")


@pytest.mark.parametrize(
    ("sources", "mirror"),
    [
        ("Types: deb\nURIs: http://x.test/debian\nSuites: bookworm\n", "http://x.test/debian"),
        ("deb [signed-by=/k arch=amd64] https://x.test/debian/ bookworm main\n", "https://x.test/debian/"),
        ("# deb http://no.test/debian bookworm main\ndeb-src http://no.test/debian x main\n", None),
        ("URIs: http://x.test/debian-security\n\nURIs: http://y.test/debian\n", "http://y.test/debian"),
        ("deb http://x.test/node_20.x nodistro main\n", None),
    ],
)
def test_the_mirror_is_read_from_either_format(sources: str, mirror: str | None) -> None:
    assert install.mirror_in(sources) == mirror


def test_a_missing_editor_is_a_skip_here_and_a_failure_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> Path:
        raise install.CannotInstall("no such thing")

    monkeypatch.delenv("CI", raising=False)
    with pytest.warns(UserWarning, match="left out: no such thing"), pytest.raises(pytest.skip.Exception):
        conftest.executable(missing)
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="missing in CI: no such thing"):
        conftest.executable(missing)
