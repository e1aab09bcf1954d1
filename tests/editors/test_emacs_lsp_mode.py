"""Emacs with lsp-mode and our ai-lsp-lsp-mode.el: its own ghost text, and findings beside it."""

from __future__ import annotations

from pathlib import Path

from tests.editors.conftest import executable
from tests.editors.install import lsp_mode
from tests.editors.place import ModelProcess, Place, code_blocks, wait_for_bytes
from tests.editors.samples import ROWS, ROWS_REPLY, ROWS_TYPED
from tests.editors.test_emacs import README
from tests.editors.test_neovim_review import BOX

QUIET = "(setq lsp-auto-guess-root t lsp-enable-snippet nil lsp-completion-provider :none)\n"
"""What else stops a start with questions; a user answers them once."""


def test_ghost_text_is_taken_with_tab_and_a_finding_is_shown(
    place: Place, emacs: Path, model: ModelProcess
) -> None:
    before, after = ROWS.split("▮")
    after += "\n\n" + BOX
    model.reply(ROWS_REPLY)
    executable(lambda: lsp_mode()[0])
    packages = "".join(f'(add-to-list \'load-path "{folder}")\n' for folder in lsp_mode())
    options = code_blocks(README, "elisp", model.url)[1].replace(
        "ai-lsp-eglot-options", "ai-lsp-lsp-mode-options"
    )
    load = next(block for block in code_blocks(README, "elisp") if "lsp-mode.el" in block)
    settings = Path(__file__).with_name("emacs.el").read_text(encoding="utf-8")
    init = settings + packages + '(load "lsp-mode-autoloads")\n' + QUIET + options + load
    place.configure("emacs/init.el", init)
    place.configure("ai-lsp/config.toml", "[completion]\nmin_confidence = 1.0\n")
    path = place.write("table.py", before + after)
    with place.opened(emacs, "-nw", f"+{before.count(chr(10)) + 1}", path) as screen:
        screen.wait_for_text("LSP[ai-lsp:")
        screen.type(ROWS_TYPED)
        screen.wait_for_text(ROWS_REPLY.split("\n")[1].strip())
        screen.press("Tab")
        screen.press("C-x", "C-s")
        wait_for_bytes(path, (before + ROWS_TYPED + ROWS_REPLY.rstrip() + after).encode())
        screen.type("\x1bxflymake-goto-next-error\n", pause_s=0)
        screen.wait_for_text("Both sides of")
    told = place.wire.requests("workspace/executeCommand")
    assert [each["params"]["command"] for each in told] == ["ai-lsp.accept"]
