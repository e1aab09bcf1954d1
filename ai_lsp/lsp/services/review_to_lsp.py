"""Findings as diagnostics and code actions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


def actions(
    findings: Sequence[Finding], document: DocumentSnapshot, shown: Sequence[Any]
) -> list[dict[str, Any]]:
    """What can be done about findings; `shown` are the client's diagnostics, linked to by fingerprint."""
    out: list[dict[str, Any]] = []
    for finding in findings:
        links = [d for d in shown if isinstance(d, Mapping) and _fingerprint(d) == finding.fingerprint]
        about: dict[str, Any] = {"kind": "quickfix", **({"diagnostics": links} if links else {})}
        argument = {"fingerprint": finding.fingerprint, "uri": document.uri}
        if finding.fix:
            edits = [
                {
                    "range": to_lsp.lsp_range(document, e.span.start, e.span.end),
                    "newText": to_lsp.with_line_ends(e.new_text, document),
                }
                for e in finding.fix
            ]
            out.append({**about, "title": finding.fix_title or "Fix it", "edit": _edit(document, edits)})
        for title, command in (
            (f"Explain `{finding.code}`", "ai-lsp.explainFinding"),
            (f"Not a bug: `{finding.code}` here", "ai-lsp.dismissFinding"),
        ):
            call = {"title": title, "command": command, "arguments": [argument]}
            out.append({**about, "title": title, "command": call})
    return out


def _edit(document: DocumentSnapshot, edits: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    identifier = {"uri": document.uri, "version": document.version}
    return {"documentChanges": [{"textDocument": identifier, "edits": list(edits)}]}


def _fingerprint(shown: Mapping[str, Any]) -> object:
    data = shown.get("data")
    return data.get("fingerprint") if isinstance(data, Mapping) else None


def explanation(finding: Finding) -> str:
    """Why something was flagged, in sentences for a person."""
    sure = f"{finding.confidence:.0%} sure"
    reasons = "\n".join(f"- {e.detail} ({e.kind}: {e.source})" for e in finding.evidence)
    return f"{finding.message}\n{reasons}\nai-lsp is {sure} of this ({finding.severity.name.lower()})."
