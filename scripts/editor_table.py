"""The table "editor by feature" of the README: each "works" names the test that says so, in the real editor.

`scripts/docs_tables.py` writes it and fails where a named test is not there; that the tests pass is CI's affair,
where none of those editors may be skipped. What has no test says "untested".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

BEGIN, END = "<!-- editors:begin -->", "<!-- editors:end -->"
FEATURES = ("ghost text", "word by word", "next edit", "instructed edit", "bugs")


@dataclass(frozen=True, slots=True)
class Cell:
    """What one editor makes of one feature. `test` is `file::function` below tests/editors; without one the words
    say what is known instead."""

    words: str
    test: str = ""


WORKS = "works"
UNTRIED = Cell("as any server's, untested")
NO = Cell("–")

EDITORS: dict[str, tuple[Cell, Cell, Cell, Cell, Cell]] = {
    "[Neovim 0.12](editors/neovim/README.md)": (
        Cell(WORKS, "test_neovim::test_ghost_text_is_shown_accepted_and_right"),
        Cell(WORKS, "test_neovim::test_a_suggestion_can_be_taken_word_by_word"),
        Cell("works, Tab alone", "test_neovim_next_edit::test_a_rename_and_its_callers_with_tab_alone"),
        Cell(
            "works, `:AiLspEdit`", "test_edits::test_neovim_edits_as_instructed_confirms_and_undoes_in_one_step"
        ),
        Cell(WORKS, "test_findings::test_neovim_marks_a_finding_and_mends_it"),
    ),
    "[VS Code](editors/vscode/README.md)": (
        Cell(WORKS, "test_vscode::test_ghost_text_is_shown_and_taken_with_tab"),
        Cell(WORKS, "test_vscode::test_a_users_own_model_is_asked_and_a_repositorys_settings_are_not_heard"),
        Cell(
            "works, Tab alone",
            "test_vscode::test_the_next_edit_is_drawn_jumped_to_and_made_with_tab_alone",
        ),
        Cell("works, as a diff", "test_vscode::test_an_instructed_edit_is_shown_as_a_diff_applied_and_undone"),
        Cell(WORKS, "test_findings::test_vs_code_marks_a_finding_and_mends_it"),
    ),
    "[Emacs 30](editors/emacs/README.md)": (
        Cell("works, `ai-lsp.el`", "test_emacs::test_ghost_text_is_shown_typed_through_and_taken"),
        Cell(WORKS, "test_emacs::test_a_word_is_taken_and_a_dismissed_text_is_gone"),
        Cell("works, TAB alone", "test_emacs::test_the_next_edit_is_carried_through_with_tab_alone"),
        Cell("works, code action", "test_edits::test_eglot_edits_by_a_code_action_and_undoes_in_one_step"),
        Cell(WORKS, "test_findings::test_emacs_marks_a_finding_and_mends_it"),
    ),
    "[Helix](editors/helix/README.md)": (
        Cell("through the menu", "test_menus::test_helix_offers_and_inserts_the_suggestion"),
        NO,
        Cell("works, one key", "test_next_edit_menus::test_helix_renames_with_one_key"),
        Cell("works, one key", "test_edits_helix::test_an_instructed_edit_is_asked_about_made_and_undone"),
        Cell(WORKS, "test_findings::test_helix_marks_a_finding_and_mends_it"),
    ),
    "Neovim 0.11": (
        Cell(WORKS, "test_neovim::test_neovim_011_shows_it_too"),
        Cell(WORKS, "test_neovim::test_a_suggestion_can_be_taken_word_by_word"),
        Cell(
            "works, Tab alone",
            "test_neovim_next_edit::test_what_comes_and_what_goes_is_seen_before_it_happens",
        ),
        Cell("works, `:AiLspEdit`", "test_edits::test_neovim_011_asks_by_a_question_of_the_server"),
        Cell(WORKS, "test_findings::test_neovim_marks_a_finding_and_mends_it"),
    ),
    "[Vim 9](editors/vim/README.md)": (
        Cell(
            "through copilot.vim",
            "test_copilot_plugins::test_vim_shows_ghost_text_and_takes_it_whole_and_by_word",
        ),
        Cell(
            "through copilot.vim",
            "test_copilot_plugins::test_vim_shows_ghost_text_and_takes_it_whole_and_by_word",
        ),
        NO,
        NO,
        NO,
    ),
    "[JetBrains](editors/jetbrains/README.md)": (
        Cell("through LSP4IJ, untested"),
        NO,
        Cell("quick fix, untested"),
        Cell("intentions, untested"),
        UNTRIED,
    ),
    "[Zed](editors/zed/README.md)": (
        Cell("not possible: not open to servers"),
        NO,
        Cell("needs an extension"),
        Cell("needs an extension"),
        Cell("needs an extension"),
    ),
}


class NoSuchTest(Exception):
    """The table names a test that is not there."""


def table(root: Path) -> str:
    """The table as Markdown. Raises NoSuchTest."""
    lines = ["| editor | " + " | ".join(FEATURES) + " |", "|---" * (1 + len(FEATURES)) + "|"]
    for name, cells in EDITORS.items():
        for cell in cells:
            _find(root, cell.test)
        lines.append(f"| {name} | " + " | ".join(cell.words for cell in cells) + " |")
    return "\n".join(lines)


def _find(root: Path, test: str) -> None:
    if not test:
        return
    file, _, function = test.partition("::")
    path = root / "tests" / "editors" / f"{file}.py"
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    if not re.search(rf"^(?:async )?def {function}\(", text, re.MULTILINE):
        raise NoSuchTest(f"the README's table of editors names {test}, which is not there")
