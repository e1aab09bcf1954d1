"""Ways to damage a message: in its values, in its envelope, in its bytes, in its frame."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from random import Random
from typing import Any

Message = Any
METHODS = [
    "textDocument/didOpen",
    "textDocument/didChange",
    "textDocument/didClose",
    "textDocument/didSave",
    "textDocument/inlineCompletion",
    "textDocument/completion",
    "textDocument/hover",
    "workspace/executeCommand",
    "workspace/didChangeConfiguration",
    "workspace/didChangeWatchedFiles",
    "workspace/didChangeWorkspaceFolders",
    "window/workDoneProgress/cancel",
    "aiLsp/status",
    "aiLsp/nextEdit",
    "initialized",
    "$/cancelRequest",
    "$/setTrace",
    "$/progress",
    "no/such",
    "",
    "exit ",
]


def junk(dice: Random) -> Any:
    """A value that nobody expects."""
    return dice.choice(
        [
            None,
            True,
            False,
            0,
            -1,
            1.5,
            -0.0,
            2**31,
            2**53 + 1,
            -(2**63),
            2**70,
            10**300,
            1e308,
            float("inf"),
            float("nan"),
            "",
            "x" * 3_000,
            "\ud83d",
            "\x00",
            "\u2028\x0c\x85",
            "file://",
            "file:///%ff%00",
            "untitled:1",
            [],
            {},
            [[]],
            [None],
            {"": {}},
            {"jsonrpc": "2.0", "id": "inner", "method": "aiLsp/status"},
            {"line": -1, "character": -1},
            {"line": 10**9, "character": 10**9},
            nested(400),
        ]
    )


def nested(depth: int) -> Any:
    value: Any = 0
    for level in range(depth):
        value = [value] if level % 2 else {"params": value}
    return value


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every container with each of its keys, the deepest last."""
    found: list[tuple[Any, Any]] = []
    keys = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in keys:
        found.append((value, key))
        found.extend(places(inner))
    return found


def in_values(message: Message, dice: Random) -> Message:
    """One to three fields dropped, replaced, renamed or doubled, anywhere below the envelope."""
    for _ in range(dice.choice((1, 1, 2, 3))):
        inside = [place for place in places(message) if place[0] is not message or place[1] == "params"]
        if not inside:
            return message
        holder, key = dice.choice(inside)
        match dice.randrange(6):
            case 0 | 1:
                holder[key] = junk(dice)
            case 2:
                del holder[key]
            case 3:
                holder[key] = [holder[key]]
            case 4 if isinstance(holder, dict):
                holder[str(key).upper()] = holder.pop(key)
            case _:
                holder[key] = {"value": holder[key], "jsonrpc": "2.0", "id": "outer", "method": "x"}
    return message


def in_envelope(message: Message, dice: Random) -> Message:
    """Requests become notifications and the reverse; ids, versions and methods that are none."""
    match dice.randrange(10):
        case 0:
            message.pop("id", None)
        case 1:
            message["id"] = f"e{dice.randrange(10**9)}"
        case 2:
            message["id"] = dice.choice([None, True, 1.5, [], {}, 2**70, -1, "", "\ud83d", "x" * 900])
        case 3:
            message["method"] = dice.choice(METHODS)
        case 4:
            message["method"] = junk(dice)
        case 5:
            message.pop("params", None)
        case 6:
            message["jsonrpc"] = dice.choice(["1.0", None, 2.0, "2.0 "])
        case 7:
            message.pop("jsonrpc", None)
        case 8:
            message.pop("method", None)
        case _:
            message |= {"result": None, "error": {"code": 1}, "extra": junk(dice)}
    return message


def into_batch(message: Message, dice: Random) -> Message:
    """A JSON-RPC batch, which LSP does not have, or a batch in a batch."""
    return [message] if dice.random() < 0.6 else [[message], junk(dice)]


DAMAGES: list[Callable[[Message, Random], Message]] = [in_values] * 6 + [in_envelope] * 4 + [into_batch]


def damaged(message: Message, dice: Random) -> Message:
    """A copy of the message with one kind of damage."""
    return dice.choice(DAMAGES)(copy.deepcopy(message), dice)


def body_of(message: Message) -> bytes:
    """JSON as Python writes it, NaN and all; sometimes what is no JSON at all comes from `in_bytes`."""
    return json.dumps(message, separators=(",", ":")).encode("ascii")


def in_bytes(body: bytes, dice: Random) -> bytes:
    """Bytes changed, cut, doubled, or no longer UTF-8. The frame stays right."""
    at = dice.randrange(len(body))
    match dice.randrange(7):
        case 0:
            return body[:at] + bytes([dice.randrange(256)]) + body[at + 1 :]
        case 1:
            return body[:at]
        case 2:
            return body[:at] + b"\xff\xfe" + body[at:]
        case 3:
            return body + body[at:]
        case 4:
            return b"\xef\xbb\xbf" + body
        case 5:
            return body.replace(b"{", b"{ \r\n\t", 2)
        case _:
            return b"[" * 5_000 + body


def framed(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


def in_frame(body: bytes, dice: Random) -> tuple[bytes, bool]:
    """A frame written strangely, and whether a patient server can still read this very message."""
    size = len(body)
    match dice.randrange(11):
        case 0:
            return b"content-length:%d\r\n\r\n" % size + body, True
        case 1:
            return (
                b"Content-Length:  %d\r\nContent-Type: application/vscode-jsonrpc; charset=utf-8\r\n\r\n" % size
                + body,
                True,
            )
        case 2:
            return b"X-Odd: 1\r\nContent-Length: %d\r\n\r\n" % size + body, True
        case 3:
            return b"Content-Length: %d\n\n" % size + body, True
        case 4:
            return b"\r\n\r\nnoise" + framed(body), True
        case 5:
            return b"Content-Length: %d\r\n\r\n" % (size + dice.choice((1, 17, 10**6, 10**15))) + body, False
        case 6:
            return b"Content-Length: %d\r\n\r\n" % max(0, size - dice.choice((1, 9, 10**6))) + body, False
        case 7:
            return b"Content-Length: -5\r\n\r\n" + body, False
        case 8:
            return b"Content-Length: many\r\n\r\n" + body, False
        case 9:
            return body, False
        case _:
            return framed(body)[: -1 - dice.randrange(size)], False
