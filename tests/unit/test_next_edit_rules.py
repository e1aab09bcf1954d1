"""What rules out of one edit find elsewhere: the text that each would write, without any fit."""

from __future__ import annotations

import pytest

from ai_lsp.edits.local import arguments, evidence, mapping, places, rename, scorer
from ai_lsp.edits.local.examples import examples
from ai_lsp.edits.local.index import Index
from ai_lsp.edits.local.proposal import Change
from ai_lsp.edits.local.rewrite import fit, rewrites
from ai_lsp.edits.local.rules import rules
from ai_lsp.edits.local.texts import OpenText
from ai_lsp.edits.local.view import View, defined


def rewritten(a: str, b: str, line: str) -> str | None:
    """What the whole rule of `a` -> `b` makes of another line."""
    found = fit(rewrites(a, b)[0], line)
    return None if found is None else found.new


@pytest.mark.parametrize(
    ("a", "b", "line", "expected"),
    [
        ("x = old(1)", "x = new(1)", "  return old(2) + old(3)", "  return new(2) + new(3)"),
        ("f(a, b)", "g(a, b, c)", "y = f(p[0], q(r))", "y = g(p[0], q(r), c)"),
        ("assertEqual(a, b)", "assert a == b", "assertEqual(x.y, 3)", "assert x.y == 3"),
        ('log("start", n)', 'log.info("start", n)', 'log("end")', 'log.info("end")'),
        ("f(a, b)", "f(a, c)", "f(x, d)", None),
        ('name = "the old one"', 'name = "the new one"', 'print("an old one")', 'print("an new one")'),
        ("use a::{B, C};", "use a::B;", "use a::{D, C};", "use a::D;"),
        ("x = old", "x = new", "x = older", None),
    ],
)
def test_a_line_is_rewritten_as_the_example_was(a: str, b: str, line: str, expected: str | None) -> None:
    assert rewritten(a, b, line) == expected


@pytest.mark.parametrize(
    ("a", "b", "line", "expected"),
    [
        ("run(a, b)", "run(a, b, c)", "run(f(1), [2, 3])", "run(f(1), [2, 3], c)"),
        ("run(a)", "run(ctx, a)", "x = run(1) or run(2)", "x = run(ctx, 1) or run(ctx, 2)"),
        ("run(a, flag)", "run(a)", "run(b, flag)", "run(b)"),
        ("def run(a):", "def run(a, limit=3):", "run(1)", "run(1, limit)"),
        ("func run(a int) {", "func run(ctx context.Context, a int) {", "run(1)", "run(ctx, 1)"),
        ("run()", "run(now)", "run()", "run(now)"),
        ("run(a)", "run(a, b)", "other(a)", None),
        ("run(a)", "run(a, b)", "run(x, b)", None),
    ],
)
def test_what_was_done_to_an_argument_is_done_at_other_calls(
    a: str, b: str, line: str, expected: str | None
) -> None:
    (change,) = arguments.argument_changes(a, b)
    assert arguments.apply(change, line) == expected


def test_names_of_one_shape_are_exchanged_and_affixes_kept() -> None:
    found = mapping.mapped(["self.size = size"], ["self.width = width"])
    assert found is not None
    assert mapping.translate("self._size = check(size)", found.pairs) == "self._width = check(width)"
    assert mapping.mapped(["a = b"], ["a = b()"]) is None
    assert mapping.mapped(["a = b + a"], ["x = y + z"]) is None  # one name cannot stand for two


@pytest.mark.parametrize(
    ("old", "new", "name", "expected"),
    [
        ("get_user", "get_account", "users_by_user", "users_by_account"),
        ("get_user", "get_account", "UserList", "AccountList"),
        ("get_user", "get_account", "MAX_USER", "MAX_ACCOUNT"),
        ("get_user", "get_account", "superuser", "superuser"),
    ],
)
def test_a_rename_is_followed_into_other_spellings(old: str, new: str, name: str, expected: str) -> None:
    part = rename.changed_part(old, new)
    assert part == ("user", "account")
    for x, y in rename.spellings(*part).items():
        name = rename.pattern(x).sub(y, name)
    assert name == expected


def proposed(before: str, edit: tuple[str, str]) -> set[tuple[int, str]]:
    """Every edit that the rules of one edit propose in the file: (line, new text)."""
    after = before.replace(*edit, 1)
    at = before[: before.index(edit[0])].count("\n")
    index = Index(lambda _: None)
    index.opened(OpenText("a", "/a.py", "python", after))
    change = Change("a", at, tuple(edit[0].split("\n")), tuple(edit[1].split("\n")), 0.0)
    found = set()
    for rule in rules(examples([change], index), index.spread):
        for hit in rule.find(index.view("a"), 0):
            found.add((hit.start, "\n".join(hit.new)))
    return found


def test_one_line_that_became_several_is_followed_with_its_indentation() -> None:
    code = "a = load(one, True)\nif x:\n    b = load(two, True)\n"
    new = "a = load(\n    one,\n    strict=True,\n)"
    assert (7 - 2, "    b = load(\n        two,\n        strict=True,\n    )") in proposed(
        code, ("a = load(one, True)", new)
    )


def test_lines_put_in_by_an_anchor_are_put_in_by_lines_of_its_shape() -> None:
    code = "parser.add(red, 1)\nstop()\nparser.add(blue, 1)\n"
    assert (4, "check(blue)") in proposed(code, ("parser.add(red, 1)", "parser.add(red, 1)\ncheck(red)"))


def test_a_rename_in_several_lines_is_one_rule_shown_by_several_edits() -> None:
    index = Index(lambda _: None)
    index.opened(OpenText("a", None, "python", "now(1)\nx\nnow(2)\ny\nold(3)\n"))
    changes = [Change("a", 0, ("old(1)",), ("now(1)",), 9.0), Change("a", 2, ("old(2)",), ("now(2)",), 1.0)]
    ages = [r.ages for r in rules(examples(changes, index), index.spread) if r.renamed == ("old", "now")]
    assert ages == [[0, 1]]


def test_edits_are_found_again_where_later_ones_have_moved_them() -> None:
    index = Index(lambda _: None)
    index.opened(OpenText("a", None, "python", "# one\n# two\nx = 1\ny = 3\n"))
    changes = [Change("a", 1, ("y = 2",), ("y = 3",), 9.0), Change("a", 0, (), ("# one", "# two"), 1.0)]
    assert [(e.at, e.age) for e in examples(changes, index)] == [(0, 0), (3, 1)]


def test_layout_says_what_encloses_a_line() -> None:
    view = View(["class A:", "    def f(", "        a,", "    ):", "", "        return a", "x = 1"])
    assert [view.header(n) for n in range(7)] == [-1, 0, 1, 0, 1, 1, -1]
    assert defined("def f(a, b: int = 3) -> c:") == {"f", "a", "b"}
    assert defined("const total = sum(a);") == {"total"}
    assert defined("if a == b:") == frozenset()


def test_the_tree_says_which_function_holds_a_line_and_what_kind_of_code_it_is() -> None:
    lines = ["import a", "def f(x):", "    return x", "", "def g(y):", "    return y"]
    index = Index(lambda _: None)
    for uri, language in (("file:///a.py", "python"), ("file:///b", "klingon")):
        index.opened(OpenText(uri, None, language, "\n".join(lines)))
    found = index.scopes("file:///a.py")
    assert found is not None
    assert found.function(2) == (1, 2)
    assert found.function(0) is None
    assert found.kinds(2)[:3] == found.kinds(5)[:3]
    assert found.kinds(0)[0] != found.kinds(2)[0]
    assert index.scopes("file:///b") is None


def test_the_shipped_trees_were_fitted_on_these_features() -> None:
    stored = scorer.shipped()
    assert stored.edit.names == evidence.NAMES
    assert stored.place.names == places.NAMES
