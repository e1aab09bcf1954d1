"""How many golden files show each step of cleaning at work: `python -m tests.golden_steps`."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator

from ai_lsp.completion.clean import STEPS, Limits, trace
from ai_lsp.completion.prompt import is_single_line
from ai_lsp.completion.query import Query
from ai_lsp.completion.settings import CompletionSettings
from ai_lsp.text.document import DocumentSnapshot
from tests import marks
from tests.test_golden import FILES, LANGUAGES, body, parse


def steps() -> Iterator[tuple[str, str, str]]:
    """(file, language, step) of every step that changes the answer of a golden file."""
    for path in FILES:
        _, sections = parse(path.read_text(encoding="utf-8"))
        source = next(name for name in sections if name.startswith("src"))
        text, offset = marks.read(body(sections, source))
        language = LANGUAGES.get(source.rsplit(".", 1)[-1], "plaintext")
        options = json.loads(sections.get("settings.json", "{}")).get("completion", {})
        settings = CompletionSettings(**options)
        query = Query(DocumentSnapshot(f"file:///{source}", 1, language, text), offset)
        limits = Limits(settings.max_lines, is_single_line(query, settings))
        for name, _ in trace(body(sections, "model"), query, limits):
            yield path.stem, language, name


def counts() -> Counter[str]:
    return Counter(name for _, _, name in steps())


def languages_by_step() -> dict[str, set[str]]:
    out: dict[str, set[str]] = defaultdict(set)
    for _, language, name in steps():
        out[name].add(language)
    return out


def main() -> None:
    total, languages = counts(), languages_by_step()
    for name in [*(step.name for step in STEPS), "cover_right"]:
        print(f"{name:24} {total[name]:3}  {', '.join(sorted(languages[name]))}")
    print(f"{len(FILES)} golden files")


if __name__ == "__main__":
    main()
