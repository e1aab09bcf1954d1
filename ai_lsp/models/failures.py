"""What went wrong with a model server, as the exception tree and a sentence that says what to do about it."""

from __future__ import annotations

import json
import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from ai_lsp import errors
from ai_lsp.models.settings import ModelSettings
from ai_lsp.models.transport import ConnectTimeout, ProtocolError

_CONTEXT = re.compile(
    r"context[_ ](length|size|window)|maximum context|exceed\w* .{0,40}context|"
    r"too many tokens|prompt is too long|input is too long|too long for",
    re.IGNORECASE,
)
_LIMIT = re.compile(r"(?:maximum|max)[^.]{0,40}?(?:length|size|window|tokens)\D{0,20}(\d{3,8})", re.IGNORECASE)
_INFILL = re.compile(r"infill|insert|fim|fill.in.the.middle|suffix", re.IGNORECASE)


def origin(url: str) -> str:
    """Scheme, host and port of `url`: what may be shown and logged; never a user, password or query."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "an unreadable URL"
    host = parts.hostname or ""
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}"


def who(settings: ModelSettings) -> str:
    """How messages name a model."""
    return f'Model "{settings.name}" at {origin(settings.url)}'


def table(settings: ModelSettings) -> str:
    """How advice names the settings of a model."""
    return f"[models.{settings.name}]"


def refusal(
    settings: ModelSettings, status: int, body: bytes, headers: Mapping[str, str], secret: str = ""
) -> errors.ModelError:
    """The error for an answer whose status is not 2xx; `secret` is struck out of what the server says."""
    parsed = _json(body)
    said = _said(parsed, secret)
    name = f"{who(settings)} answered {status}{f' ({said})' if said else ''}"
    here = table(settings)
    if status in (401, 403):
        return errors.BadCredentials(name, _credential_advice(settings))
    if status == 429:
        return errors.RateLimited(name, "Completions pause until it may be asked again", _retry_after(headers))
    if status in (400, 413, 422, 500) and (status == 413 or _CONTEXT.search(said)):
        limit = _limit(parsed, said)
        return errors.PromptTooLong(name, f'Lower "context_tokens" in {here}', limit)
    if status == 404:
        advice = f'Check "model" ({settings.model or "empty"}) and the path of "url" in {here}'
        return errors.NoSuchModel(name, advice)
    if status in (400, 422, 501) and _INFILL.search(said):
        advice = f'It cannot fill in the middle as asked: choose another model, or set "template" in {here}'
        return errors.UnknownTemplate(name, advice)
    if 300 <= status < 400:
        target = origin(headers.get("location", ""))
        return errors.BadRequest(
            name, f'Redirects are not followed. Set "url" in {here} to where it is: {target}'
        )
    if status >= 500:
        return errors.ServerFailed(name, "Look at the server's own log")
    return errors.BadRequest(name, f'Check "api" ({settings.api}) and "url" in {here}')


def said_in_stream(settings: ModelSettings, event: Mapping[str, Any], secret: str = "") -> errors.ModelError:
    """The error for an event of a stream that reports one, in whichever shape."""
    found = event.get("error")
    inner = found if isinstance(found, dict) else {}
    code = inner.get("code")
    kind = str(inner.get("type") or "")
    by_kind = {
        "rate_limit_error": 429,
        "overloaded_error": 529,
        "authentication_error": 401,
        "not_found_error": 404,
    }
    status = code if isinstance(code, int) and 400 <= code < 600 else by_kind.get(kind, 500)
    body = json.dumps(found if isinstance(found, dict) else {"error": str(found)}).encode()
    return refusal(settings, status, body, {}, secret)


def unreachable(settings: ModelSettings, problem: BaseException) -> errors.ModelError:
    """The error for a connection that could not be made, or broke."""
    causes = list(_causes(problem))
    here = table(settings)
    if any(isinstance(each, socket.gaierror) for each in causes):
        reason, advice = "its name does not resolve", f'Correct the host of "url" in {here}'
    elif any(isinstance(each, ssl.SSLError) for each in causes):
        reason, advice = "no secure connection", f'Check http or https of "url" in {here}, and its certificate'
    elif any(isinstance(each, ConnectionRefusedError) for each in causes):
        reason, advice = "nothing listens there", f'Start the server, or correct "url" in {here}'
    elif any(isinstance(each, ConnectTimeout) for each in causes):
        reason, advice = "no connection in time", f'Check that the server runs, and "url" in {here}'
    elif any(isinstance(each, ProtocolError | ConnectionError) for each in causes):
        reason, advice = "the connection broke in mid-answer", "Look at the server's own log"
    elif any("Connect" in type(each).__name__ for each in causes):
        reason, advice = "no connection", f'Start the server, or correct "url" in {here}'
    else:
        reason, advice = f"the connection failed ({type(problem).__name__})", f'Check "url" in {here}'
    return errors.ModelUnreachable(f"{who(settings)} is not reached: {reason}", advice)


def broken_off(settings: ModelSettings) -> errors.ModelUnreachable:
    """The error for a stream that ended without saying so."""
    name = f"{who(settings)} broke off in mid-answer"
    return errors.ModelUnreachable(name, "Look at the server's own log; it may have run out of memory")


def too_late(settings: ModelSettings) -> errors.ModelTimeout:
    """The error for a time limit that passed before any text came."""
    name = f"{who(settings)} gave no text within {settings.timeout_s:g} s"
    return errors.ModelTimeout(name, f'Raise "timeout_s" in {table(settings)}, or choose a faster model')


def malformed(settings: ModelSettings, what: str, advice: str = "") -> errors.MalformedAnswer:
    """The error for an answer that is not what the API promises."""
    advice = advice or f'Check that "api" ({settings.api}) and "url" in {table(settings)} fit the server'
    return errors.MalformedAnswer(f"{who(settings)}: {what}", advice)


def _credential_advice(settings: ModelSettings) -> str:
    if settings.key_env:
        return f"Check the key in the environment variable {settings.key_env}, and what it may use"
    if settings.keyring:
        return f'Check the key in the keyring under "{settings.keyring}", and what it may use'
    return f'Set "key_env" in {table(settings)} to the name of an environment variable that holds the key'


def _json(body: bytes) -> Any:
    try:
        return json.loads(body.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None


def _said(parsed: Any, secret: str) -> str:
    """The server's own message in one short line; nothing of a page that is not JSON."""
    found = parsed
    for key in ("error", "message", "detail"):
        if isinstance(found, dict) and found.get(key):
            found = found[key]
    text = found if isinstance(found, str) else ""
    if secret:
        text = text.replace(secret, "…")
    text = " ".join(text.split())
    return text if len(text) <= 200 else text[:199] + "…"


def _limit(parsed: Any, said: str) -> int | None:
    """The context's size in tokens, where the server says it."""
    inner = parsed.get("error", parsed) if isinstance(parsed, dict) else None
    if isinstance(inner, dict) and isinstance(inner.get("n_ctx"), int):
        return int(inner["n_ctx"])
    found = _LIMIT.search(said)
    return int(found.group(1)) if found else None


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds of a Retry-After header; its form as a date is not read."""
    try:
        seconds = float(headers.get("retry-after", ""))
    except ValueError:
        return None
    return seconds if 0 <= seconds < 86_400 else None


def _causes(problem: BaseException) -> Iterator[BaseException]:
    """The exception, what it was raised from, and the members of groups, each once."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [problem]
    while waiting:
        each = waiting.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        waiting += [each.__cause__, each.__context__]
        if isinstance(each, BaseExceptionGroup):
            waiting += each.exceptions
