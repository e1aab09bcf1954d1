"""What is known of each language: one row each, with its grammar and queries, loaded when first used."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from importlib import import_module
from pathlib import Path

from tree_sitter import Language as Grammar
from tree_sitter import Parser, Query

SECTIONS = ("outline", "quiet", "blocks", "names")
"""The parts of each query file, in this order; each is compiled by itself, so that a key runs only what it needs.

outline: `@definition.<kind>` with `@name`, with `@body` (the signature ends before it) or `@signature` (the
signature ends with it), and `@import`;
quiet: `@string`, `@comment`, `@text` for strings without quotes, `@code` for what is code again inside of them;
blocks: `@block`; names: `@reference`.
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One language. `ids` are LSP language ids and editors' own names for them, `extensions` have their dot.

    `package` and `function` name the grammar; `line_comment` and `block_comment` are None where the language
    has none; `opener` is what ends a line that opens a block, "" where nothing does; `quotes` are the characters
    that open a string which must close on its own line.
    """

    name: str
    ids: tuple[str, ...]
    extensions: tuple[str, ...]
    package: str
    function: str
    line_comment: str | None
    block_comment: tuple[str, str] | None
    opener: str
    is_indented: bool
    quotes: str = "\"'"


_QUERIES = Path(__file__).parent / "queries"
C_STYLE = ("/*", "*/")
XML_STYLE = ("<!--", "-->")

LANGUAGES: tuple[Row, ...] = (
    Row("python", ("python",), (".py", ".pyi", ".pyw"), "tree_sitter_python", "language", "#", None, ":", True),
    Row(
        "javascript", ("javascript", "javascriptreact", "js", "jsx"), (".js", ".mjs", ".cjs", ".jsx"),
        "tree_sitter_javascript", "language", "//", C_STYLE, "{", False,
    ),
    Row(
        "typescript", ("typescript", "ts"), (".ts", ".mts", ".cts"),
        "tree_sitter_typescript", "language_typescript", "//", C_STYLE, "{", False,
    ),
    Row(
        "tsx", ("typescriptreact", "tsx"), (".tsx",),
        "tree_sitter_typescript", "language_tsx", "//", C_STYLE, "{", False,
    ),
    Row("go", ("go",), (".go",), "tree_sitter_go", "language", "//", C_STYLE, "{", False, '"'),  # 'a' is one rune
    Row(
        "rust", ("rust",), (".rs",),
        "tree_sitter_rust", "language", "//", C_STYLE, "{", False, '"',  # 'a is a lifetime
    ),
    Row("java", ("java",), (".java",), "tree_sitter_java", "language", "//", C_STYLE, "{", False),
    Row("c", ("c",), (".c", ".h"), "tree_sitter_c", "language", "//", C_STYLE, "{", False),
    Row(
        "cpp", ("cpp", "c++"), (".cpp", ".cc", ".cxx", ".c++", ".hpp", ".hh", ".hxx", ".ipp"),
        "tree_sitter_cpp", "language", "//", C_STYLE, "{", False, '"',  # 1'000 is a number
    ),
    Row(
        "csharp", ("csharp", "cs"), (".cs", ".csx"),
        "tree_sitter_c_sharp", "language", "//", C_STYLE, "{", False,
    ),
    Row(
        "ruby", ("ruby",), (".rb", ".rake", ".gemspec"),
        "tree_sitter_ruby", "language", "#", ("=begin", "=end"), "", False,  # a block may open after any word
    ),
    Row("php", ("php",), (".php", ".phtml"), "tree_sitter_php", "language_php", "//", C_STYLE, "{", False),
    Row(
        "bash", ("shellscript", "bash", "sh", "zsh"), (".sh", ".bash", ".zsh"),
        "tree_sitter_bash", "language", "#", None, "{", False, "",  # strings go over lines
    ),
    Row("lua", ("lua",), (".lua",), "tree_sitter_lua", "language", "--", ("--[[", "]]"), "", False),
    Row(
        "html", ("html",), (".html", ".htm", ".xhtml"),
        "tree_sitter_html", "language", None, XML_STYLE, ">", False, "",  # an apostrophe in prose opens nothing
    ),
    Row("css", ("css",), (".css",), "tree_sitter_css", "language", None, C_STYLE, "{", False),
    Row(
        "json", ("json", "jsonc"), (".json", ".jsonc"),
        "tree_sitter_json", "language", None, None, "{", False, '"',
    ),
    Row(
        "yaml", ("yaml", "yml"), (".yaml", ".yml"),
        "tree_sitter_yaml", "language", "#", None, ":", True, "",  # an apostrophe in a plain scalar opens nothing
    ),
    Row("toml", ("toml",), (".toml",), "tree_sitter_toml", "language", "#", None, "", False),
    Row(
        "markdown", ("markdown", "md"), (".md", ".markdown"),
        "tree_sitter_markdown", "language", None, XML_STYLE, "", False, "",
    ),
)  # fmt: skip

_BY_ID = {name: row for row in LANGUAGES for name in row.ids}
_BY_EXTENSION = {extension: row for row in LANGUAGES for extension in row.extensions}


def language_of(language_id: str, uri: str = "") -> Row | None:
    """The row of an LSP language id, else of a uri's extension; None for languages without a row."""
    known = _BY_ID.get(language_id.lower())
    if known is not None:
        return known
    name = uri.rsplit("/", 1)[-1].lower()
    return _BY_EXTENSION.get(f".{name.rsplit('.', 1)[-1]}") if "." in name else None


class Syntax:
    """A language's grammar with its queries, each compiled when first asked for."""

    def __init__(self, row: Row) -> None:
        self.row = row
        self.grammar = Grammar(getattr(import_module(row.package), row.function)())

    def parser(self) -> Parser:
        """A parser of its own: parsers hold state and are not shared."""
        return Parser(self.grammar)

    @cached_property
    def outline(self) -> Query:
        return self._compile("outline")

    @cached_property
    def quiet(self) -> Query:
        return self._compile("quiet")

    @cached_property
    def blocks(self) -> Query:
        return self._compile("blocks")

    @cached_property
    def names(self) -> Query:
        return self._compile("names")

    @cached_property
    def errors(self) -> Query:
        """What could not be read, `@error`; the same in every language."""
        return Query(self.grammar, "[(ERROR) (MISSING)] @error")

    def _compile(self, section: str) -> Query:
        return Query(self.grammar, query_sections(self.row)[section])


@cache
def syntax_of(row: Row) -> Syntax:
    """The grammar of a row, imported now and kept. ImportError or ValueError where its wheel is broken."""
    return Syntax(row)


@cache
def query_sections(row: Row) -> dict[str, str]:
    """The text of each section of a row's query file. A section starts with a line `;; name`."""
    text = (_QUERIES / f"{row.name}.scm").read_text(encoding="utf-8")
    _, *parts = ("\n" + text).split("\n;; ")
    sections = dict(part.split("\n", 1) for part in parts)
    if tuple(sections) != SECTIONS:
        raise ValueError(f"queries/{row.name}.scm has the sections {', '.join(sections)}")
    return sections
