"""Tasks and findings as JSON between the server and the reviewer's process; places also as LSP positions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ai_lsp.diagnostics.finding import Evidence, Finding, Related, Severity
from ai_lsp.diagnostics.task import Task
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Edit, Span


def task_to_json(task: Task) -> dict[str, Any]:
    """A task as plain values."""
    return {
        "path": task.path,
        "language_id": task.language_id,
        "text": task.text,
        "root": task.root,
        "changed": None if task.changed is None else sorted(task.changed),
        "disabled": sorted(task.disabled),
        "only_changed": task.only_changed,
        "before": task.before,
    }


def task_from_json(raw: Mapping[str, Any]) -> Task:
    """The task of plain values."""
    changed = raw["changed"]
    return Task(
        raw["path"],
        raw["language_id"],
        raw["text"],
        raw["root"],
        None if changed is None else frozenset(changed),
        frozenset(raw["disabled"]),
        raw["only_changed"],
        raw["before"],
    )


def finding_to_json(finding: Finding, text: str) -> dict[str, Any]:
    """A finding as plain values, with `range` in UTF-16 positions of the text for those who do not have it."""
    document = DocumentSnapshot("", 0, "", text)
    return {
        "code": finding.code,
        "message": finding.message,
        "span": _span(finding.span),
        "range": position_range(document, finding.span),
        "evidence": [[e.kind, e.source, e.detail, e.weight] for e in finding.evidence],
        "related": [
            [_span(r.span), r.message, r.path, None if r.path else position_range(document, r.span)]
            for r in finding.related
        ],
        "fix": [[*_span(e.span), e.new_text] for e in finding.fix],
        "fix_title": finding.fix_title,
        "severity": int(finding.severity),
        "fingerprint": finding.fingerprint,
        "line": document.line(document.line_at(finding.span.start)).strip()[:300],
    }


def finding_from_json(raw: Mapping[str, Any]) -> Finding:
    """The finding of plain values."""
    return Finding(
        raw["code"],
        raw["message"],
        Span(*raw["span"]),
        tuple(Evidence(*e) for e in raw["evidence"]),
        tuple(Related(Span(*span), message, path) for span, message, path, _ in raw["related"]),
        tuple(Edit(Span(start, end), new) for start, end, new in raw["fix"]),
        raw["fix_title"],
        Severity(raw["severity"]),
        raw["fingerprint"],
    )


def position_range(document: DocumentSnapshot, span: Span) -> dict[str, Any]:
    """An LSP Range: UTF-16 units."""
    return {"start": _position(document, span.start), "end": _position(document, span.end)}


def _position(document: DocumentSnapshot, offset: int) -> dict[str, int]:
    line, character = document.position_at(offset)
    return {"line": line, "character": character}


def _span(span: Span) -> list[int]:
    return [span.start, span.end]
