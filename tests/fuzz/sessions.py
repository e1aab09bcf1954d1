"""A damaged session: what an editor would send, some of it damaged, and what must be true of the answers."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from ai_lsp.cli.lsp_client import LspClient
from ai_lsp.cli.lsp_wire import ServerGone
from ai_lsp.cli.text_mirror import TextMirror
from tests.fuzz import damage
from tests.scripted_model import ScriptedModel

LOGGED_ERROR = re.compile(r"Traceback|\b(ERROR|CRITICAL)\b|Warning: ")
SHARE_DAMAGED = 0.4
SHARE_KILLED = 0.0004  # kill -9 of the predictor, per message
CHECK_EVERY = 150  # messages
PATIENCE_S = 30.0
LONGEST_TEXT = 6_000  # characters
TEXT_METHODS = frozenset({"textDocument/didOpen", "textDocument/didChange", "textDocument/didClose"})
PIECES = [
    "def area(r):\n    return 3.14 * r\n",
    "for item in items:\r\n\tprint(item)\r\n",
    "x = 1\r",
    "\n",
    "\r\n",
    "\r",
    "\x0c",
    "\x85",
    "\u2028",
    "\u2029",
    "😀",
    "𐍈",
    "e\u0301",
    "\ud83d",
    "\ude00",
    "\ufeff",
    "日本語",
    "grüße",
    "'''",
    '"',
    "(",
    ")",
    "{",
    "value = ",
    "self.",
    "Content-Length: 5\r\n\r\n",
    "x" * 200,
]


@dataclass(slots=True)
class Report:
    """What a session found; it passed when `faults` is empty."""

    messages: int = 0
    damaged: int = 0
    answered: int = 0
    texts_compared: int = 0
    asked_of_models: int = 0
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Session:
    """One server, one seed. `due` counts the answers that must come by id, `may` those that may come."""

    client: LspClient
    dice: Random
    report: Report
    root: Path
    model: ScriptedModel
    has_model: bool
    due: Counter[Any] = field(default_factory=Counter)
    may: Counter[Any] = field(default_factory=Counter)
    asked: dict[Any, bytes] = field(default_factory=dict)
    open: dict[str, TextMirror] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)  # documents about which damage made us unsure
    _ids: int = 0

    async def run(self, count: int) -> None:
        """Sends `count` messages, checking now and then; stops at the first fault."""
        for number in range(count):
            self.send_one()
            if number % 40 == 0:
                self.model.change(**self.script())
            if self.dice.random() < SHARE_KILLED:
                kill_workers(self.client.process.pid)
            if number % 16 == 0:
                await self.client.drain()
                # Without a rest every request is superseded before a model is asked.
                await asyncio.sleep(0.012 if self.has_model else 0)
            if number % CHECK_EVERY == CHECK_EVERY - 1:
                await self.check()
                if self.report.faults:
                    return
        await self.check()

    def send_one(self) -> None:
        message = self.valid()
        body = damage.body_of(message)
        # `exit` as a request is refused; without its id it would be the true exit.
        if self.dice.random() >= SHARE_DAMAGED or message.get("method") == "exit":
            self.expect(body, is_certain=True)
            self.client.write_bytes(damage.framed(body))
            return
        self.report.damaged += 1
        match self.dice.randrange(10):
            case 0 | 1:
                body = damage.in_bytes(body, self.dice)
                data, is_certain = damage.framed(body), True
            case 2 | 3:
                data, is_certain = damage.in_frame(body, self.dice)
            case _:
                body = damage.body_of(damage.damaged(message, self.dice))
                data, is_certain = damage.framed(body), True
        self.forget_texts(message, body)
        self.expect(body, is_certain=is_certain)
        self.client.write_bytes(data)

    def script(self) -> dict[str, Any]:
        """How the model behaves for a while. Faults are rare: the server soon stops asking a faulty model."""
        usual: dict[str, Any] = {"status": 200, "raw": None, "die_after": None, "first_token_ms": 0, "body": b""}
        odd = rb'data: {"content": "\ud83d", "choices": [{"text": "\ude00"}]}' + b"\n\ndata: [DONE]\n\n"
        well = [
            {"reply": "round(r)"},
            {"reply": "x\n" * 50},
            {"reply": "\x00\u2028\x85😀"},
            {"reply": "slow", "first_token_ms": 40},
            {"raw": odd},
        ]
        ill = [
            {"status": self.dice.choice((302, 401, 404, 429, 500, 503)), "body": b'{"error": null}'},
            {"raw": b'data: {"content": 5}\n\ndata: nonsense\n\n\xff\xfe'},
            {"raw": b""},
            {"reply": "cut off", "die_after": 30},
        ]
        return usual | self.dice.choice(ill if self.dice.random() < 0.02 else well)

    # What an editor sends -----------------------------------------------------------------------------------

    def valid(self) -> dict[str, Any]:
        """The next message of an undamaged session; the mirrors follow it."""
        self.report.messages += 1
        roll = self.dice.random()
        uri = self.dice.choice(self.uris())
        if uri in self.lost or uri not in self.open or roll < 0.01:
            return self.open_document(uri)
        if roll < 0.45:
            return self.change(self.open[uri])
        if roll < 0.47:
            del self.open[uri]
            return notification("textDocument/didClose", textDocument={"uri": uri})
        if roll < 0.75:
            return self.ask_at(uri, "textDocument/inlineCompletion", context=self.context(uri))
        if roll < 0.80:
            return self.ask_at(uri, "textDocument/completion")
        if roll < 0.88 and self.asked:
            return notification("$/cancelRequest", id=self.dice.choice(list(self.asked)))
        return self.rare(uri)

    def rare(self, uri: str) -> dict[str, Any]:
        match self.dice.randrange(12):
            case 0:
                return self.request("workspace/executeCommand", command="ai-lsp.accept", arguments=["1"])
            case 1:
                return self.request("workspace/executeCommand", command="ai-lsp.status")
            case 2:
                return notification("workspace/executeCommand", command="ai-lsp.reject", arguments=["2"])
            case 3:
                return {"jsonrpc": "2.0", "id": "nobody asked", "result": damage.junk(self.dice)}
            case 4:
                return notification("textDocument/didSave", textDocument={"uri": uri})
            case 5:
                changes = [{"uri": uri, "type": self.dice.choice((1, 2, 3))}]
                return notification("workspace/didChangeWatchedFiles", changes=changes)
            case 6:
                return notification("$/setTrace", value="off")
            case 7 if self.dice.random() < 0.1:
                return notification("workspace/didChangeConfiguration", settings=self.settings())
            case 8:
                return self.request("no/such")
            case 9:
                return self.request("exit")  # a request of that name is no exit
            case _:
                return self.request("aiLsp/status")

    def settings(self) -> dict[str, Any]:
        section = {
            "completion": {"min_confidence": self.dice.random(), "debounce_ms": self.dice.choice((0, "auto"))}
        }
        return {"ai-lsp": section, "http": {"proxy": None}}

    def uris(self) -> list[str]:
        return [(self.root / name).as_uri() for name in ("a.py", "größe 😀.go", ".env")] + ["untitled:1"]

    def open_document(self, uri: str) -> dict[str, Any]:
        text = "".join(self.dice.choices(PIECES, k=self.dice.randrange(40)))
        self.open[uri] = TextMirror(uri, "python", text, version=self.dice.randrange(5))
        self.lost.discard(uri)
        item = {"uri": uri, "languageId": "python", "version": self.open[uri].version, "text": text}
        return notification("textDocument/didOpen", textDocument=item)

    def change(self, mirror: TextMirror) -> dict[str, Any]:
        changes: list[Any] = []
        for _ in range(self.dice.choice((1, 1, 1, 2, 4))):
            new = "".join(self.dice.choices(PIECES, k=self.dice.choice((0, 1, 1, 3))))
            new += "\x00" * (self.dice.random() < 0.003)  # seldom: nothing is suggested in what is no text
            if len(mirror.text) > LONGEST_TEXT or self.dice.random() < 0.04:
                mirror.text, mirror._starts = new, None
                changes.append({"text": new})
            else:
                start = self.place(mirror, self.dice.randrange(len(mirror.text) + 1))
                end = self.place(mirror, min(len(mirror.text), start + self.dice.choice((0, 0, 1, 5, 60))))
                changes.append(mirror.replace(start, max(start, end), new))
        mirror.version += 1
        document = {"uri": mirror.uri, "version": mirror.version}
        return notification("textDocument/didChange", textDocument=document, contentChanges=changes)

    def place(self, mirror: TextMirror, offset: int) -> int:
        """The nearest offset to the left that a position can name: not within \\r\\n or a surrogate pair."""
        while offset and (
            mirror.text[offset - 1 : offset + 1] == "\r\n"
            or (
                "\ud800" <= mirror.text[offset - 1] <= "\udbff"
                and "\udc00" <= mirror.text[offset : offset + 1] <= "\udfff"
            )
        ):
            offset -= 1
        return offset

    def ask_at(self, uri: str, method: str, **params: Any) -> dict[str, Any]:
        mirror = self.open[uri]
        offset = self.dice.randrange(len(mirror.text) + 1)
        if self.dice.random() < 0.7:  # where a person's cursor mostly is: at the end of a line
            line = self.dice.randrange(len(mirror.line_starts))
            offset = mirror.line_starts[line] + len(mirror.line(line))
        position = mirror.position(offset).to_json()
        return self.request(method, textDocument={"uri": uri}, position=position, **params)

    def context(self, uri: str) -> dict[str, Any]:
        context: dict[str, Any] = {"triggerKind": self.dice.choice((0, 1, 2, 2, 2))}
        if self.dice.random() < 0.1:
            place = {"line": 0, "character": 0}
            context["selectedCompletionInfo"] = {"range": {"start": place, "end": place}, "text": "word"}
        return context

    def request(self, method: str, **params: Any) -> dict[str, Any]:
        self._ids += 1
        id: Any = f"f{self._ids}" if self.dice.random() < 0.9 else 10**6 + self._ids
        if self.dice.random() < 0.02 and self.asked:
            id = self.dice.choice(list(self.asked))  # an id used twice
        return {"jsonrpc": "2.0", "id": id, "method": method, "params": params}

    # What must be true -------------------------------------------------------------------------------------

    def expect(self, body: bytes, *, is_certain: bool) -> None:
        """Notes which answers this body asks for."""
        for id in asked_in(body):
            (self.due if is_certain else self.may)[key(id)] += 1
            self.asked[id] = body[:600]

    def forget_texts(self, original: dict[str, Any], body: bytes) -> None:
        """After damage to a message about texts, its documents are opened anew before they are compared."""
        seen = {name for name in TEXT_METHODS if name.encode() in body} | {original.get("method")}
        if seen & TEXT_METHODS:
            self.lost |= {uri for uri in self.uris() if json.dumps(uri)[1:-1].encode() in body}
            named = original.get("params", {}).get("textDocument", {}).get("uri")
            self.lost |= {named} if named else set()

    async def check(self) -> None:
        """Waits for all answers; compares their number by id, and the texts of documents that we are sure of."""
        until = time.monotonic() + PATIENCE_S
        got: Counter[Any] = Counter()
        try:
            texts = await self.client.request("test/texts", timeout=PATIENCE_S)
            while True:
                got.update(
                    key(answer["id"]) for answer in self.client.seen.unasked if answer.get("id") is not None
                )
                self.client.seen.unasked.clear()
                missing = self.due - got
                if not missing or time.monotonic() > until:
                    break
                await asyncio.sleep(0.01)
        except (ServerGone, TimeoutError) as error:
            self.fault(f"the server is gone or stuck: {error!r}")
            return
        for id, count in missing.items():
            self.fault(f"{count} answers are missing to {self.asked.get(json.loads(id))!r}")
        for id, count in (got - self.due - self.may).items():
            self.fault(f"{count} answers too many with id {id}")
        for uri, mirror in self.open.items():
            if uri not in self.lost:
                self.report.texts_compared += 1
                if units(texts.get(uri)) != units(mirror.text):
                    self.fault(f"{uri}: the server has {texts.get(uri)!r}, the editor {mirror.text!r}")
        said = list(self.client.stderr)
        if (first := next((n for n, line in enumerate(said) if LOGGED_ERROR.search(line)), None)) is not None:
            self.fault("the server logged an error:\n" + "\n".join(said[first:]))
        if self.client.seen.noise:
            self.fault(f"stdout holds what is not LSP: {self.client.seen.noise[:3]!r}")
        self.report.answered += got.total()
        self.may -= got - self.due  # what may come may also come later
        self.due.clear()
        self.asked.clear()

    def fault(self, text: str) -> None:
        self.report.faults.append(text)


def kill_workers(leader: int) -> None:
    """Kills the server's workers, as an out-of-memory killer would; nothing where /proc is absent."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            row = path.read_text().rpartition(")")[2].split()
            if int(row[3]) == leader != int(path.parent.name):
                os.kill(int(path.parent.name), signal.SIGKILL)
        except (OSError, IndexError):
            continue


def notification(method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "method": method, "params": params}


def key(id: Any) -> str:
    return json.dumps(id)


def units(text: str | None) -> bytes | None:
    return None if text is None else text.encode("utf-16-le", "surrogatepass")


def asked_in(body: bytes) -> list[Any]:
    """The ids, text or whole number, of the requests in a body, as a lenient reader of JSON finds them."""
    try:
        text = body.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        text = body.decode("utf-8", "replace")
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return []
    return list(ids_of(message))


def ids_of(message: Any) -> Iterator[Any]:
    if isinstance(message, list):
        for one in message:
            yield from ids_of(one)
    elif isinstance(message, dict) and message.get("method") is not None:
        id = message.get("id")
        if isinstance(id, str) or (isinstance(id, int) and not isinstance(id, bool)):
            yield id


async def fuzz(seed: int, messages: int, root: Path) -> Report:
    """One session against a new server."""
    dice = Random(seed)
    async with ScriptedModel(dialect=dice.choice(("llamacpp", "openai", "ollama"))) as model:
        return await _fuzz(seed, messages, root, dice, model)


async def _fuzz(seed: int, messages: int, root: Path, dice: Random, model: ScriptedModel) -> Report:
    report = Report()
    began = time.monotonic()
    for name in ("a.py", "b.py"):
        (root / name).write_text(PIECES[0] * 20, encoding="utf-8")
    options: Any = dice.choice([None, {}, {"routes": {"completion": "local"}}, damage.junk(dice)])
    if dice.random() < 0.5:
        url = model.url if dice.random() < 0.8 else "http://127.0.0.1:9"
        entry = {"api": model.dialect, "url": url, "model": "qwen2.5-coder-1.5b", "timeout_s": 1}
        options = {"models": {"tab": entry}, "routes": {"completion": "tab"}}
    client = await LspClient.start(
        [sys.executable, "-m", "tests.fuzz.target"],
        root,
        options=options,
        environment={
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "XDG_CACHE_HOME": str(root / "cache"),
            "XDG_CONFIG_HOME": str(root / "config"),
        },
    )
    try:
        session = Session(client, dice, report, root, model, "tab" in str(options))
        await session.run(messages)
        code = await client.stop()
        if code != 0 and not report.faults:
            session.fault(f"the server's exit code is {code}")
    finally:
        await client.kill()
    report.asked_of_models = len(model.requests)
    report.faults = [f"seed {seed}: {fault}" for fault in report.faults]
    report.seconds = time.monotonic() - began
    return report
