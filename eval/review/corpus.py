"""Files to learn from and to score on: source files of repositories, in a fixed order, with a bound for each."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from ai_lsp.context.languages import language_of
from ai_lsp.context.workspace_files import WorkspaceFiles, read_source
from ai_lsp.diagnostics.source import Source, read

LANGUAGES = {"python", "javascript", "typescript", "tsx", "go", "rust"}


def sources(root: Path, most: int, seed: int = 0) -> Iterator[Source]:
    """At most `most` files of a folder that finders look at, drawn with a seed."""
    found = [f.path for f in WorkspaceFiles(str(root)).walk()]
    wanted = [p for p in found if (row := language_of("", p)) is not None and row.name in LANGUAGES]
    random.Random(seed).shuffle(wanted)
    for path in wanted[:most]:
        text = read_source(path)
        if text is None:
            continue
        source = read(str(Path(path).relative_to(root.resolve())), "", text)
        if source is not None:
            yield source
