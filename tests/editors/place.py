"""A user's machine in a folder: a home, a project, the server on PATH with a tap on its wire."""

from __future__ import annotations

import json
import os
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.editors.install import REPOSITORY
from tests.editors.screen import POLL_S, WAIT_S, Screen

README_URL = "http://127.0.0.1:8012"
"""Where the READMEs say that a user's model server listens."""
WIRETAP = Path(__file__).with_name("wiretap.py")
Message = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sent:
    """One message on the wire: who sent it, what, and when (seconds of the machine's own clock)."""

    at: float
    sender: str
    message: Message


@dataclass(frozen=True, slots=True)
class Wire:
    """What editor and server have said to each other so far, read from the tap's record."""

    record: Path

    def sent(self) -> Iterator[Sent]:
        """Every message in the order in which the tap saw it."""
        for entry in self._entries():
            if "message" in entry:
                yield Sent(entry["t"], entry["from"], entry["message"])

    def requests(self, method: str) -> list[Message]:
        """Requests and notifications of a method, whoever sent them."""
        return [sent.message for sent in self.sent() if sent.message.get("method") == method]

    def reply_to(self, request: Message) -> Message | None:
        """The answer to a request of the editor; None while there is none."""
        for sent in self.sent():
            if sent.sender == "server" and "method" not in sent.message and sent.message["id"] == request["id"]:
                return sent.message
        return None

    def wait_until_ready(self, *, timeout_s: float = WAIT_S) -> None:
        """Returns when the embedded predictor has seen the whole workspace."""
        self.wait_for(lambda: any("ready" in entry for entry in self._entries()), "ready", timeout_s=timeout_s)

    def wait_for(self, holds: Callable[[], bool], what: str, *, timeout_s: float = WAIT_S) -> None:
        """Returns as soon as it is so; else an AssertionError that quotes the wire's end."""
        until = time.monotonic() + timeout_s
        while not holds():
            if time.monotonic() > until:
                raise AssertionError(f"not on the wire within {timeout_s:.0f} s: {what}\n{self.end()}")
            time.sleep(POLL_S)

    def end(self, messages: int = 12) -> str:
        """The last messages, one short line each, for a person who reads why a test failed."""
        lines = [f"{sent.at:.3f} {sent.sender:6} {json.dumps(sent.message)[:400]}" for sent in self.sent()]
        return "\n".join(lines[-messages:]) or "nothing was said"

    def _entries(self) -> Iterator[dict[str, Any]]:
        if not self.record.exists():
            return
        for line in self.record.read_text(encoding="utf-8").splitlines(keepends=True):
            if line.endswith("\n"):
                yield json.loads(line)


@dataclass(frozen=True, slots=True)
class Place:
    """A user's home and project below one folder, with nothing of this machine's user in it.

    `~/ai-lsp` is this checkout, so that what the READMEs tell a user to write is what the tests load.
    """

    folder: Path
    tmux: Path
    server: Path
    columns: int = 100
    rows: int = 28
    wire: Wire = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "wire", Wire(self.folder / "wire.jsonl"))
        for folder in (self.home, self.project, self.folder / "bin"):
            folder.mkdir(parents=True)
        # A real repository: eglot asks git for the project's files and fails where there is only a folder.
        subprocess.run(["git", "init", "--quiet", self.project], check=True, env=self.environment())
        (self.home / "ai-lsp").symlink_to(REPOSITORY, target_is_directory=True)
        tapped = [sys.executable, "-S", str(WIRETAP), str(self.wire.record), str(self.server)]
        launcher = self.folder / "bin" / "ai-lsp"
        complaints = shlex.quote(str(self.complaints))
        version = f'[ "$1" = --version ] && exec {shlex.quote(str(self.server))} --version\n'
        serve = f'exec {shlex.join(tapped)} "$@" 2>>{complaints}\n'
        launcher.write_text(f"#!/bin/sh\n{version}{serve}", encoding="utf-8")
        launcher.chmod(0o755)

    @contextmanager
    def opened(self, editor: Path, *arguments: str | Path) -> Iterator[Screen]:
        """The editor on its screen with the server ready; a failure within shows the screen and the wire."""
        with self.open(editor, *arguments) as screen:
            try:
                self.wire.wait_until_ready()
                yield screen
            except AssertionError as failure:
                seen = "" if "┌─" in str(failure) else screen.picture()
                raise AssertionError(f"{failure}\n{seen}\n{self.wire.end()}") from failure

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def project(self) -> Path:
        return self.folder / "project"

    @property
    def complaints(self) -> Path:
        """What the server wrote to stderr."""
        return self.folder / "stderr.txt"

    def write(self, name: str, content: str | bytes) -> Path:
        """A file of the project, byte for byte."""
        path = self.project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def configure(self, name: str, content: str) -> Path:
        """A file of the user's configuration folder, such as `nvim/init.lua` or `ai-lsp/config.toml`."""
        path = self.home / ".config" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        return path

    def open(self, editor: Path, *arguments: str | Path) -> Screen:
        """Starts an editor on a screen, in the project."""
        return Screen(
            [editor, *arguments],
            tmux=self.tmux,
            folder=self.project,
            environment=self.environment(),
            columns=self.columns,
            rows=self.rows,
        )

    def environment(self) -> dict[str, str]:
        """A new user's environment: the home is empty, and `ai-lsp` on PATH is the tapped server."""
        path = os.pathsep.join([str(self.folder / "bin"), os.environ.get("PATH", os.defpath)])
        kept = {key: os.environ[key] for key in ("LD_LIBRARY_PATH", "SSL_CERT_FILE") if key in os.environ}
        return {**kept, "HOME": str(self.home), "PATH": path, "SHELL": "/bin/sh", "TMPDIR": str(self.folder)}


class ModelProcess:
    """A scripted model server in a process of its own, so that a test may wait for a screen meanwhile."""

    def __init__(self, folder: Path, dialect: str = "llamacpp") -> None:
        self._reply, self._log = folder / "reply.txt", folder / "model.jsonl"
        self._folder, self._dialect = folder, dialect
        self._process: subprocess.Popen[str] | None = None
        self.url = ""

    def reply(self, text: str, *, first_token_ms: int = 0, tokens_per_s: float = 0) -> None:
        """Starts the server, which answers every request with this text after so many milliseconds, and as fast
        as is said; 0 is at once."""
        self._reply.write_text(text, encoding="utf-8")
        options = ["--dialect", self._dialect, "--port", "0"]
        options += [
            "--reply-file",
            str(self._reply),
            "--log",
            str(self._log),
            "--first-token-ms",
            str(first_token_ms),
            "--tokens-per-s",
            str(tokens_per_s),
        ]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.scripted_model", *options],
            stdout=subprocess.PIPE,
            text=True,
            cwd=REPOSITORY,
        )
        assert self._process.stdout
        self.url = self._process.stdout.readline().strip()
        assert self.url.startswith("http://127.0.0.1:")

    def requests(self) -> list[Message]:
        """What it was asked to generate, one mapping each."""
        if not self._log.exists():
            return []
        return [json.loads(line) for line in self._log.read_text(encoding="utf-8").splitlines()]

    def close(self) -> None:
        """Ends the server."""
        if self._process:
            self._process.kill()
            self._process.communicate()


def wait_for_bytes(path: Path, expected: bytes, *, timeout_s: float = WAIT_S) -> None:
    """Returns when the file has exactly these bytes; otherwise an AssertionError that shows both."""
    until = time.monotonic() + timeout_s
    while (found := path.read_bytes()) != expected:
        if time.monotonic() > until:
            raise AssertionError(f"{path.name} on disk\n{found!r}\nexpected\n{expected!r}")
        time.sleep(POLL_S)


def unused_port() -> int:
    """A port of this machine where nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def code_blocks(readme: Path, language: str, url: str = "") -> list[str]:
    """The fenced blocks of one language in a README, in their order; `url` is put for the model's there."""
    parts = readme.read_text(encoding="utf-8").split(f"```{language}\n")[1:]
    blocks = [part.split("```", 1)[0] for part in parts]
    return [block.replace(README_URL, url or README_URL) for block in blocks]
