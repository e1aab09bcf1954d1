"""Start a real llama.cpp server with the tiny model: `with serving() as url`.

Or, as a process that prints its URL: `python -m tests.tiny_model.serve [--port N] [--slots N]`. The packages
(100 MB) live in an environment of their own under `.cache/tiny-model/`, made once in about 15 s; the
repository's own environment stays without them.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
CACHE = HERE.parents[1] / ".cache" / "tiny-model"
# llama.cpp b11549 as a wheel; pinned, because the tests count the tokens that its cache saves.
PACKAGES = ("xllamacpp==2026.10.11549", "gguf==0.19.0", "tokenizers==0.23.3", "numpy==2.4.6")
START_S = 60.0


class Unavailable(Exception):
    """The packages cannot be had, or the server does not start; the text says why."""


@dataclass(frozen=True, slots=True)
class TinyModel:
    """What is needed to start the server: a Python that has llama.cpp, and the model's file."""

    python: Path
    model: Path


def larger(width: int, layers: int) -> TinyModel:
    """A model of the same kind whose passes cost what those of a small real one do. Raises Unavailable."""
    tiny = ensure()
    found = TinyModel(tiny.python, CACHE / f"random-{width}x{layers}.gguf")
    if not found.model.exists():
        _run([tiny.python, HERE / "make.py", found.model, str(width), str(layers)], 300)
    return found


def ensure(cache: Path = CACHE) -> TinyModel:
    """The environment and the model, made where they are missing; safe while another process does the same.

    Raises Unavailable.
    """
    cache.mkdir(parents=True, exist_ok=True)
    found = TinyModel(cache / "venv" / "bin" / "python", cache / "tiny.gguf")
    stamp = cache / "installed.txt"
    recipe = (HERE / "make.py").read_text("utf-8")
    want = "\n".join([*PACKAGES, recipe])
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if stamp.exists() and stamp.read_text("utf-8") == want and found.model.exists():
            return found
        if not _has_packages(found.python):
            venv.create(cache / "venv", with_pip=True, clear=True)
            pip: list[str | Path] = [
                found.python,
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--only-binary=:all:",
            ]
            _run([*pip, *PACKAGES], 540)
        _run([found.python, HERE / "make.py", found.model], 120)
        stamp.write_text(want, "utf-8")
    return found


@contextlib.contextmanager
def serving(*, slots: int = 1, port: int = 0, model: TinyModel | None = None) -> Iterator[str]:
    """The URL of a llama.cpp server with the tiny model, `slots` contexts of 8192 tokens; it ends with the block.

    Raises Unavailable.
    """
    tiny = model or ensure()
    command: list[str | Path] = [tiny.python, HERE / "listen.py", tiny.model, str(port), str(slots)]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            assert process.stdout
            url = process.stdout.readline().strip()
            if not url.startswith("http"):
                log.seek(0)
                tail = log.read().decode("utf-8", "replace")[-800:]
                raise Unavailable(f"llama.cpp did not start: {tail}")
            _wait_until_healthy(url)
            yield url
        finally:
            assert process.stdin
            process.stdin.close()  # it ends when its input does
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _has_packages(python: Path) -> bool:
    wanted = dict(each.split("==") for each in PACKAGES)
    code = f"from importlib.metadata import version as v; exit(any(v(k) != w for k, w in {wanted!r}.items()))"
    return (
        python.exists() and subprocess.run([python, "-c", code], capture_output=True, check=False).returncode == 0
    )


def _run(command: list[str | Path], limit_s: float) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit_s, check=False)
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise Unavailable(f"{command[1:4]}: {problem}") from None
    if done.returncode != 0:
        raise Unavailable(
            f"{' '.join(map(str, command[1:4]))} failed: {done.stderr.strip().rpartition(chr(10))[2][-300:]}"
        )


def _wait_until_healthy(url: str) -> None:
    end = time.monotonic() + START_S
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.monotonic() < end:
        with contextlib.suppress(OSError), direct.open(f"{url}/health", timeout=2) as answer:
            if answer.status == 200:
                return
        time.sleep(0.02)
    raise Unavailable(f"llama.cpp at {url} was not healthy within {START_S:g} s")


def main() -> None:
    """Serve until interrupted, or until standard input ends where it is a pipe."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--slots", type=int, default=1)
    options = parser.parse_args()
    with serving(slots=options.slots, port=options.port) as url, contextlib.suppress(KeyboardInterrupt):
        print(url, flush=True)
        if os.isatty(0):
            while True:
                time.sleep(3600)
        sys.stdin.read()


if __name__ == "__main__":
    main()
