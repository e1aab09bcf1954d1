"""Choices that a change turned round: found where it did nothing else, and told only against the habit."""

from __future__ import annotations

import pytest

from ai_lsp.diagnostics.finders import CODES
from ai_lsp.diagnostics.flips import flipped
from ai_lsp.diagnostics.review import review
from ai_lsp.diagnostics.rewrites import Rewrites
from ai_lsp.diagnostics.sites import sites
from ai_lsp.diagnostics.source import read
from ai_lsp.diagnostics.task import Task
from ai_lsp.text.change import apply_all

NEW = frozenset(CODES) - {"unusual-operator", "unusual-negation", "unusual-number", "swapped-arguments"}
LOOP = """def first(items, wanted):
    for item in items:
        if item is None:
            continue
        if item.name == wanted:
            return item
    return None
"""


def said(before: str, now: str) -> list[str]:
    changed = Rewrites(before, now).lines
    task = Task("shop.py", "python", now, "", changed, NEW, only_changed=True, before=before)
    return [f.message for f in review(task)]


def test_a_turned_condition_is_told_and_its_mending_is_not() -> None:
    turned = LOOP.replace("item is None", "item is not None")
    (message,) = said(LOOP, turned)
    assert message.startswith("`is not` is unusual here; such code mostly has `is` (")
    assert message.endswith("and it was so before this change")
    assert said(turned, LOOP) == []


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("if item.name == wanted", "if item.name != wanted", {"equal": "=="}),
        ("if item.name == wanted", "if item.title == shop.wanted(item) or item.name != wanted", {}),
        ("return item\n", "return item.name\n", {}),
        ("continue", "break", {}),
    ],
)
def test_only_where_the_change_did_nothing_else(old: str, new: str, found: dict[str, str]) -> None:
    source = read("shop.py", "python", LOOP.replace(old, new, 1), LOOP)
    assert source is not None
    every = list(sites(source))
    assert {every[n].group: choice for n, choice in flipped(source, every).items()} == found


def test_lines_that_became_others_are_paired_and_the_rest_is_new() -> None:
    now = "# above\n" + LOOP.replace("wanted:", "wanted.name:").replace("            continue\n", "")
    rewrites = Rewrites(LOOP, now)
    assert [(pair.old_line, pair.line) for pair in rewrites.pairs] == [(4, 4)]
    assert rewrites.lines == {0, 4}
    (step,) = rewrites.pairs[0].steps()
    assert [t[0] for t in rewrites.pairs[0].new[step[2] : step[3]]] == [".", "name"]


def test_operators_are_spelled_as_the_language_spells_them() -> None:
    before = "function f(a) {\n  if (a === undefined || !a.x) {\n    return null;\n  }\n  return a.x;\n}\n"
    for old, new in (("===", "!=="), ("||", "&&")):
        text = before.replace(old, new)
        task = Task("a.js", "", text, "", Rewrites(before, text).lines, NEW, only_changed=True, before=before)
        (found,) = review(task)
        assert found.message.startswith(f"`{new}` is unusual here; such code mostly has `{old}` (")
        assert found.fix_title == f"Change `{new}` to `{old}`"
        assert apply_all(found.fix, text) == before
