"""Next edits on the wire: params in, suggestions out, in the forms that clients can apply."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ai_lsp.edits.next_values import NextQuery, Offer, Problem, Proposal
from ai_lsp.lsp.from_lsp import mapping, offset_at, offset_range
from ai_lsp.lsp.to_lsp import lsp_range, with_line_ends
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Edit, Span

MOST = 20
"""The most suggestions of one answer, whatever `context.max` asks for."""

ERROR = 1


def next_query(params: Any, snapshot: DocumentSnapshot, path: str) -> NextQuery:
    """The query of aiLsp/nextEdit or textDocument/copilotInlineEdit.

    Diagnostics come as the Copilot dialect sends them: `severity` is "error" or "warning"; LSP's numbers are
    understood as well. What is no diagnostic is passed over.
    """
    raw = mapping(params)
    offset = offset_at(snapshot, raw.get("position"))
    context = raw.get("context")
    context = context if isinstance(context, Mapping) else {}
    sent = raw.get("diagnostics", context.get("diagnostics"))
    problems = [p for each in sent if (p := _problem(each, snapshot))] if isinstance(sent, list) else []
    return NextQuery(snapshot, offset, path, tuple(problems), context.get("triggerKind") in (0, 1))


def _problem(raw: Any, snapshot: DocumentSnapshot) -> Problem | None:
    if not isinstance(raw, Mapping) or not isinstance(raw.get("message"), str):
        return None
    try:
        span = offset_range(snapshot, raw.get("range"))
    except ValueError:
        return None
    return Problem(span, raw["message"], raw.get("severity") in ("error", ERROR, None))


def wanted(params: Any) -> int:
    """How many suggestions the client asks for with `context.max`; one where it does not say."""
    context = mapping(params).get("context")
    most = context.get("max") if isinstance(context, Mapping) else None
    return min(max(1, most), MOST) if isinstance(most, int) and not isinstance(most, bool) else 1


def text_edit(proposal: Proposal) -> dict[str, Any]:
    """The TextEdit of a proposal, with the line ends of its document."""
    span = proposal.edit.span
    new_text = with_line_ends(proposal.edit.new_text.replace("\r\n", "\n"), proposal.snapshot)
    return {"range": lsp_range(proposal.snapshot, span.start, span.end), "newText": new_text}


def version_of(proposal: Proposal) -> int | None:
    """The version of the target that the edit is for; null where the editor has not opened it."""
    return proposal.snapshot.version if proposal.is_open else None


def suggestion(offer: Offer) -> dict[str, Any]:
    """One suggestion of aiLsp/nextEdit."""
    proposal, span = offer.proposal, offer.proposal.edit.span
    return {
        "id": offer.id,
        "kind": proposal.kind,
        "uri": proposal.uri,
        "version": version_of(proposal),
        "edits": [text_edit(proposal)] if proposal.kind == "edit" else [],
        "target": lsp_range(proposal.snapshot, span.start, span.end),
        "confidence": round(proposal.confidence, 3),
        "origin": proposal.origin,
        "why": proposal.why,
        "command": command(offer),
    }


def command(offer: Offer) -> dict[str, Any]:
    """What the client runs when the user has taken the offer."""
    return {"title": "Accept the next edit", "command": "ai-lsp.accept", "arguments": [offer.id]}


def whole_lines(proposal: Proposal) -> Proposal:
    """The same change as a replacement of whole lines, which the clients of the Copilot dialect preview best."""
    snapshot, edit = proposal.snapshot, proposal.edit
    first = snapshot.line_span(snapshot.line_at(edit.span.start))
    last = snapshot.line_span(snapshot.line_at(edit.span.end))
    new_text = (
        snapshot.slice(first.start, edit.span.start) + edit.new_text + snapshot.slice(edit.span.end, last.end)
    )
    return Proposal(
        snapshot,
        Edit(Span(first.start, last.end), new_text),
        proposal.kind,
        proposal.confidence,
        proposal.origin,
        proposal.why,
        proposal.group,
        proposal.is_open,
    )
