"""The one gate through which text leaves the process: secrets stay as placeholders, each request is noted.

Models are opened behind it (lsp/model_routes.py), and an import contract lets nobody else open one.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import re
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from dataclasses import replace
from urllib.parse import urlsplit

from ai_lsp.context.ledger import Entry, Ledger, ledger_file
from ai_lsp.context.screening import Disguise, Policy, Restorer, Screened, chars, screen, texts, unseen
from ai_lsp.context.secret_rules import library_rules
from ai_lsp.context.secret_values import is_telling
from ai_lsp.context.secrets import Scanner
from ai_lsp.errors import PromptWithheld
from ai_lsp.models.port import ChatPrompt, Chunk, FimPrompt, Model, ModelRequest, PiecedPrompt, Probe

OFF_LOOP = 16_000

"""Characters seen for the first time with which a prompt is screened in a thread: they take 3 ms and more."""


EVERYTHING = Policy()
"""Of a trusted workspace, up to the usual size."""


class Gate:
    """What all models of a session share: the rules, the placeholders, the policy and the ledger."""

    def __init__(self, disguise: Disguise, ledger: Ledger, policy: Policy = EVERYTHING) -> None:
        self.disguise = disguise
        self.ledger = ledger
        self.policy = policy

    def screen(self, request: ModelRequest) -> Screened:
        """`screen` with this gate's policy."""
        return screen(request, self.policy, self.disguise)

    def keep_ledger(self, is_wanted: bool) -> None:
        """Whether entries also go to the user's file."""
        self.ledger.path = ledger_file() if is_wanted else None


def open_gate(environment: Mapping[str, str]) -> Gate:
    """A gate with all rules there are, which knows the secrets of the environment. Imports for 0.2 s."""
    scanner = Scanner(library_rules())
    for secret in environment_secrets(environment):
        scanner.learn(secret, "environment")
    return Gate(Disguise(os.urandom(32), scanner), Ledger())


def _goes_on(request: ModelRequest, last: ModelRequest | None) -> bool:
    """Whether all but a line or so of a prompt was screened with the one before, which makes it cheap."""
    now, before = request.prompt, last.prompt if last is not None else None
    if not isinstance(now, FimPrompt) or not isinstance(before, FimPrompt) or now.files != before.files:
        return False
    grown = abs(len(now.prefix) - len(before.prefix)) + abs(len(now.suffix) - len(before.suffix))
    return (
        grown < OFF_LOOP // 4
        and (now.prefix.startswith(before.prefix) or before.prefix.startswith(now.prefix))
        and (now.suffix.endswith(before.suffix) or before.suffix.endswith(now.suffix))
    )


class ScreenedModel:
    """A model behind the gate. `url` is where it is; only scheme, host and port are noted."""

    def __init__(self, model: Model, gate: Gate, url: str, clock: Callable[[], float] = time.time) -> None:
        self._model = model
        self._gate = gate
        self._endpoint = endpoint(url)
        self._clock = clock
        self._last: ModelRequest | None = None

    @property
    def name(self) -> str:
        return self._model.name

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Chunk, None]:
        """The model's answer, with the secrets back in it. Raises PromptWithheld where nothing may be sent."""
        is_large = chars(request) > OFF_LOOP and not _goes_on(request, self._last)
        if is_large and unseen(request, self._gate.disguise) > OFF_LOOP:
            screened = await asyncio.to_thread(self._gate.screen, request)
        else:
            screened = self._gate.screen(request)
        self._last = request
        if screened.refused is not None:
            self._note(screened)
            raise PromptWithheld(screened.refused)
        is_noted = False

        def note() -> None:
            nonlocal is_noted
            if not is_noted:
                is_noted = True
                self._note(screened)

        asyncio.get_running_loop().call_soon(note)  # the request goes out first
        restorer = Restorer(screened.replaced)
        try:
            async with contextlib.aclosing(self._model.stream(_as_asked(screened.request))) as stream:
                async for chunk in stream:
                    text = restorer.feed(chunk.text)
                    if chunk.finish is not None:
                        text += restorer.end()
                    if text or chunk.finish is not None or chunk.usage is not None:
                        yield chunk if text == chunk.text else replace(chunk, text=text)
            if rest := restorer.end():
                yield Chunk(rest)
        finally:
            note()

    async def probe(self) -> Probe:
        return await self._model.probe()

    async def aclose(self) -> None:
        await self._model.aclose()

    def _note(self, screened: Screened) -> None:
        is_sent = screened.refused is None
        prompt = screened.request.prompt
        self._gate.ledger.record(
            Entry(
                at=round(self._clock(), 3),
                model=self.name,
                endpoint=self._endpoint,
                sha256=fingerprint(screened.request) if is_sent else "",
                chars=chars(screened.request) if is_sent else 0,
                files=_files(prompt) if is_sent else 0,
                replaced=screened.hidden,
                policy=str(self._gate.policy),
                refused=screened.refused or "",
            )
        )


def _as_asked(request: ModelRequest) -> ModelRequest:
    """A prompt in pieces for a conversation becomes one, once nothing is left to look at."""
    prompt = request.prompt
    if isinstance(prompt, PiecedPrompt) and prompt.shape != "raw":
        return replace(request, prompt=prompt.chat())
    return request


def _files(prompt: FimPrompt | ChatPrompt | PiecedPrompt) -> int:
    """How many other files' text a prompt holds."""
    if isinstance(prompt, PiecedPrompt):
        return len({piece.path for piece in prompt.pieces if piece.of == "other" and piece.text})
    return len(prompt.files) if isinstance(prompt, FimPrompt) else 0


def endpoint(url: str) -> str:
    """Scheme, host and port of a URL, and nothing else of it."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if parts.hostname and ":" in parts.hostname else parts.hostname or ""
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port is not None else "")


def fingerprint(request: ModelRequest) -> str:
    """SHA-256 over all text of a request, in hexadecimal."""
    digest = hashlib.sha256()
    for text in texts(request):
        data = text.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.hexdigest()


def environment_secrets(environment: Mapping[str, str]) -> Iterator[str]:
    """Values of variables whose names promise a secret: they are not sent, wherever they stand in a text."""
    for name, value in environment.items():
        is_named = _SECRET_VARIABLE.search(name) is not None and is_telling(name)
        if is_named and 12 <= len(value) <= 4_000 and not re.search(r"\s", value) and "/" not in value[:1]:
            yield value


_SECRET_VARIABLE = re.compile(
    r"pass(word|wd|phrase)|pwd$|secret|token|api_?key|access_?key|private_?key|credential", re.I
)
