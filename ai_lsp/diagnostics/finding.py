"""What a review says: findings with their place, their evidence, and a name that outlives moved lines."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from ai_lsp.text.edit import Edit, Span


class Severity(IntEnum):
    """As LSP counts them."""

    ERROR = 1
    WARNING = 2
    INFORMATION = 3
    HINT = 4


@dataclass(frozen=True, slots=True)
class Evidence:
    """One reason to believe a finding.

    `kind` says what it is worth: "static" (a finder), "checker" (a verdict of a language server or compiler),
    "command" (a command that reproduces the fault), "model" (agreeing passes of a model). `source` names who says
    so: two signals are independent when their sources differ. `weight` is the chance, 0 to 1, that what it says
    is right, measured where that was possible.
    """

    kind: str
    source: str
    detail: str
    weight: float = 0.5


@dataclass(frozen=True, slots=True)
class Related:
    """Another place that a finding speaks of: in the same file where `path` is empty."""

    span: Span
    message: str
    path: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is probably wrong. Spans are offsets in the text that was reviewed.

    `code` is the finder's, stable; `fix` are edits of the same text that mend it, empty where nothing sure is
    known; `fingerprint` is filled in by `with_fingerprints`.
    """

    code: str
    message: str
    span: Span
    evidence: tuple[Evidence, ...]
    related: tuple[Related, ...] = ()
    fix: tuple[Edit, ...] = ()
    fix_title: str = ""
    severity: Severity = Severity.HINT
    fingerprint: str = ""

    @property
    def confidence(self) -> float:
        """The chance that it is right, as far as its evidence tells: independent doubts multiply."""
        doubt = 1.0
        for weight in strongest_by_source(self.evidence).values():
            doubt *= 1.0 - weight
        return 1.0 - doubt


def strongest_by_source(evidence: Iterable[Evidence]) -> dict[str, float]:
    """What each independent source is worth at its best."""
    out: dict[str, float] = {}
    for each in evidence:
        out[each.source] = max(out.get(each.source, 0.0), each.weight)
    return out


def severity_of(evidence: Sequence[Evidence]) -> Severity:
    """Error needs a command that reproduces the fault or a checker's verdict, Warning two independent signals."""
    if any(each.kind in ("command", "checker") for each in evidence):
        return Severity.ERROR
    return Severity.WARNING if len({each.source for each in evidence}) > 1 else Severity.HINT


def with_evidence(finding: Finding, evidence: Sequence[Evidence]) -> Finding:
    """The finding with what a checker, a command or a model adds; its severity follows."""
    together = finding.evidence + tuple(evidence)
    return replace(finding, evidence=together, severity=severity_of(together))


_BLANKS = re.compile(r"\s+")


def with_fingerprints(findings: Iterable[Finding], path: str, text: str) -> list[Finding]:
    """The findings, each named by its code, its file and the words of its lines, wherever the lines stand.

    Equal lines with equal findings are told apart by their order in the file.
    """
    seen: dict[str, int] = {}
    out = []
    for finding in sorted(findings, key=lambda f: (f.span.start, f.code)):
        words = _BLANKS.sub(" ", lines_around(text, finding.span)).strip()
        key = "\0".join((finding.code, path, words))
        nth = seen[key] = seen.get(key, 0) + 1
        digest = hashlib.sha256(f"{key}\0{nth}".encode("utf-8", "surrogatepass")).hexdigest()[:32]
        out.append(replace(finding, fingerprint=digest))
    return out


def lines_around(text: str, span: Span) -> str:
    """The whole lines that a span touches, at most three hundred characters of them."""
    start = max(text.rfind("\n", 0, span.start), text.rfind("\r", 0, span.start)) + 1
    ends = [at for at in (text.find("\n", span.end), text.find("\r", span.end)) if at >= 0]
    return text[start : min([*ends, len(text), start + 300])]
