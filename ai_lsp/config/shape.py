"""What an editor or a file sent becomes one flat table of keys: sections found, nulls dropped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ai_lsp.config.rows import MODELS
from ai_lsp.config.schema import TABLES, keys_of
from ai_lsp.config.settings import LOCAL
from ai_lsp.config.sources import Kind, Problem, Source
from ai_lsp.config.values import looks_secret, printable

SECTION = "ai-lsp"
"""The name of our section in an editor's settings."""

MAX_MODELS = 100
"""More tables than this under `[models]` are a mistake."""

_SECTIONS = (SECTION, "ai_lsp", "aiLsp")

_OTHERS_OPTIONS = frozenset(
    {
        "copilotCapabilities",
        "copilotIntegrationId",
        "editorConfiguration",
        "editorInfo",
        "editorPluginInfo",
        "github",
        "github-enterprise",
        "githubAppId",
        "http",
        "networkProxy",
        "sessionId",
        "telemetry",
    }
)
"""What clients made for other servers send in initializationOptions, the Copilot dialect above all."""

_KEY_WORDS = frozenset(
    {"api_key", "api_token", "access_token", "apikey", "auth", "authorization", "bearer", "key", "password"}
    | {"secret", "token"}
)


@dataclass(frozen=True, slots=True)
class Flat:
    """A source's options by full key (`models.tab.url`), their values unchecked, and what was no key of ours."""

    values: Mapping[str, object]
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class _NoKey(Exception):
    """Something that stands where a key was expected, with what would be valid."""

    message: str
    advice: str


def flatten(source: Source) -> Flat:
    """Options of a source by key; never raises, whatever was sent."""
    values: dict[str, object] = {}
    problems: list[Problem] = []
    if not _is_empty(source.values) and not isinstance(source.values, Mapping):
        advice = f"Send a table with any of: {_listed(TABLES)}"
        return Flat({}, (Problem(source.name, "", "the settings are not a table", advice),))
    for key, raw in _leaves(source):
        if isinstance(raw, _NoKey):
            problems.append(Problem(source.name, printable(key), raw.message, raw.advice))
        else:
            values[key] = raw
    return Flat(values, tuple(problems))


def model_name(key: str) -> str:
    """The model that a full key of a flat table is about."""
    return key[len(MODELS) + 1 : key.rindex(".")]


def meant(word: str, valid: Iterable[str]) -> str:
    """The advice for an unknown word: the likeliest valid one, or all of them."""
    from difflib import get_close_matches  # here, because it is only needed when something is wrong

    valid = tuple(valid)
    snake = re.sub(r"(?<=[a-z0-9])[A-Z]", lambda m: "_" + m[0], word[:100]).replace("-", "_").lower()
    if snake in valid:
        return f'Write "{snake}"'
    close = get_close_matches(snake, valid, n=1, cutoff=0.7)
    return f'Did you mean "{close[0]}"?' if close else f"Valid here: {_listed(valid)}"


def _leaves(source: Source) -> Iterable[tuple[str, object]]:
    tables, is_ours = _root(source)
    for table, content in tables.items():
        if table not in TABLES:
            if (wrong := _unknown_table(table, source.kind, is_ours)) is not None:
                yield table, wrong
        elif _is_empty(content):
            continue
        elif not isinstance(content, Mapping):
            yield table, _NoKey("this is not a table", f"It may hold: {_listed(keys_of(table))}")
        elif table == MODELS:
            yield from _models(content)
        else:
            yield from _fields(table, content, keys_of(table))


def _root(source: Source) -> tuple[dict[str, object], bool]:
    """The tables of a source, and whether all of it is meant for us."""
    content = source.values if isinstance(source.values, Mapping) else {}
    is_ours = source.kind in (Kind.USER, Kind.WORKSPACE)
    if not is_ours:
        for section in _SECTIONS:
            if section in content:
                inner = content[section]
                if isinstance(inner, Mapping) or _is_empty(inner):
                    content, is_ours = (inner if isinstance(inner, Mapping) else {}), True
                break
    tables: dict[str, object] = {}
    for key, raw in content.items():
        _put(tables, str(key).removeprefix(f"{SECTION}."), raw)
    return tables, is_ours


def _put(tables: dict[str, object], key: str, raw: object) -> None:
    """Enter a key of the top level, where `completion.max_lines` is short for the table and its key."""
    table, _, rest = key.partition(".")
    if not rest or table not in TABLES:
        before = tables.get(key)
        both = isinstance(before, dict) and isinstance(raw, Mapping)
        tables[key] = {**before, **raw} if both else raw  # type: ignore[dict-item]
        return
    path = [table, *rest.rsplit(".", 1)] if table == MODELS else [table, rest]
    content: dict[str, object] = tables
    for part in path[:-1]:
        inner = content.get(part)
        inner = dict(inner) if isinstance(inner, Mapping) else {}
        content[part] = inner
        content = inner
    content[path[-1]] = raw


def _unknown_table(table: str, kind: Kind, is_ours: bool) -> _NoKey | None:
    if kind is Kind.OPTIONS and not is_ours and table in _OTHERS_OPTIONS:
        return None
    advice = meant(table, TABLES)
    if table in _SECTIONS:
        return _NoKey("this is not a table", f"Send a table with any of: {_listed(TABLES)}")
    if kind is Kind.CLIENT and not is_ours and advice.startswith("Valid"):
        return None  # an editor that sends all of its settings sends those of others too
    return _NoKey("there is no such setting", advice)


def _models(content: Mapping[object, object]) -> Iterable[tuple[str, object]]:
    for count, (key, fields) in enumerate(content.items()):
        name, path = str(key), f"{MODELS}.{key}"
        if count >= MAX_MODELS:
            yield MODELS, _NoKey(f"there are more than {MAX_MODELS} models", "The others are left out")
            return
        if not name or name == LOCAL or printable(name) != name:
            yield path, _NoKey(f'this is no name for a model ("{LOCAL}" is the embedded predictor)', "Rename it")
        elif fields is None:
            continue
        elif not isinstance(fields, Mapping):
            advice = f'Write a table: [{MODELS}.tab] with "api" and "url"'
            yield path, _NoKey("this is not a model's table", advice)
        else:
            yield from _fields(path, fields, keys_of(MODELS))


def _fields(path: str, content: Mapping[object, object], known: Sequence[str]) -> Iterable[tuple[str, object]]:
    for key, raw in content.items():
        name = str(key)
        if raw is None:
            continue  # an editor's way of saying "not set"
        if name in known:
            yield f"{path}.{name}", raw
        elif name.lower() in _KEY_WORDS or (isinstance(raw, str) and looks_secret(raw)):
            advice = 'Put it into an environment variable and name that: key_env = "MY_MODEL_KEY"'
            yield f"{path}.{name}", _NoKey("a key does not belong in the settings, and was not read", advice)
        else:
            yield f"{path}.{name}", _NoKey("there is no such setting", meant(name, known))


def _is_empty(raw: object) -> bool:
    """Whether this says nothing. Lua and PHP cannot tell an empty table from an empty list."""
    return raw is None or (isinstance(raw, list | tuple | dict) and not raw)


def _listed(words: Iterable[str]) -> str:
    return ", ".join(words)
