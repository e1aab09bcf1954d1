"""Stands between an editor and the server, passes every byte on, and writes down each message with its time.

    python wiretap.py RECORD SERVER [ARGUMENT…]

RECORD gets one JSON object a line: `{"t": seconds, "from": "editor" | "server", "message": …}`. When the server
has been initialized the tap asks it `aiLsp/status` until the embedded predictor has seen the workspace, and then
writes `{"t": …, "ready": true}`; the editor sees neither. Runs alone, with the standard library.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from typing import IO, Any

ASK_AGAIN_S = 0.1
_lock = threading.Lock()


def read_frame(stream: IO[bytes]) -> bytes | None:
    """The body of the next message; None at the end of the stream."""
    length = 0
    while True:
        header = stream.readline()
        if not header:
            return None
        if header == b"\r\n":
            break
        name, _, value = header.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    body = stream.read(length)
    return body if len(body) == length else None


def write_frame(stream: IO[bytes], body: bytes) -> None:
    """Writes one message, whole, whichever thread asks."""
    with _lock:
        stream.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        stream.flush()


class Tap:
    """The two directions of one connection and what both write to: the record."""

    def __init__(self, record: str, server: subprocess.Popen[bytes]) -> None:
        assert server.stdin
        assert server.stdout
        self._to_server, self._from_server = server.stdin, server.stdout
        self._record = open(record, "a", encoding="utf-8", buffering=1)  # noqa: SIM115 - lives as long as we do
        self._asked = 0

    def editor_to_server(self) -> None:
        """Until the editor closes its end."""
        while (body := read_frame(sys.stdin.buffer)) is not None:
            message = self._note("editor", body)
            write_frame(self._to_server, body)
            if message.get("method") == "initialized":
                self._ask()
        self._to_server.close()

    def server_to_editor(self) -> None:
        """Until the server ends; answers to the tap's own questions stop here."""
        while (body := read_frame(self._from_server)) is not None:
            message = json.loads(body)
            if str(message.get("id", "")).startswith("wiretap-") and "method" not in message:
                # A server without aiLsp/status has nothing to be waited for.
                if "error" in message or message["result"].get("ready"):
                    self._write({"ready": True})
                else:
                    threading.Timer(ASK_AGAIN_S, self._ask).start()
                continue
            self._note("server", body)
            try:
                write_frame(sys.stdout.buffer, body)
            except OSError:
                return  # the editor went without saying goodbye

    def _ask(self) -> None:
        self._asked += 1
        question = {"jsonrpc": "2.0", "id": f"wiretap-{self._asked}", "method": "aiLsp/status", "params": {}}
        try:
            write_frame(self._to_server, json.dumps(question).encode())
        except (OSError, ValueError):
            return  # the session has ended meanwhile

    def _note(self, sender: str, body: bytes) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(body)
        self._write({"from": sender, "message": message})
        return message

    def _write(self, what: dict[str, Any]) -> None:
        self._record.write(json.dumps({"t": time.monotonic(), **what}) + "\n")


def main() -> int:
    record, *command = sys.argv[1:]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    tap = Tap(record, server)
    threading.Thread(target=tap.editor_to_server, daemon=True).start()
    try:
        tap.server_to_editor()
    finally:
        server.kill()
    return server.wait()


if __name__ == "__main__":
    sys.exit(main())
