"""What stands in a prompt and what does not, in words: for `ai-lsp.why` and for whoever replays a recording."""

from __future__ import annotations

from collections import Counter

from ai_lsp.context.fit import Fitted

_WORDS = {
    "typed": "the line", "above": "lines above", "below": "lines below", "rules": "project rules",
    "definition": "definitions", "file": "open files", "tests": "tests", "related": "related files",
    "sibling": "siblings", "diagnostic": "diagnostics", "edit": "recent edits",
    "reply": "rules of the reply", "source": "the file", "wish": "the instruction", "material": "material",
}  # fmt: skip


def kind_word(kind: str) -> str:
    """A kind of part, for a person."""
    return _WORDS.get(kind, kind)


def summary(fitted: Fitted) -> str:
    """One sentence: tokens by kind, most first, and what was left out for which reason."""
    tokens: Counter[str] = Counter()
    shortened = 0
    for one in fitted.kept:
        tokens[one.part.kind] += one.tokens
        shortened += one.alternative > 0
    shares = ", ".join(f"{kind_word(kind)} {count:,}" for kind, count in tokens.most_common() if count)
    text = f"The prompt had {fitted.tokens:,} of {fitted.budget:,} tokens ({shares})"
    if shortened:
        text += f", {shortened} of its parts shortened"
    whys = Counter((one.part.kind, one.why) for one in fitted.dropped)
    if whys:
        text += "; left out: " + ", ".join(
            f"{count} of {kind_word(kind)} ({why})" for (kind, why), count in sorted(whys.items())
        )
    return text


def rows(fitted: Fitted) -> list[dict[str, object]]:
    """Every part in declared order: what and where from, its priority and tokens, and what became of it."""
    kept = {one.part.key or id(one.part): one for one in fitted.kept}
    why = {one.part.key or id(one.part): one for one in fitted.dropped}
    out: list[dict[str, object]] = []
    for part in fitted.layout.parts:
        name = part.key or id(part)
        one, gone = kept.get(name), why.get(name)
        out.append(
            {
                "kind": part.kind,
                "path": part.label.uri,
                "lines": [part.label.first_line, part.label.last_line],
                "origin": part.label.origin,
                "priority": part.priority,
                "stability": part.stability,
                "tokens": one.tokens if one else gone.tokens if gone else None,
                "alternative": one.alternative if one else None,
                "dropped": gone.why if gone else None,
            }
        )
    return out
