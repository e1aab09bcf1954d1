"""The model's part of a review within a session: who is asked, what it costs at most, and claims as findings."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ai_lsp.diagnostics.finding import Finding, severity_of, with_fingerprints
from ai_lsp.diagnostics.model_review import Claim, Region, review_regions
from ai_lsp.diagnostics.settings import ReviewSettings
from ai_lsp.errors import ModelError
from ai_lsp.models.port import ModelRequest
from ai_lsp.text.document import DocumentSnapshot
from ai_lsp.text.edit import Span

if TYPE_CHECKING:
    from ai_lsp.lsp.model_routes import WatchedModel

CODE = "model-review"

SHOWN = 0.3
"""The least confidence with which a model's claim is shown."""

LINES_PER_CLAIM = 200
"""Reviewed lines for each claim that may be shown, as for the finders."""


class Refused(Exception):
    """The model could not be asked, or failed; the message says why."""


async def claims(
    route: WatchedModel,
    regions: Sequence[Region],
    known: Callable[[str, int], Sequence[str]],
    settings: ReviewSettings,
    report: Callable[[str], None],
) -> list[Claim]:
    """What is worth showing of what a model claims, surest first. Raises Refused."""
    asked = 0

    async def ask(request: ModelRequest) -> str:
        nonlocal asked
        asked += 1
        report(f"pass {asked} of {settings.passes}" if asked <= settings.passes else "checking what was claimed")
        return await _whole_answer(route, request)

    most = settings.max_tokens
    found = review_regions(regions, ask, known, passes=settings.passes, max_tokens=most)
    try:
        every = [claim async for claim in found]
    except ModelError as error:
        raise Refused(str(error)) from None
    lines = sum(len(region.lines) for region in regions)
    good = sorted((c for c in every if c.confidence >= SHOWN), key=lambda c: -c.confidence)
    agreed = [c for c in good if known(c.path, c.line)]  # these add to what is shown already
    return agreed + [c for c in good if c not in agreed][: max(1, -(-lines // LINES_PER_CLAIM))]


async def _whole_answer(route: WatchedModel, request: ModelRequest) -> str:
    route.started()
    try:
        text, usage = "", None
        async with contextlib.aclosing(route.model.stream(request)) as stream:
            async for chunk in stream:
                text += chunk.text
                usage = chunk.usage or usage
    except ModelError as error:
        route.failed(error)
        raise
    except (asyncio.CancelledError, Exception):
        route.abandoned()
        raise
    route.succeeded(request, usage)
    return text


def as_findings(said: Sequence[Claim], document: DocumentSnapshot, path: str) -> list[Finding]:
    """Claims about a text as findings, each about its whole line."""
    out = []
    for claim in said:
        line = document.line_span(min(claim.line, document.line_count - 1))
        text = document.slice(line.start, line.end)
        place = Span(line.start + len(text) - len(text.lstrip()), line.end) if text.strip() else line
        out.append(Finding(CODE, claim.what or "The model sees a bug here", place, (claim.evidence(),)))
    return with_fingerprints(out, path, document.text)


def together(known: Sequence[Finding], new: Sequence[Finding]) -> tuple[Finding, ...]:
    """Findings with what the model adds: about the same place it is more evidence, elsewhere a finding of its
    own."""
    out = list(known)
    for finding in new:
        at = next((i for i, f in enumerate(out) if _meet(f.span, finding.span)), None)
        if at is None:
            out.append(finding)
        else:
            evidence = (*(e for e in out[at].evidence if e.kind != "model"), *finding.evidence)
            out[at] = replace(out[at], evidence=evidence, severity=severity_of(evidence))
    return tuple(sorted(out, key=lambda f: f.span.start))


def _meet(a: Span, b: Span) -> bool:
    return a.start <= b.end and b.start <= a.end
