"""However an editor goes away, the server and what it started go too, with the exit code the protocol names."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from ai_lsp.cli.lsp_client import LspClient
from ai_lsp.cli.lsp_wire import RequestFailed


async def start(root: Path) -> LspClient:
    private = {f"XDG_{name}_HOME": str(root.parent / name) for name in ("CONFIG", "CACHE")}
    client = await LspClient.start([sys.executable, "-m", "ai_lsp", "--stdio"], root, environment=private)
    for _ in range(500):
        if (await client.request("aiLsp/status", {}))["ready"]:
            return client
        await asyncio.sleep(0.02)
    raise AssertionError("the server did not become ready")


def of_session(leader: int) -> set[int]:
    """The living processes of the server's session: itself and its workers."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, *_, session = path.read_text().rpartition(")")[2].split()[:4]
        except OSError:
            continue
        if int(session) == leader and state != "Z":
            found.add(int(path.parent.name))
    return found


async def until_gone(leader: int) -> None:
    for _ in range(500):
        if not of_session(leader):
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"still running: {of_session(leader)}")


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(
    ("how", "code"),
    [("shutdown and exit", 0), ("exit alone", 1), ("the pipe closes", 1), ("SIGTERM", None), ("kill -9", -9)],
)
async def test_nothing_is_left_behind(how: str, code: int | None, tmp_path: Path) -> None:
    client = await start(tmp_path)
    pid = client.process.pid
    assert len(of_session(pid)) > 1, "the predictor is a process of its own"
    match how:
        case "shutdown and exit":
            await client.request("shutdown")
            client.notify("exit")
        case "exit alone":
            client.notify("exit")
        case "the pipe closes":
            assert client.process.stdin is not None
            client.process.stdin.close()
        case "SIGTERM":
            os.kill(pid, signal.SIGTERM)
        case _:
            os.kill(pid, signal.SIGKILL)
    await until_gone(pid)
    ended = await client.kill()
    assert code is None or ended == code


async def test_a_second_initialize_is_refused(tmp_path: Path) -> None:
    async with await start(tmp_path) as client:
        with pytest.raises(RequestFailed) as refused:
            await client.request("initialize", {"capabilities": {}})
        assert refused.value.code == -32600
