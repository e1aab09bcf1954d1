"""Findings as diagnostics, and in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ai_lsp.diagnostics.finding import Evidence, Finding
from ai_lsp.lsp import to_lsp
from ai_lsp.text.document import DocumentSnapshot

SOURCE = "ai-lsp"


def diagnostic(finding: Finding, document: DocumentSnapshot, *, with_related: bool) -> dict[str, Any]:
    """A finding about an open document."""
    related = [
        {
            "location": {"uri": document.uri, "range": to_lsp.lsp_range(document, r.span.start, r.span.end)},
            "message": r.message,
        }
        for r in finding.related
        if not r.path
    ]
    out = _diagnostic(finding, to_lsp.lsp_range(document, finding.span.start, finding.span.end))
    return {**out, "relatedInformation": related} if with_related and related else out


def diagnostic_on_disk(
    raw: Mapping[str, Any], uri: str, finding: Finding, *, with_related: bool
) -> dict[str, Any]:
    """A finding about a file that is not open, whose positions the reviewer worked out; `raw` is its answer."""
    related = [
        {"location": {"uri": uri, "range": range_}, "message": message}
        for _, message, path, range_ in raw["related"]
        if not path
    ]
    out = _diagnostic(finding, raw["range"])
    return {**out, "relatedInformation": related} if with_related and related else out


def _diagnostic(finding: Finding, range_: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "range": range_,
        "severity": int(finding.severity),
        "code": finding.code,
        "source": SOURCE,
        "message": finding.message,
        "data": {
            "fingerprint": finding.fingerprint,
            "confidence": round(finding.confidence, 3),
            "evidence": [_evidence(e) for e in finding.evidence],
        },
    }


def _evidence(evidence: Evidence) -> dict[str, Any]:
    return {
        "kind": evidence.kind,
        "source": evidence.source,
        "detail": evidence.detail,
        "weight": round(evidence.weight, 3),
    }


def explanation(finding: Finding) -> str:
    """Why something was flagged, in sentences for a person."""
    sure = f"{finding.confidence:.0%} sure"
    reasons = "\n".join(f"- {e.detail} ({e.kind}: {e.source})" for e in finding.evidence)
    return f"{finding.message}\n{reasons}\nai-lsp is {sure} of this ({finding.severity.name.lower()})."
