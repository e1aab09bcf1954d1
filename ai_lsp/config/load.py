"""Options of all sources become Settings: checked, merged, narrowed; a wrong one changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from ai_lsp.completion.settings import CompletionSettings
from ai_lsp.config.rows import MODELS, REQUIRED, Merge, Narrowing, Route, Row
from ai_lsp.config.schema import BY_KEY, ROWS
from ai_lsp.config.settings import LOCAL, OFF, LogSettings, Routes, Settings
from ai_lsp.config.shape import Flat, flatten, meant, model_name
from ai_lsp.config.sources import Kind, Problem, Source
from ai_lsp.config.values import Wrong, is_loopback, printable
from ai_lsp.context.settings import ContextSettings, IndexSettings, PrivacySettings, RecordingSettings
from ai_lsp.diagnostics.settings import ReviewSettings
from ai_lsp.diagnostics.shadow.settings import ShadowSettings
from ai_lsp.edits.instruct_settings import EditSettings
from ai_lsp.edits.next_settings import NextEditSettings
from ai_lsp.models.settings import ModelSettings

MAX_PROBLEMS = 40
"""Of one source; the rest is counted."""

_ORDER = tuple(Kind)


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings in force, what was wrong on the way, and the source of each key not left at its default."""

    settings: Settings
    problems: tuple[Problem, ...]
    origin: Mapping[str, str]


@dataclass(slots=True)
class _Draft:
    """Values by full key while the sources are gone through; `origin` as in Loaded."""

    values: dict[str, Any] = field(default_factory=dict)
    origin: dict[str, str] = field(default_factory=dict)
    problems: dict[str, list[Problem]] = field(default_factory=dict)
    models: dict[str, ModelSettings] = field(default_factory=dict)

    def report(self, source: Source, key: str, message: str, advice: str = "", *, warns: bool = False) -> None:
        severity = "warning" if warns else "error"
        problem = Problem(source.name, printable(key), message, advice, severity)  # type: ignore[arg-type]
        self.problems.setdefault(source.name, []).append(problem)

    def now(self, row: Row) -> Any:
        return self.values.get(row.key, row.default)


def load(sources: Iterable[Source]) -> Loaded:
    """Settings from sources in any order: they are taken in the order of `Kind`, and never raise. Pure."""
    draft = _Draft()
    ordered = sorted(sources, key=lambda source: _ORDER.index(source.kind))
    said = [(source, flatten(source)) for source in ordered]
    for source, flat in said:
        draft.problems.setdefault(source.name, []).extend((*source.problems, *flat.problems))
    own = [(source, flat) for source, flat in said if source.kind is not Kind.WORKSPACE]
    for source, flat in own:
        _take(draft, source, flat)
    _build_models(draft, own)
    for source, flat in own:
        _take_routes(draft, source, flat)
    ceiling = dict(draft.values)
    for source, flat in said:
        if source.kind is Kind.WORKSPACE:
            _narrow(draft, source, flat, ceiling)
    for source, _ in said:
        if source.kind is Kind.WORKSPACE:  # what a repository gets wrong takes nothing from the user
            draft.problems[source.name] = [replace(p, severity="warning") for p in draft.problems[source.name]]
    problems = tuple(problem for each in draft.problems.values() for problem in _bounded(each))
    return Loaded(_settings(draft), problems, MappingProxyType(draft.origin))


def entries(settings: Settings) -> Iterator[tuple[str, object]]:
    """Every setting in force by full key, in the order of the schema; models by their names."""
    for name, model in settings.models.items():
        for row in ROWS:
            if row.table == MODELS:
                yield f"{MODELS}.{name}.{row.field}", getattr(model, row.field)
    for row in ROWS:
        if row.table != MODELS:
            yield row.key, getattr(getattr(settings, row.table), row.field)


def row_of(key: str) -> Row:
    """The schema's row for a full key."""
    return BY_KEY[f"{MODELS}.*.{key.rpartition('.')[2]}" if key.startswith(f"{MODELS}.") else key]


def _take(draft: _Draft, source: Source, flat: Flat) -> None:
    """Values of one of the user's own sources. Routes wait until all models are known."""
    for key, raw in flat.values.items():
        row = row_of(key)
        if isinstance(row.value, Route):
            continue
        try:
            value: Any = row.value.read(raw)
        except Wrong as wrong:
            draft.report(source, key, f"{wrong}, so it was left out", f"It must be {row.value.expected()}")
            continue
        if row.in_user_file_only and source.kind is not Kind.USER:
            if value != draft.now(row):
                told = "only the user's own file may set this"
                draft.report(source, key, told, "Set it in the file that `ai-lsp doctor` names")
            continue
        if row.merge is Merge.UNION and key in draft.values:
            value = tuple(dict.fromkeys((*draft.values[key], *value)))
            draft.origin[key] += f" + {source.name}"
        else:
            draft.origin[key] = source.name
        draft.values[key] = value


def _build_models(draft: _Draft, own: list[tuple[Source, Flat]]) -> None:
    last: dict[str, Source] = {}
    sent: set[str] = set()
    for source, flat in own:
        for key in flat.values:
            if key.startswith(f"{MODELS}."):
                last[model_name(key)] = source
                sent.add(key)
    for name, source in last.items():
        path = f"{MODELS}.{name}"
        given = {
            row.field: draft.values[key]
            for row in ROWS
            if row.table == MODELS and (key := f"{path}.{row.field}") in draft.values
        }
        missing = [
            row for row in ROWS if row.table == MODELS and row.default is REQUIRED and row.field not in given
        ]
        for row in missing:
            if f"{path}.{row.field}" not in sent:  # a wrong one was reported as such
                advice = f'Add "{row.field}" to [{path}]: {row.value.expected()}'
                draft.report(source, path, f'this model has no "{row.field}" and cannot be used', advice)
        if missing:
            continue
        draft.models[name] = model = ModelSettings(**{"name": name, "model": "", **given})
        if (
            model.url.lower().startswith("http:")
            and (model.key_env or model.keyring)
            and not is_loopback(model.url)
        ):
            message = "the key and the code travel unencrypted to another machine"
            draft.report(source, f"{path}.url", message, 'Use an "https://" address', warns=True)


def _take_routes(draft: _Draft, source: Source, flat: Flat) -> None:
    for key, raw in flat.values.items():
        row = row_of(key)
        if isinstance(row.value, Route) and (name := _route(draft, source, row, raw)) is not None:
            draft.values[key], draft.origin[key] = name, source.name


def _route(draft: _Draft, source: Source, row: Row, raw: object) -> str | None:
    """The name of a usable model, LOCAL or OFF; None after reporting anything else."""
    assert isinstance(row.value, Route)
    try:
        name = row.value.read(raw)
    except Wrong as wrong:
        draft.report(source, row.key, f"{wrong}, so it was left out", f"It must be {row.value.expected()}")
        return None
    if name == OFF or name in draft.models or (name == LOCAL and row.value.takes_local):
        return name
    if name == LOCAL:
        draft.report(
            source, row.key, "the embedded predictor cannot do this", f"It must be {row.value.expected()}"
        )
    elif draft.models:
        advice = meant(name, (*draft.models, LOCAL) if row.value.takes_local else draft.models)
        draft.report(source, row.key, f'no usable model is called "{printable(name)}"', advice)
    else:
        advice = f'Add a table [{MODELS}.{printable(name)}] with "api" and "url" to the user file'
        draft.report(source, row.key, f'no usable model is called "{printable(name)}"', advice)
    return None


def _narrow(draft: _Draft, source: Source, flat: Flat, ceiling: Mapping[str, Any]) -> None:
    """A repository's wishes, held against what the user chose (`ceiling`): it can take away, never add."""
    for key, raw in flat.values.items():
        row = row_of(key)
        if row.workspace is Narrowing.NEVER:
            advice = "Set it in the user file or in the editor"
            draft.report(source, key, "a workspace file may not set this, and was not obeyed", advice)
            continue
        if isinstance(row.value, Route):
            value: Any = _route(draft, source, row, raw)
        else:
            try:
                value = row.value.read(raw)
            except Wrong as wrong:
                draft.report(source, key, f"{wrong}, so it was left out", f"It must be {row.value.expected()}")
                continue
        if value is None:
            continue
        users = ceiling.get(key, row.default)
        if refusal := _refusal(row, users, value, is_said=key in ceiling):
            draft.report(
                source, key, refusal, f"All that a workspace file may do here is to {row.workspace.value}"
            )
        elif (value := _narrower(row, draft.now(row), value, is_said=key in draft.values)) != draft.now(row):
            draft.values[key], draft.origin[key] = value, source.name


def _refusal(row: Row, users: Any, value: Any, *, is_said: bool) -> str:
    """Why a repository may not have this; empty where it may."""
    match row.workspace:
        case Narrowing.OFF if value and not users:
            return "the user switched this off"
        case Narrowing.RAISE if value < users:
            return f"this is lower than the user's {users:g}"
        case Narrowing.LOWER if value > users:
            return f"this is higher than the user's {users:g}"
        case Narrowing.ADD if any(text.startswith("!") for text in value):
            return "a pattern with ! would take back what is ignored"
        case Narrowing.AMONG if value != OFF and users == OFF and is_said:
            return "the user switched this off"
    return ""


def _narrower(row: Row, now: Any, value: Any, *, is_said: bool) -> Any:
    """The stricter of two values that may both stand: several folders of a workspace may each have a file."""
    match row.workspace:
        case Narrowing.OFF:
            return now and value
        case Narrowing.RAISE:
            return max(now, value)
        case Narrowing.LOWER:
            return min(now, value)
        case Narrowing.ADD:
            return tuple(dict.fromkeys((*now, *value)))
        case Narrowing.AMONG if is_said and now == OFF:
            return now
    return value


def _settings(draft: _Draft) -> Settings:
    def table(name: str) -> dict[str, Any]:
        return {row.field: draft.now(row) for row in ROWS if row.table == name}

    return Settings(
        models=MappingProxyType(draft.models),
        routes=Routes(**table("routes")),
        completion=CompletionSettings(**table("completion")),
        edit=EditSettings(**table("edit")),
        review=ReviewSettings(**table("review")),
        next_edit=NextEditSettings(**table("next_edit")),
        shadow=ShadowSettings(**table("shadow")),
        index=IndexSettings(**table("index")),
        context=ContextSettings(**table("context")),
        privacy=PrivacySettings(**table("privacy")),
        recording=RecordingSettings(**table("recording")),
        log=LogSettings(**table("log")),
    )


def _bounded(problems: list[Problem]) -> Iterator[Problem]:
    unique = list(dict.fromkeys(problems))
    yield from unique[:MAX_PROBLEMS]
    if len(unique) > MAX_PROBLEMS:
        left = len(unique) - MAX_PROBLEMS
        told, advice = f"and {left} more things were wrong", "Mend the first ones and look again"
        yield Problem(unique[0].source, "", told, advice, "warning")
