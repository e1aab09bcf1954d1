"""All formats of the next edit, and which one a model is asked in."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ai_lsp.edits.next_formats import fim, instinct, mercury, region, sweep, zeta, zeta2
from ai_lsp.edits.next_formats.material import NextFormat
from ai_lsp.errors import UnknownTemplate
from ai_lsp.models.fim import TEMPLATES, template_for

FORMATS: Sequence[NextFormat] = (
    zeta2.FORMAT,
    zeta.FORMAT,
    sweep.FORMAT,
    instinct.FORMAT,
    mercury.FORMAT,
    fim.FORMAT,
    region.FORMAT,
)

MARKS = tuple(dict.fromkeys(token for row in FORMATS for token in row.tokens if "|" in token or "[" in token))
"""Marks that no one writes in code: an edit that brings one in is dropped, whichever model it is of."""


def format_for(model: str, template: str = "", *, knows_fill: bool = True) -> NextFormat:
    """The row that `template` names, or that knows the model, or the general one that fits it.

    A template of the fill-in-the-middle table, or a model that it knows, is asked to fill; every other one
    is asked
    by conversation. `knows_fill` is False for an API that has conversations only.
    """
    by_name = {row.name: row for row in FORMATS}
    if template in by_name:
        return by_name[template]
    plain = re.sub(r"[^a-z0-9]+", "-", re.split(r"[/\\]", model.strip())[-1].lower()).strip("-")
    for row in FORMATS:
        if row.models and re.search(row.models, plain):
            return row
    if not knows_fill:
        return region.FORMAT
    if template in {row.name for row in TEMPLATES} or template in ("suffix", "infill"):
        return fim.FORMAT
    try:
        template_for(model)
    except UnknownTemplate:
        return region.FORMAT
    return fim.FORMAT
