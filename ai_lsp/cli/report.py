"""What `ai-lsp check` found, as text, JSON, SARIF 2.1.0 or annotations of GitHub."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import quote

LEVEL_NAMES = {1: "error", 2: "warning", 3: "note", 4: "hint"}
SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
FINGERPRINT = "aiLspFinding/v1"
"""The name of our fingerprint in SARIF; another way of making it would be another name."""

WIDEST = 120
"""Characters of a line of code that are shown below a finding."""


@dataclass(frozen=True, slots=True)
class Found:
    """One finding. Lines and columns are 1-based, columns in UTF-16 units; `end_column` is behind the end."""

    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    severity: int
    code: str
    message: str
    fingerprint: str
    confidence: float
    evidence: Sequence[Mapping[str, Any]]
    related: Sequence[tuple[str, int, str]]
    source: str = ""
    """The first line of it, as it stands in the file."""


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that a check has to say."""

    found: Sequence[Found]
    files: int
    lines: int
    skipped: Sequence[tuple[str, str]]
    version: str
    unheard: Sequence[tuple[str, int]] = ()
    """Checkers that could not say anything, and in how many files: nothing follows from their silence."""


def text(report: Report) -> str:
    """For a person at a terminal, a line each in the form that editors jump from, and the code under it."""
    out = []
    for f in report.found:
        out.append(f"{f.path}:{f.line}:{f.column}: {LEVEL_NAMES[f.severity]}: {f.message} [{f.code}]\n")
        if f.source.strip():
            out.append(f"    | {f.source.strip()[:WIDEST]}\n")
        out += [f"    {path}:{line}: {message}\n" for path, line, message in f.related]
    count = f"{len(report.found)} finding{'' if len(report.found) == 1 else 's'}"
    out.append(f"{count} in {report.lines} lines of {report.files} files{_left(report)}\n")
    return "".join(out)


def _left(report: Report) -> str:
    """What was not looked at, and why."""
    reasons = Counter(why for _, why in report.skipped)
    left = "".join(f"; {n} skipped: {why}" for why, n in reasons.most_common())
    return left + "".join(f"; {why} (in {n} file{'' if n == 1 else 's'})" for why, n in report.unheard)


def as_json(report: Report) -> str:
    """Everything, for programs."""
    return json.dumps({"version": report.version, **asdict(report)}, indent=1) + "\n"


def github(report: Report) -> str:
    """Workflow commands that GitHub Actions shows beside the lines."""
    levels = {1: "error", 2: "warning", 3: "notice", 4: "notice"}
    out = []
    for f in report.found:
        place = f"file={_property(f.path)},line={f.line},endLine={f.end_line},col={f.column}"
        title = _property(f"ai-lsp {f.code}")
        message = f.message.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
        out.append(f"::{levels[f.severity]} {place},title={title}::{message}\n")
    return "".join(out)


def _property(value: str) -> str:
    for char, code in (("%", "%25"), ("\r", "%0D"), ("\n", "%0A"), (":", "%3A"), (",", "%2C")):
        value = value.replace(char, code)
    return value


def sarif(report: Report) -> str:
    """A SARIF 2.1.0 log. Fingerprints say what is the same finding in the next run; `rank` is how sure we are."""
    codes = sorted({f.code for f in report.found})
    run = {
        "tool": {
            "driver": {
                "name": "ai-lsp",
                "version": report.version,
                "rules": [{"id": code, "shortDescription": {"text": code.replace("-", " ")}} for code in codes],
            }
        },
        "columnKind": "utf16CodeUnits",
        "results": [_result(f, codes) for f in report.found],
    }
    return json.dumps({"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1) + "\n"


def _result(f: Found, codes: Sequence[str]) -> dict[str, Any]:
    out: dict[str, Any] = {
        "ruleId": f.code,
        "ruleIndex": codes.index(f.code),
        "level": {1: "error", 2: "warning"}.get(f.severity, "note"),
        "rank": round(f.confidence * 100, 1),
        "message": {"text": f.message},
        "locations": [_location(f.path, f.line, f.column, f.end_line, f.end_column)],
        "partialFingerprints": {FINGERPRINT: f.fingerprint},
        "properties": {"evidence": list(f.evidence)},
    }
    if f.related:
        out["relatedLocations"] = [
            {"id": i, **_location(path, line), "message": {"text": message}}
            for i, (path, line, message) in enumerate(f.related)
        ]
    return out


def _location(path: str, line: int, *rest: int) -> dict[str, Any]:
    names = ("startColumn", "endLine", "endColumn")
    region = {"startLine": line, **dict(zip(names, rest, strict=False))}
    return {"physicalLocation": {"artifactLocation": {"uri": _uri(path)}, "region": region}}


def _uri(path: str) -> str:
    return quote(path, safe="/")


FORMATS: Mapping[str, Callable[[Report], str]] = {
    "text": text,
    "json": as_json,
    "sarif": sarif,
    "github": github,
}
