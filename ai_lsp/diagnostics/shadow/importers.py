"""Which other files an edit may break: those that import the edited one, found by the words of their imports."""

from __future__ import annotations

import re
from pathlib import Path

from ai_lsp.context.workspace_files import WorkspaceFiles, read_source

MOST_FILES = 2_000
"""Files looked at, at most: a large workspace costs its nearest part."""

MOST_FOUND = 12
"""Files given to the checkers beside the edited ones."""

_FAMILY = {
    **dict.fromkeys((".py", ".pyi"), "python"),
    **dict.fromkeys((".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs"), "typescript"),
    **dict.fromkeys((".c", ".h", ".cc", ".cpp", ".cxx", ".hh", ".hpp"), "c"),
}
_IMPORT_LINE = {
    "python": r"^[ \t]*(?:from|import)[ \t].*\b{stem}\b",
    "typescript": r"""(?:from|import|require\()[ \t]*['"][^'"]*\b{stem}(?:\.\w+)?['"]""",
    "c": r"""^[ \t]*#[ \t]*include[ \t]*["<][^">]*\b{stem}\.h""",
}
"""What an import of a file looks like, by its name without the suffix."""


def importers(root: Path, path: Path, patterns: tuple[str, ...] = ()) -> dict[str, str]:
    """Texts by path of the files under `root` that seem to import `path`; nearest folders first, bounded.

    Reads files: for a thread. A language whose imports are not known gives none.
    """
    family = _FAMILY.get(path.suffix.lower())
    if family is None:
        return {}
    stem = path.stem if path.stem != "__init__" else path.parent.name
    wanted = re.compile(_IMPORT_LINE[family].replace("{stem}", re.escape(stem)), re.MULTILINE)
    out: dict[str, str] = {}
    for other in _nearest(root, path, patterns):
        text = read_source(other)
        if text is not None and stem in text and wanted.search(text):
            out[other] = text
            if len(out) == MOST_FOUND:
                break
    return out


def _nearest(root: Path, path: Path, patterns: tuple[str, ...]) -> list[str]:
    """The files of the same family, those of the file's own folder first."""
    files = WorkspaceFiles(str(root), patterns=patterns)
    family, here = _FAMILY[path.suffix.lower()], str(path.parent)
    found = [f.path for f in files.walk(MOST_FILES) if _FAMILY.get(Path(f.path).suffix.lower()) == family]
    return sorted((f for f in found if f != str(path)), key=lambda f: (not f.startswith(here), f.count("/"), f))
