"""How many tokens a text is: exact where a tokenizer's ranks lie on disk, else estimated, then corrected.

Nothing here ever asks the network: tiktoken fetches ranks that it does not find, so it is only called once a
file with the right checksum has been seen where it looks.
"""

from __future__ import annotations

import hashlib
import math
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ai_lsp.models.port import ChatPrompt, FimPrompt, PiecedPrompt, Usage

if TYPE_CHECKING:
    import tiktoken

# Source code in mixed languages runs at 3 to 4 bytes per token in today's vocabularies; low is the safe side.
BYTES_PER_TOKEN = 3.0
_SMALLEST, _LARGEST = 1.0, 8.0
_MIN_SAMPLE_BYTES = 400
_WEIGHT = 0.2

# Encoding -> name of its file in tiktoken's cache (SHA-1 of the URL) and SHA-256 of its content.
_RANKS = {
    "cl100k_base": (
        "9b5ad71b2ce5302211f9c61530b329a4922fc6a4",
        "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    ),
    "o200k_base": (
        "fb374d419588a4632f3f557e76b4b70aebbca790",
        "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    ),
}


class Counter(Protocol):
    """Counts tokens."""

    def count(self, text: str) -> int:
        """Tokens of `text`; 0 only for the empty text."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Tokens by size, at `bytes_per_token` of UTF-8; `samples` is how often a server has corrected it."""

    bytes_per_token: float = BYTES_PER_TOKEN
    samples: int = 0

    def count(self, text: str) -> int:
        return math.ceil(size(text) / self.bytes_per_token)

    def corrected(self, sent_bytes: int, usage: Usage | None) -> Estimate:
        """The estimate after a server said what a prompt of `sent_bytes` was in tokens.

        Later samples weigh more. Short prompts and impossible rates are not believed: some servers count only
        what they had not cached.
        """
        tokens = usage.prompt_tokens if usage else None
        if not tokens or sent_bytes < _MIN_SAMPLE_BYTES:
            return self
        seen = sent_bytes / tokens
        if not _SMALLEST <= seen <= _LARGEST:
            return self
        weight = max(_WEIGHT, 1 / (self.samples + 1))
        mean = self.bytes_per_token + weight * (seen - self.bytes_per_token)
        return replace(self, bytes_per_token=mean, samples=self.samples + 1)


@dataclass(frozen=True, slots=True)
class Exact:
    """Tokens as tiktoken counts them; names of special tokens in the text count as plain text."""

    encoding: tiktoken.Encoding

    def count(self, text: str) -> int:
        return len(self.encoding.encode_ordinary(text))


def size(text: str) -> int:
    """Bytes of `text` in UTF-8; a lone surrogate counts as three."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def prompt_size(prompt: FimPrompt | ChatPrompt | PiecedPrompt) -> int:
    """Bytes of all text that `prompt` sends, for `Estimate.corrected`."""
    if isinstance(prompt, PiecedPrompt):
        return size(prompt.system) + sum(size(piece.text) for piece in prompt.pieces)
    if isinstance(prompt, ChatPrompt):
        return sum(size(each.content) for each in prompt.messages)
    files = sum(size(each.path) + size(each.text) for each in prompt.files)
    return files + size(prompt.prefix) + size(prompt.typed) + size(prompt.suffix)


def exact_counter(model: str) -> Exact | None:
    """The exact counter for an OpenAI model whose ranks lie on disk where tiktoken looks; else None.

    Loading takes about 0.2 s of CPU and 120 MB: call it off the event loop, and once.
    """
    name = _encoding_name(model)
    if name not in _RANKS:
        return None
    file, checksum = _RANKS[name]
    folder = os.environ.get("TIKTOKEN_CACHE_DIR", os.environ.get("DATA_GYM_CACHE_DIR"))
    path = Path(tempfile.gettempdir(), "data-gym-cache") if folder is None else Path(folder)
    if folder == "":  # tiktoken reads that as: no cache, always fetch
        return None
    try:
        content = (path / file).read_bytes()
    except OSError:
        return None
    if hashlib.sha256(content).hexdigest() != checksum:
        return None
    import tiktoken

    return Exact(tiktoken.get_encoding(name))


def _encoding_name(model: str) -> str:
    """tiktoken's name for the encoding of `model`, or ""."""
    model = model.rpartition("/")[2]
    if not model.startswith(("gpt-", "chatgpt-", "o1", "o3", "o4")):  # spare all others the import
        return ""
    from tiktoken.model import encoding_name_for_model

    try:
        return encoding_name_for_model(model)
    except KeyError:
        return ""


class UnknownTokenizer(ValueError):
    """A name of no tokenizer that is here. The text says which names there are."""


def count_name(count: Callable[[str], int]) -> str:
    """A counter by name: bytes per token of an estimate, or the name of an encoding."""
    who = getattr(count, "__self__", None)
    if isinstance(who, Estimate):
        return repr(who.bytes_per_token)
    return who.encoding.name if isinstance(who, Exact) else "characters"


def counter(name: str) -> Callable[[str], int]:
    """The counter of a name: a number of bytes per token, "characters", or an encoding of tiktoken.

    Raises UnknownTokenizer where there is none of that name here.
    """
    if name == "characters":
        return len
    try:
        return Estimate(float(name)).count
    except ValueError:
        pass
    exact = exact_counter({"o200k_base": "gpt-4o", "cl100k_base": "gpt-4"}.get(name, ""))
    if exact is None:
        raise UnknownTokenizer(f'no tokenizer "{name}" here: give bytes per token, o200k_base or cl100k_base')
    return exact.count
