"""`ai-lsp doctor`: the settings in force and where each came from, each model reached or not, and what to do."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TextIO

from ai_lsp import __version__, config
from ai_lsp.cli import surroundings
from ai_lsp.cli.surroundings import Finding
from ai_lsp.errors import AiLspError
from ai_lsp.models.port import Probe
from ai_lsp.models.registry import open_model

PROBE_S = 15.0
"""The longest wait for a model server to say who it is, in seconds."""

MODEL_TABLES = ("", "routes", "models")
"""Where a mistake leaves a configured model without use; "" is a source that cannot be read at all."""

_MARKS = {"ok": ("ok  ", "32"), "warn": ("warn", "33"), "fail": ("FAIL", "31")}


@dataclass(frozen=True, slots=True)
class Entry:
    """A setting in force. `source` is empty for a default."""

    key: str
    value: object
    source: str


@dataclass(frozen=True, slots=True)
class ModelReport:
    """A configured model: which routes lead to it, where its key would come from, and what it answered."""

    name: str
    api: str
    url: str
    routes: tuple[str, ...]
    key: str
    probe: Probe

    @property
    def works(self) -> bool:
        return self.probe.reachable and not self.probe.problem


@dataclass(frozen=True, slots=True)
class Report:
    """Everything the doctor found; `is_well` decides about the exit code."""

    entries: tuple[Entry, ...]
    problems: tuple[config.Problem, ...]
    models: tuple[ModelReport, ...]
    findings: tuple[Finding, ...]

    @property
    def is_well(self) -> bool:
        return all(model.works for model in self.models) and not any(map(_is_serious, self.problems))


def main(argv: Sequence[str]) -> int:
    """Exit code 0, 1 where a configured model cannot be used, 2 for wrong arguments."""
    try:
        return asyncio.run(doctor(argv, sys.stdout))
    except KeyboardInterrupt:
        return 130


async def doctor(argv: Sequence[str], out: TextIO) -> int:
    """Look at everything and write the report to `out`; returns the exit code."""
    asked = _arguments(argv)
    sources = config.read_sources([asked.path], asked.options)
    loaded = config.load(sources)
    report = await examine(loaded)
    secrets = _secrets(loaded.settings)
    if asked.json:
        text = json.dumps(_as_json(report, asked.all), indent=2) + "\n"
    else:
        text = "\n".join(_lines(report, asked.path, asked.all, sources, has_colours=_has_colours(out))) + "\n"
    for secret in secrets:
        text = text.replace(secret, "…").replace(json.dumps(secret)[1:-1], "…")
    if hasattr(out, "reconfigure"):
        out.reconfigure(errors="replace")
    out.write(text)
    return 0 if report.is_well else 1


async def examine(loaded: config.Loaded) -> Report:
    """Ask every model and look around, all at once. Takes as long as the slowest."""
    settings = loaded.settings
    probes, editors, git, predictor, grammars = await asyncio.gather(
        asyncio.gather(*(probe(model) for model in settings.models.values())),
        surroundings.editors(),
        surroundings.git(),
        surroundings.predictor(),
        asyncio.to_thread(surroundings.grammars),
    )
    models = tuple(
        _model_report(settings, model, answer)
        for model, answer in zip(settings.models.values(), probes, strict=True)
    )
    entries = tuple(Entry(key, value, loaded.origin.get(key, "")) for key, value in config.entries(settings))
    around = (predictor, *surroundings.folders(), git, *grammars, *editors)
    return Report(entries, loaded.problems, models, around)


async def probe(settings: config.ModelSettings) -> Probe:
    """What a configured model answers, or why it does not; never raises."""
    try:
        model = await asyncio.to_thread(open_model, settings)
    except AiLspError as error:
        return Probe(reachable=False, problem=Exception.__str__(error), advice=error.advice)
    try:
        return await asyncio.wait_for(model.probe(), PROBE_S)
    except TimeoutError:
        advice = 'See whether the server is busy, and whether "url" is right'
        return Probe(reachable=False, problem=f"no answer within {PROBE_S:.0f} s", advice=advice)
    finally:
        await model.aclose()


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="ai-lsp doctor", description=__doc__.partition(": ")[2] if __doc__ else ""
    )
    parser.add_argument("path", nargs="?", type=Path, default=Path(), help="the workspace folder (default: here)")
    parser.add_argument("--all", action="store_true", help="also the settings that are left at their default")
    parser.add_argument("--json", action="store_true", help="the same as JSON")
    parser.add_argument(
        "--options", type=_json, metavar="JSON", help="what the editor sends as initializationOptions, to try it"
    )
    asked = parser.parse_args(argv)
    if not asked.path.is_dir():
        parser.error(f"{asked.path} is not a folder")
    asked.path = asked.path.absolute()
    return asked


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise argparse.ArgumentTypeError("this is not JSON") from None


def _model_report(settings: config.Settings, model: config.ModelSettings, answer: Probe) -> ModelReport:
    routes = tuple(route for route, name in asdict(settings.routes).items() if name == model.name)
    if model.key_env:
        state = "set" if os.environ.get(model.key_env) else "not set"
        key = f"${model.key_env} ({state})"
    else:
        key = f'OS keyring, service "{model.keyring}"' if model.keyring else ""
    return ModelReport(model.name, model.api, model.url, routes, key, answer)


def _secrets(settings: config.Settings) -> list[str]:
    """Keys that a server's answer might echo; they are cut out of whatever is printed."""
    values = (os.environ.get(model.key_env, "").strip() for model in settings.models.values() if model.key_env)
    return [value for value in values if len(value) >= 4]


# The report as text


def _lines(
    report: Report, root: Path, with_defaults: bool, sources: Iterable[config.Source], *, has_colours: bool
) -> Iterator[str]:
    def line(mark: str, what: str, text: str, advice: str = "") -> Iterator[str]:
        word, colour = _MARKS[mark]
        word = f"\x1b[{colour}m{word}\x1b[0m" if has_colours else word
        yield f"  {word}  {_one_line(what)}: {_one_line(text)}"
        if advice and mark != "ok":
            yield f"        → {_one_line(advice)}"

    yield f"ai-lsp {__version__}, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    yield from ("", f"Settings (workspace {root})")
    for source in sources:
        if source.kind in (config.Kind.USER, config.Kind.WORKSPACE):
            state = "read" if source.values is not None else "cannot be read" if source.problems else "not there"
            yield f"  {source.name}: {state}"
    shown = [entry for entry in report.entries if entry.source or with_defaults]
    for entry in shown:
        yield f"  {entry.key} = {json.dumps(entry.value)}    # {entry.source or 'default'}"
    if not shown:
        yield "  all at their defaults (--all shows them)"
    for problem in report.problems:
        where = f"{problem.source}: {problem.key}" if problem.key else problem.source
        yield from line("fail" if _is_serious(problem) else "warn", where, problem.message, problem.advice)
    yield from ("", "Models")
    for model in report.models:
        yield from line("ok" if model.works else "fail", model.name, _said(model), model.probe.advice)
    if not report.models:
        yield "  none configured: ghost text comes from the embedded predictor"
    yield from ("", "Around")
    for finding in report.findings:
        yield from line(finding.mark, finding.what, finding.text, finding.advice)
    yield ""
    if report.is_well:
        yield "All is well."
    else:
        broken = [model.name for model in report.models if not model.works]
        yield f"Not usable: {', '.join(broken)}." if broken else "The settings of models or routes are wrong."


def _is_serious(problem: config.Problem) -> bool:
    return problem.severity == "error" and problem.key.partition(".")[0] in MODEL_TABLES


def _said(model: ModelReport) -> str:
    answer = model.probe
    place = f"{model.api} at {model.url}"
    serves = f"serves {', '.join(model.routes)}" if model.routes else "no route uses it"
    key = f", key from {model.key}" if model.key else ""
    if not model.works:
        problem = answer.problem or "not reached"
        return f"{model.api if model.url in problem else place}{key}, {serves}: {problem}"
    facts = [f'"{answer.model}"' if answer.model else "", f"FIM template {answer.template or 'of its own'}"]
    if answer.context_tokens is not None:
        facts.append(f"context {answer.context_tokens} tokens")
    if answer.latency_ms is not None:
        facts.append(f"answered in {answer.latency_ms:.0f} ms")
    return f"{place}{key}, {serves}: {', '.join(filter(None, facts))}"


def _one_line(text: str) -> str:
    """What another program said, without what would steer a terminal."""
    return "".join(c if c.isprintable() else " " for c in text)


def _has_colours(out: TextIO) -> bool:
    return out.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def _as_json(report: Report, with_defaults: bool) -> dict[str, Any]:
    shown = [entry for entry in report.entries if entry.source or with_defaults]
    return {
        "version": __version__,
        "ok": report.is_well,
        "settings": {e.key: {"value": e.value, "source": e.source or "default"} for e in shown},
        "problems": [asdict(problem) for problem in report.problems],
        "models": [asdict(model) | {"ok": model.works} for model in report.models],
        "around": [asdict(finding) for finding in report.findings],
    }
