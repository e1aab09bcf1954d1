"""Any fill-in-the-middle model: the line where the next edit is expected becomes the hole."""

from __future__ import annotations

from ai_lsp.edits.next_formats.material import Material, NextFormat, Read, Unusable
from ai_lsp.models.port import ContextFile, FimPrompt

HISTORY = "recent_edits.diff"
"""The name under which the edits go in front, where the family takes other files."""


def write(material: Material) -> FimPrompt:
    """The edits go in as one more file, since the family knows no better place; of the region nothing is shown,
    for it would be copied."""
    own = [e for e in material.edits if e.is_own]
    diff = "".join(f"--- a/{e.path}\n+++ b/{e.path}\n{e.hunk()}" for e in own)
    files = (*material.files, *((ContextFile(HISTORY, diff),) if diff else ()))
    indent = material.region[: len(material.region) - len(material.region.lstrip())]
    return FimPrompt(
        material.above, indent, material.below, material.path, material.repo, material.language_id, files
    )


def read(answer: str, material: Material, is_cut: bool) -> Read:
    """The line anew, with the indentation that it has."""
    line = answer.partition("\n")[0].rstrip()
    if is_cut and "\n" not in answer:
        return Unusable.CUT_SHORT
    if not line.strip():
        return Unusable.EMPTY
    indent = material.region[: len(material.region) - len(material.region.lstrip())]
    return indent + line.lstrip() if indent else line


def say(region: str, material: Material) -> str:
    return region.lstrip() + "\n"


FORMAT = NextFormat(
    name="fim",
    models="",
    examples=(),
    write=write,
    read=read,
    say=say,
    tokens=(),  # the family's own are kept out where the prompt is rendered
    stops=("\n",),
    lines=(0, 0),
    trust=0.35,
    source="this project: a fallback for models that were never shown an edit",
    note="Chosen where the model's name or its `template` names a family of the fill-in-the-middle table.",
)
