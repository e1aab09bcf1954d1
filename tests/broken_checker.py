"""A language server for tests that goes wrong in the way its first argument names, or else does its duty.

Its duty: one error for every line that holds the word `wrong`, published with the document's version, or pulled.
"""

from __future__ import annotations

import sys
import time
from typing import Any

from ai_lsp.text.framing import FrameParser, frame

HOW = sys.argv[1]


def send(message: Any) -> None:
    sys.stdout.buffer.write(frame({"jsonrpc": "2.0", **message}))
    sys.stdout.buffer.flush()


def findings(text: str) -> list[Any]:
    return [
        {
            "range": {"start": {"line": n, "character": 0}, "end": {"line": n, "character": 1}},
            "severity": 1,
            "code": "wrong",
            "message": "this is wrong",
        }
        for n, line in enumerate(text.split("\n"))
        if "wrong" in line
    ]


def publish(uri: str, version: int | None, items: list[Any]) -> None:
    params = {"uri": uri, "diagnostics": items} | ({} if version is None else {"version": version})
    send({"method": "textDocument/publishDiagnostics", "params": params})


def changed(uri: str, version: int, text: str) -> None:
    match HOW:
        case "push":
            publish(uri, version, findings(text))
        case "stale":
            publish(uri, version - 1, [])
        case "unversioned":
            publish(uri, None, [])
        case "flood":
            while True:
                publish(uri, version - 1, findings("wrong\n" * 1000))
        case "garbage":
            sys.stdout.buffer.write(b"Content-Length: 9\r\n\r\nnot json!")
            sys.stdout.buffer.flush()
        case "crash":
            sys.exit(3)


def main() -> None:
    texts: dict[str, str] = {}
    parser = FrameParser()
    if HOW == "no-start":
        sys.exit(1)
    while data := sys.stdin.buffer.read1(1 << 16):
        for message in parser.feed(data):
            method, params = message.get("method"), message.get("params") or {}
            if method == "initialize":
                if HOW == "hang":
                    time.sleep(60)
                send({"id": message["id"], "result": {"capabilities": {}}})
            elif method in ("textDocument/didOpen", "textDocument/didChange"):
                document = params["textDocument"]
                text = document.get("text") if method.endswith("Open") else params["contentChanges"][0]["text"]
                texts[document["uri"]] = text
                changed(document["uri"], document["version"], text)
            elif method == "textDocument/diagnostic":
                if HOW == "pull-late":
                    time.sleep(60)
                send({"id": message["id"], "result": {"items": findings(texts[params["textDocument"]["uri"]])}})


if __name__ == "__main__":
    main()
