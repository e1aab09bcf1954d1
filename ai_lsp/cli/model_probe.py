"""Finds out which dialect the model server at a URL speaks, by asking it."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

TIMEOUT_S = 5.0


class NoModelServer(Exception):
    """Nothing usable answers at the URL; the message says what was tried."""


@dataclass(frozen=True, slots=True)
class FoundModel:
    """A model server: `api` is a value of the setting of that name, `model` the first name it serves, or ""."""

    api: str
    url: str
    model: str

    def settings(self) -> dict[str, Any]:
        """Settings that send completion to this server."""
        entry = {"api": self.api, "url": self.url} | ({"model": self.model} if self.model else {})
        return {"models": {"demo": entry}, "routes": {"completion": "demo"}}


def probe(url: str) -> FoundModel:
    """Asks a server for what it is; blocks up to 15 seconds. Raises NoModelServer."""
    base = url.rstrip("/").removesuffix("/v1")
    tried: list[str] = []
    models = _get(f"{base}/v1/models", tried)
    name = _first_model(models)
    if isinstance(props := _get(f"{base}/props", tried), dict) and "default_generation_settings" in props:
        alias = props.get("model_alias") or name or props.get("model_path") or ""
        return FoundModel("llamacpp", base, str(alias))
    if isinstance(tags := _get(f"{base}/api/tags", tried), dict) and tags.get("models"):
        return FoundModel("ollama", base, str(tags["models"][0].get("name", "")))
    if models is not None:
        return FoundModel("openai", f"{base}/v1", name)
    raise NoModelServer(f"no model server that this demo knows answers at {base}: {'; '.join(tried)}")


def _first_model(answer: Any) -> str:
    rows = answer.get("data") if isinstance(answer, dict) else None
    first = rows[0] if isinstance(rows, list) and rows else None
    return str(first.get("id", "")) if isinstance(first, dict) else ""


def _get(url: str, tried: list[str]) -> Any:
    """The JSON at a URL, or None with the reason added to `tried`."""
    if not url.startswith(("http://", "https://")):
        raise NoModelServer(f"{url} is not an http:// or https:// URL")
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_S) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        tried.append(f"{url} answered {error.code}")
    except (OSError, ValueError) as error:
        tried.append(f"{url}: {getattr(error, 'reason', error)}")
    return None
