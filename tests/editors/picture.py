"""A picture of a terminal: the cells of a captured screen as an SVG, and the scenes that the READMEs show.

python -m tests.editors.picture                  # every picture of editors/*/ again, from real sessions
python -m tests.editors.picture neovim           # one
python -m tests.editors.picture --from PANE OUT.svg   # any `tmux capture-pane -p -e -N`, `-` is stdin
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from pathlib import Path

from tests.editors import install
from tests.editors.install import REPOSITORY
from tests.editors.place import Place, code_blocks
from tests.editors.samples import GO, READERS
from tests.editors.terminal import Cell, Row, Style, coloured, read_rows, text_of

FOREGROUND, BACKGROUND, FRAME = "#e0e2ea", "#14161b", "#2c2e33"
COLUMN, LINE, EDGE, BAR = 8.4, 18, 12, 26
"""Sizes in SVG units: a cell's width and height, the margin, the bar on top."""
FONTS = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace"


def svg(rows: Sequence[Row], title: str, cursor: tuple[int, int] | None = None) -> str:
    """The picture; `cursor` is its column and row. Each word is held to its columns, whatever the font."""
    columns = max((sum(cell.width for cell in row) for row in rows), default=0)
    width, height = columns * COLUMN + 2 * EDGE, len(rows) * LINE + BAR + EDGE + 6
    backgrounds = Counter(cell.style.background or BACKGROUND for row in rows for cell in row)
    ground = backgrounds.most_common(1)[0][0] if backgrounds else BACKGROUND
    dots = "".join(
        f'<circle cx="{EDGE + 6 + 18 * number}" cy="{BAR / 2 + 1}" r="5" fill="{colour}"/>'
        for number, colour in enumerate(("#ff5f57", "#febc2e", "#28c840"))
    )
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" role="img" '
        f'font-family="{FONTS}" font-size="14">',
        f"<title>{escape(title)}</title>",
        f'<rect width="100%" height="100%" rx="8" fill="{ground}" stroke="{FRAME}"/>',
        dots,
        f'<text x="50%" y="{BAR / 2 + 5}" fill="#9b9ea4" font-size="12" text-anchor="middle">{escape(title)}'
        "</text>",
    ]
    for number, row in enumerate(rows):
        parts.extend(_row(row, BAR + 6 + number * LINE, ground))
    if cursor:
        x, y = EDGE + cursor[0] * COLUMN, BAR + 6 + cursor[1] * LINE
        parts.append(f'<rect x="{x:.1f}" y="{y}" width="2" height="{LINE}" fill="{FOREGROUND}"/>')
    return "\n".join([*parts, "</svg>", ""])


def _row(row: Row, top: float, ground: str) -> Iterator[str]:
    """Backgrounds first, then the words upon them."""
    words = []
    column = 0
    for style, cells in _runs(row):
        columns = sum(cell.width for cell in cells)
        x, width = EDGE + column * COLUMN, columns * COLUMN
        column += columns
        front, back = style.foreground or FOREGROUND, style.background or BACKGROUND
        if style.reverse:
            front, back = back, front
        if back != ground:
            yield (
                f'<rect x="{x:.1f}" y="{top}" width="{width:.1f}" height="{LINE}" fill="{back}" '
                'shape-rendering="crispEdges"/>'
            )
        text = "".join(cell.text for cell in cells)
        if text.strip():
            words.append(
                f'<text x="{x:.1f}" y="{top + 13.5}" fill="{front}" textLength="{width:.1f}" '
                f'lengthAdjust="spacingAndGlyphs"{_shape(style)}>{escape(text)}</text>'
            )
    yield from words


def _runs(row: Row) -> Iterator[tuple[Style, list[Cell]]]:
    """Words and blanks of one style; a wide character stands alone, since fonts differ about its width."""
    for key, cells in itertools.groupby(
        enumerate(row), lambda at: (at[1].style, at[1].text == " ", at[1].width > 1 and at[0])
    ):
        yield key[0], [cell for _, cell in cells]


def _shape(style: Style) -> str:
    """Attributes for weight and slant."""
    attributes = {
        ' font-weight="bold"': style.bold,
        ' font-style="italic"': style.italic,
        ' text-decoration="underline"': style.underline,
        ' opacity="0.6"': style.dim,
    }
    return "".join(text for text, is_set in attributes.items() if is_set)


def neovim(place: Place) -> str:
    """Ghost text of the embedded predictor in Neovim, in Neovim's own colours."""
    readme = REPOSITORY / "editors" / "neovim" / "README.md"
    place.configure("nvim/init.lua", code_blocks(readme, "lua")[0] + NEOVIM)
    before = GO + "func Coupons(path string) ([]byte, error) {\n\tdata, err := os.ReadFile(path)\n"
    place.write("shop.go", before + "\n}\n")
    with place.opened(install.ensure("nvim")["nvim"], "shop.go") as screen:
        screen.type(f":call cursor({before.count(chr(10)) + 1}, 1)\n", pause_s=0)
        screen.type("i")
        screen.press("C-v", "Tab")
        screen.type("if")
        rows = screen.wait_for(lambda rows: coloured(rows, GHOST)[:1] == [" err != nil {"], "ghost text")
        return svg(rows, "Neovim 0.12 · the embedded predictor, no model", screen.cursor())


GHOST = "#4f5258"
NEOVIM = """
vim.o.swapfile = false
vim.o.shadafile = 'NONE'
vim.o.termguicolors = true
vim.o.tabstop = 4
vim.o.fillchars = 'eob: '
"""


def helix(place: Place) -> str:
    """The same predictor in Helix's completion menu, with the item chosen."""
    shipped = (REPOSITORY / "editors" / "helix" / "languages.toml").read_text(encoding="utf-8")
    place.configure("helix/languages.toml", shipped)
    before = READERS * 2 + "def load_coupons(path):\n"
    place.write("shop.py", before + "\n")
    with place.opened(install.ensure("hx")["hx"], f"shop.py:{before.count(chr(10)) + 1}") as screen:
        screen.type("i    with op")
        screen.wait_for(lambda rows: any(text_of(row).endswith(" text") for row in rows), "the menu")
        screen.press("C-n")
        rows = screen.wait_for(lambda rows: any(text_of(row).strip() == "ai-lsp" for row in rows), "detail")
        return svg(rows, "Helix 25.07 · the embedded predictor, no model", screen.cursor())


RECTANGLE = """class Rectangle:
    def __init__(self, left, top, right, bottom):
        self.left, self.top, self.right, self.bottom = left, top, right, bottom

    def copy_from(self, other):
        self.left = other.left
        self.top = other.top
        self.right = other.right
        self.bottom = other.right
"""
FIX = "Change `right` to `bottom`"


def neovim_finding(place: Place) -> str:
    """A finding beside its line in Neovim, and what can be done about it."""
    readme = REPOSITORY / "editors" / "neovim" / "README.md"
    shown = "vim.diagnostic.config({ virtual_lines = true })\n"
    place.configure("nvim/init.lua", code_blocks(readme, "lua")[0] + NEOVIM + shown)
    place.write("shapes.py", RECTANGLE)
    with place.opened(install.ensure("nvim")["nvim"], "shapes.py") as screen:
        screen.wait_for_text("probably meant")
        screen.type(":call cursor(9, 9)\ngra", pause_s=0)
        rows = screen.wait_for_text(FIX)
        return svg(rows, "Neovim 0.12 · a finding, no model", screen.cursor())


def helix_finding(place: Place) -> str:
    """The same finding in Helix, and its menu of actions."""
    shipped = (REPOSITORY / "editors" / "helix" / "languages.toml").read_text(encoding="utf-8")
    place.configure("helix/languages.toml", shipped)
    inline = '[editor]\nend-of-line-diagnostics = "hint"\n'
    place.configure("helix/config.toml", inline)
    place.write("shapes.py", RECTANGLE)
    with place.opened(install.ensure("hx")["hx"], "shapes.py") as screen:
        screen.wait_for(lambda rows: any("\u25cf" in text_of(row) for row in rows), "a mark")
        screen.type("]d a")
        rows = screen.wait_for_text(FIX)
        return svg(rows, "Helix 25.07 · a finding, no model", screen.cursor())


EMACS = """
(setq native-comp-jit-compilation nil inhibit-startup-screen t make-backup-files nil auto-save-default nil
      create-lockfiles nil python-indent-guess-indent-offset nil)
(menu-bar-mode -1)
(load-theme 'modus-vivendi t)
"""


def _emacs(place: Place) -> None:
    readme = REPOSITORY / "editors" / "emacs" / "README.md"
    place.configure("emacs/init.el", code_blocks(readme, "elisp")[0] + EMACS)


def emacs(place: Place) -> str:
    """Ghost text of the embedded predictor in Emacs."""
    _emacs(place)
    before = READERS + "def load_coupons(path):\n"
    place.write("shop.py", before + "\n")
    with place.opened(
        install.ensure("emacs")["emacs"], "-nw", f"+{before.count(chr(10)) + 1}", "shop.py"
    ) as screen:
        screen.wait_for_text("[eglot:p")
        screen.type("    with op")
        rows = screen.wait_for(
            lambda rows: any(text_of(row).endswith("as handle") for row in rows[screen.cursor()[1] :]), "ghost"
        )
        return svg(rows, "Emacs 30.2 \u00b7 the embedded predictor, no model", screen.cursor())


def emacs_finding(place: Place) -> str:
    """A finding in Emacs, and its quick fix."""
    _emacs(place)
    place.write("shapes.py", RECTANGLE)
    with place.opened(install.ensure("emacs")["emacs"], "-nw", "+9:8", "shapes.py") as screen:
        screen.wait_for_text("[0 0 1]")
        screen.type("\x1bxeglot-code-actions\n", pause_s=0)
        screen.wait_for_text("Pick an action")
        screen.press("Tab")
        rows = screen.wait_for_text(FIX)
        return svg(rows, "Emacs 30.2 \u00b7 a finding, no model", screen.cursor())


PICTURES: Mapping[str, tuple[str, Callable[[Place], str]]] = {
    "neovim": ("neovim/ghost-text.svg", neovim),
    "neovim-finding": ("neovim/finding.svg", neovim_finding),
    "helix": ("helix/menu.svg", helix),
    "helix-finding": ("helix/finding.svg", helix_finding),
    "emacs": ("emacs/ghost-text.svg", emacs),
    "emacs-finding": ("emacs/finding.svg", emacs_finding),
}


def main() -> int:
    """Draws the pictures asked for and says where they are."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("scene", nargs="*", metavar="SCENE", help=f"some of: {', '.join(PICTURES)}")
    parser.add_argument("--from", dest="pane", nargs=2, metavar=("PANE", "OUT"), help="a captured pane")
    options = parser.parse_args()
    if options.pane:
        source, out = options.pane
        text = sys.stdin.read() if source == "-" else Path(source).read_text(encoding="utf-8")
        Path(out).write_text(svg(read_rows(text.rstrip("\n")), Path(source).stem), encoding="utf-8")
        return 0
    for name in options.scene or PICTURES:
        path, draw = PICTURES[name]
        with tempfile.TemporaryDirectory(prefix="ai-lsp-", ignore_cleanup_errors=True) as folder:
            tmux = install.ensure("tmux")["tmux"]
            server = Path(sys.executable).with_name("ai-lsp")
            place = Place(Path(folder).resolve(), tmux, server, columns=84, rows=20)
            (REPOSITORY / "editors" / path).write_text(draw(place), encoding="utf-8")
        print(f"editors/{path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
