"""What a single setting may hold: a small type per kind of value, which reads, refuses and describes."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

MAX_TEXT = 4_096
"""Characters in a text; longer ones are mistakes."""

MAX_LIST = 10_000
"""Entries in a list of texts."""

_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_URL = re.compile(r"https?://(?P<place>[^/?#]*)[^?#]*(?P<rest>.*)", re.IGNORECASE)
_PLACE = re.compile(r"(?P<host>\[[0-9A-Fa-f:.%]+\]|[^\s:\[\]]+)(:(?P<port>[0-9]{1,5}))?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SECRET = re.compile(
    r"(?<![A-Za-z0-9])("
    r"(sk|pk|rk|gsk|xai|nvapi|glpat|xox[abprs])[-_](?=[-_A-Za-z]*[0-9])[-_A-Za-z0-9]{16,}"
    r"|(ghp|gho|ghs|hf|github_pat)_[A-Za-z0-9_]{20,}"
    r"|(AIza|AKIA|eyJ)[-_A-Za-z0-9]{12,}"
    r"|(?=[A-Za-z0-9+/=]*[a-z])(?=[A-Za-z0-9+/=]*[A-Z])(?=[A-Za-z0-9+/=]*[0-9])[A-Za-z0-9+=]{32,}"
    r")"
)


class Wrong(ValueError):
    """A value that a setting cannot hold. The text says why, without quoting what may be a secret."""


class Value(Protocol):
    """A kind of value. `read` gives it in the form that the program uses, or raises Wrong."""

    def read(self, raw: object) -> object: ...

    def expected(self) -> str:
        """What would be valid, to stand after "must be"."""

    def schema(self) -> dict[str, Any]:
        """The same as JSON Schema."""


@dataclass(frozen=True, slots=True)
class Flag:
    """true or false."""

    def read(self, raw: object) -> bool:
        if isinstance(raw, bool):
            return raw
        raise Wrong(f"{_shown(raw)} is not true or false")

    def expected(self) -> str:
        return "true or false"

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True)
class Number:
    """A number between two bounds, both included; `whole` takes 5.0 as 5. `words` may stand in its place."""

    low: float
    high: float
    whole: bool = False
    words: tuple[str, ...] = ()

    def read(self, raw: object) -> int | float | str:
        if isinstance(raw, str) and raw in self.words:
            return raw
        if isinstance(raw, bool) or not isinstance(raw, int | float):
            raise Wrong(f"{_shown(raw)} is not a number")
        if isinstance(raw, float) and not math.isfinite(raw):
            raise Wrong(f"{raw} is not a number")
        if not self.low <= raw <= self.high:
            raise Wrong("the number is too small" if raw < self.low else "the number is too large")
        if not self.whole:
            return float(raw)
        if raw != int(raw):
            raise Wrong(f"{raw} is not a whole number")
        return int(raw)

    def expected(self) -> str:
        words = "".join(f' or "{word}"' for word in self.words)
        return f"a {'whole ' if self.whole else ''}number from {self.low:g} to {self.high:.0f}{words}"

    def schema(self) -> dict[str, Any]:
        number = {"type": "integer" if self.whole else "number", "minimum": self.low, "maximum": self.high}
        return {"anyOf": [{"enum": list(self.words)}, number]} if self.words else number


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words."""

    words: tuple[str, ...]

    def read(self, raw: object) -> str:
        if isinstance(raw, str) and raw in self.words:
            return raw
        raise Wrong(f"{_shown(raw)} is not one of them" if isinstance(raw, str) else f"{_shown(raw)} is not text")

    def expected(self) -> str:
        return "one of " + ", ".join(f'"{word}"' for word in self.words)

    def schema(self) -> dict[str, Any]:
        return {"enum": list(self.words)}


@dataclass(frozen=True, slots=True)
class Text:
    """One line of text. `what` says of what sort, to stand after "must be"."""

    what: str = "text"

    def read(self, raw: object) -> str:
        if not isinstance(raw, str):
            raise Wrong(f"{_shown(raw)} is not text")
        if len(raw) > MAX_TEXT:
            raise Wrong(f"it is longer than {MAX_TEXT} characters")
        if _CONTROL.search(raw):
            raise Wrong("it holds a line break or another control character")
        if not _encodes(raw):
            raise Wrong("it is not valid Unicode")
        if looks_secret(raw):
            raise Wrong("it looks like a key itself")
        return raw

    def expected(self) -> str:
        return self.what

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "maxLength": MAX_TEXT}


@dataclass(frozen=True, slots=True)
class Url:
    """Where a server listens: http or https with a host, and nothing secret in it."""

    def read(self, raw: object) -> str:
        text = Text().read(raw).strip()
        parts = _URL.fullmatch(text)
        if parts is None:
            raise Wrong("it does not begin with http:// or https://")
        if "@" in parts["place"]:
            raise Wrong("it holds a user name or password, which belong in the variable that key_env names")
        place = _PLACE.fullmatch(parts["place"])
        if place is None or not 0 < int(place["port"] or 80) < 65_536 or re.search(r"\s", text):
            raise Wrong("it names no valid host and port")
        if parts["rest"]:
            raise Wrong("it has a ? or # part, and request paths are added to its end")
        return text

    def expected(self) -> str:
        return 'the root of a server, such as "http://127.0.0.1:8012"'

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": "^https?://[^/?#@\\s]+[^?#@\\s]*$"}


@dataclass(frozen=True, slots=True)
class VariableName:
    """The name of an environment variable, or empty. The commonest mistake is the key itself: never quoted."""

    def read(self, raw: object) -> str:
        if not isinstance(raw, str):
            raise Wrong(f"{_shown(raw)} is not text")
        if raw and (not _LABEL.fullmatch(raw) or len(raw) > 128 or looks_secret(raw)):
            raise Wrong("it does not look like a variable's name (it is not shown, in case it is the key itself)")
        return raw

    def expected(self) -> str:
        return 'the name of an environment variable, such as "MY_MODEL_KEY"'

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": "^([A-Za-z_][A-Za-z0-9_]*)?$", "maxLength": 128}


@dataclass(frozen=True, slots=True)
class FilePath:
    """The absolute path of a file, `~` taken for the home folder by whoever opens it; or empty."""

    def read(self, raw: object) -> str:
        text = Text().read(raw)
        if text and not re.match(r"/|~[/\\]|[A-Za-z]:[/\\]|\\\\", text):
            raise Wrong("it is not an absolute path")
        return text

    def expected(self) -> str:
        return 'the absolute path of a file, such as "~/ai-lsp.log"'

    def schema(self) -> dict[str, Any]:
        return Text().schema()


@dataclass(frozen=True, slots=True)
class Texts:
    """A list of texts, duplicates dropped."""

    what: str

    def read(self, raw: object) -> tuple[str, ...]:
        if isinstance(raw, Mapping) and not raw:  # Lua cannot tell an empty list from an empty table
            return ()
        if isinstance(raw, str) or not isinstance(raw, Sequence):
            raise Wrong(f"{_shown(raw)} is not a list")
        if len(raw) > MAX_LIST:
            raise Wrong(f"it has more than {MAX_LIST} entries")
        return tuple(dict.fromkeys(text for item in raw if (text := Text().read(item))))

    def expected(self) -> str:
        return f"a list of {self.what}"

    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": {"type": "string", "maxLength": MAX_TEXT}}


@dataclass(frozen=True, slots=True)
class TextTable:
    """A table of texts by names of the user's choosing."""

    what: str
    most: int = 100

    def read(self, raw: object) -> Mapping[str, str]:
        if isinstance(raw, Sequence) and not isinstance(raw, str) and not raw:
            return {}  # Lua's empty table
        if not isinstance(raw, Mapping):
            raise Wrong(f"{_shown(raw)} is not a table")
        if len(raw) > self.most:
            raise Wrong(f"it has more than {self.most} entries")
        read = {Text().read(name).strip(): Text().read(text).strip() for name, text in raw.items()}
        return {name: text for name, text in read.items() if name and text}

    def expected(self) -> str:
        return f"a table of {self.what}"

    def schema(self) -> dict[str, Any]:
        return {"type": "object", "additionalProperties": {"type": "string", "maxLength": MAX_TEXT}}


def looks_secret(text: str) -> bool:
    """Whether a text holds something of a key's shape: a vendor's beginning, or long and of all sorts."""
    return _SECRET.search(text[:MAX_TEXT]) is not None


def printable(text: str, limit: int = 60) -> str:
    """Text that came from outside, in a message: one line of at most `limit` characters, and no key in it."""
    text = _SECRET.sub("…", text[:MAX_TEXT])
    clean = "".join(c if c.isprintable() else "?" for c in text[: limit + 1])
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"


def is_loopback(url: str) -> bool:
    """Whether a URL that Url has read stays on this machine."""
    from ipaddress import ip_address  # here, because few settings have a URL and every start imports this file

    parts = _URL.fullmatch(url)
    place = parts and _PLACE.fullmatch(parts["place"])
    host = place["host"].strip("[]").lower() if place else ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _shown(raw: object) -> str:
    """A value in a message: short ones that cannot be secret as they are, else only their kind."""
    match raw:
        case bool():
            return "true" if raw else "false"
        case None:
            return "null"
        case int() | float():
            return str(raw) if abs(raw) < 10**15 else "a huge number"
        case str():
            return f'"{raw}"' if len(raw) <= 24 and raw.isprintable() and not looks_secret(raw) else "this text"
        case Mapping():
            return "a table"
        case Sequence():
            return "a list"
        case _:
            return f"a {type(raw).__name__}"
