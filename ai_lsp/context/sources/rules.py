"""What the project asks of whoever writes code in it: quoted data, from folders that the user trusts only."""

from __future__ import annotations

from collections.abc import Sequence

from ai_lsp.context.parts import Label, PromptPart
from ai_lsp.context.place import Rules

FILES = ("AGENTS.md", "CLAUDE.md", ".github/copilot-instructions.md", ".cursorrules", "CONVENTIONS.md")
"""Names of such files in a workspace's root, the first ones before the later."""

MOST, LONGEST = 2, 6_000


def parts(found: Sequence[Rules], *, priority: int) -> tuple[PromptPart, ...]:
    """A part per file of rules, as they come; long ones lose their end."""
    return tuple(
        PromptPart(
            kind="rules",
            text=_short(one.text),
            label=Label(one.path, 0, one.text.count("\n"), "rules"),
            key=f"rules:{one.path}",
            priority=priority - rank,
            stability="stable",
        )
        for rank, one in enumerate(found[:MOST])
        if one.text.strip()
    )


def _short(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    end = text.rfind("\n", 0, LONGEST)
    return text[: end + 1 if end > 0 else LONGEST]
