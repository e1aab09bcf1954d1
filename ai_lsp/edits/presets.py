"""Instructions that most users give, by a word and a menu title; the user's own stand beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Preset:
    """A ready instruction. `languages` are the LSP language ids it makes sense in, none for all."""

    title: str
    instruction: str
    languages: frozenset[str] = frozenset()


_UNTYPED = frozenset({"python", "javascript", "javascriptreact", "php", "ruby", "lua"})

PRESETS: Mapping[str, Preset] = {
    "fix": Preset("Fix with AI", "Fix what this diagnostic says, at its cause, and nothing else:"),
    "types": Preset(
        "Add types with AI",
        "Add precise types to the selected code: parameters, results and attributes, in the way that is usual in "
        "this language and project. Do not change what the code does.",
        _UNTYPED,
    ),
    "document": Preset(
        "Document with AI",
        "Document the selected code in the comment or docstring style of this file: what it is for, its "
        "arguments and results with units, what it raises. Do not change the code itself.",
    ),
    "tests": Preset(
        "Write tests with AI",
        "Write tests for the selected code: the usual case, the edges, the errors. Put them where this project "
        "keeps such tests; a new file is fine. Do not change the code itself.",
    ),
    "simplify": Preset(
        "Simplify with AI",
        "Make the selected code simpler and easier to read. It must do exactly the same as before.",
    ),
}
"""By the word that `ai-lsp.edit` takes as `preset`."""


def fix_instruction(message: str, line: int) -> str:
    """The instruction to fix one diagnostic; `line` is 0-based."""
    return f"{PRESETS['fix'].instruction} line {line + 1}: {' '.join(message.split())[:500]}"


def offered(language_id: str, own: Mapping[str, str]) -> list[tuple[str, str]]:
    """(menu title, instruction) of the presets for selected code in a language, the user's own first."""
    out = [(f"{title} (AI)", instruction) for title, instruction in own.items()]
    for word, preset in PRESETS.items():
        if word != "fix" and (not preset.languages or language_id in preset.languages):
            out.append((preset.title, preset.instruction))
    return out
