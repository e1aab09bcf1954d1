"""What checkers say about the lines of findings: evidence for them, or the same in other words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ai_lsp.diagnostics.finding import Evidence, Finding, with_evidence
from ai_lsp.diagnostics.lines import Lines
from ai_lsp.diagnostics.shadow.checkers import BY_NAME
from ai_lsp.diagnostics.shadow.verdict import ERROR, Reported

WEIGHT = 0.9
"""What an error of a checker in the same line is worth: it is sure of something, if not of the same."""

_NAME = re.compile(r"[^\W\d]\w{2,}\Z")


def weighed(
    findings: Iterable[Finding], reports: Sequence[Reported], lines: Lines, text: str, path: str
) -> list[Finding]:
    """The findings with the errors that checkers report in their lines as evidence, which makes them errors too;
    without those that a checker's warning has said already, naming the same thing."""
    heard = [report for report in reports if not _is_blind(report)]
    out = []
    for finding in findings:
        here = [report for report in heard if report.line in lines.of(finding.span)]
        if any(report.severity != ERROR and _names(report, finding, text) for report in here):
            continue
        errors = list(dict.fromkeys(_evidence(report, path) for report in here if report.severity == ERROR))
        out.append(with_evidence(finding, errors) if errors else finding)
    return out


def _is_blind(report: Reported) -> bool:
    checker = BY_NAME.get(report.checker)
    return checker is not None and report.code in checker.blind


def _evidence(report: Reported, path: str) -> Evidence:
    checker = BY_NAME.get(report.checker)
    command = checker.by_hand.format(path=path) if checker is not None and checker.by_hand else ""
    by_hand = f" (`{command}`)" if command else ""
    return Evidence("checker", report.checker, f"{report.checker} reports “{report.message}”{by_hand}", WEIGHT)


def _names(report: Reported, finding: Finding, text: str) -> bool:
    """Whether a report names the very word that a finding is about."""
    word = text[finding.span.start : finding.span.end]
    return bool(_NAME.match(word)) and re.search(rf"\b{re.escape(word)}\b", report.message) is not None
