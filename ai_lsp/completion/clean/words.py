"""What each language's lines say about its blocks: which words close one, go on with one, or leave one."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

_NEVER = re.compile(r"(?!)")
_CLAUSES = re.compile(
    r"\s*(?:else|elif|elsif|elseif|except|catch|finally|case|default|when|rescue|ensure|in|then)\b|\s*\|"
)


@dataclass(frozen=True, slots=True)
class Words:
    """One language's way with blocks.

    `closers` are words that close a block, beside brackets; `openers` matches lines that open one without a
    bracket; `leaving` a statement after which nothing of its block runs, `hoisted` what may stand behind it all
    the same. `ends_in_semicolon`: without one a statement goes on. `is_prose`: indentation means nothing.
    `dollars`: `$1` and `${…}` are the language's own.
    """

    closers: frozenset[str] = frozenset()
    openers: re.Pattern[str] = _NEVER
    leaving: re.Pattern[str] = _NEVER
    clauses: re.Pattern[str] = _CLAUSES
    comment: tuple[str, ...] = ("//", "/*", "*")
    ends_in_semicolon: bool = False
    is_indented: bool = False
    is_prose: bool = False
    dollars: bool = False
    hoisted: re.Pattern[str] = field(default=_NEVER)


def _leaving(words: str) -> re.Pattern[str]:
    return re.compile(rf"\s*(?:{words})(?![\w.(:]|\s*[=:]|\s+\w+\s*=[^=])")


_HEADS = re.compile(r"\s*(?:if|for|while|switch|else|do|try|foreach)\b.*\)\s*$")
_C = Words(
    leaving=re.compile(r"\s*(?:return|break|continue|goto|throw)\b"), ends_in_semicolon=True, openers=_HEADS
)
_JS = replace(
    _C,
    leaving=_leaving("return|break|continue|throw"),
    ends_in_semicolon=False,
    hoisted=re.compile(r"\s*(?:async\s+)?(?:function|class)\b"),
)
_PROSE = Words(is_prose=True, comment=())
_RUBY = Words(
    closers=frozenset({"end"}),
    openers=re.compile(
        r"\s*(?:(?:private |protected |public )?def|class|module|if|unless|while|until|for|case|begin)\b"
        r"(?!.*\bend\s*$)"
        r"|.*\bdo(?:\s*\|[^|]*\|)?\s*$"
    ),
    leaving=re.compile(r"\s*(?:return|raise|break|next|redo|retry)\b(?!.*\s(?:if|unless|while|until)\s)"),
    comment=("#",),
)
_LUA = Words(
    closers=frozenset({"end", "until"}),
    openers=re.compile(r"\s*(?:local\s+)?function\b|.*\b(?:then|do|repeat|function\s*\([^)]*\))\s*$"),
    leaving=_leaving("return|break|goto"),
    comment=("--",),
)
_SHELL = Words(
    closers=frozenset({"fi", "done", "esac", ";;"}),
    openers=re.compile(r".*\b(?:then|do|in)\s*$"),
    leaving=re.compile(r"\s*(?:return|exit|break|continue)(?:\s+[\w\"'$?{}]+)?\s*$"),
    comment=("#",),
    dollars=True,
)
_PYTHON = Words(
    leaving=_leaving("return|raise|break|continue"),
    clauses=re.compile(r"\s*(?:else|elif|except|finally|case)\b"),
    comment=("#",),
    is_indented=True,
)

_ROWS: dict[tuple[str, ...], Words] = {
    ("python",): _PYTHON,
    ("yaml", "yml", "dockercompose"): Words(is_indented=True, clauses=_NEVER, comment=("#",)),
    ("javascript", "javascriptreact", "typescript", "typescriptreact", "js", "jsx", "ts", "tsx"): _JS,
    ("vue", "svelte", "astro"): _JS,
    ("go",): replace(_C, ends_in_semicolon=False, leaving=_leaving("return|break|continue|goto")),
    ("rust", "c", "cpp", "c++", "java", "csharp", "cs", "objective-c", "d", "zig"): _C,
    ("php",): replace(_C, dollars=True),
    ("kotlin", "swift", "scala", "dart"): replace(
        _C, ends_in_semicolon=False, leaving=_leaving("return|break|continue|throw")
    ),
    ("ruby", "crystal", "elixir"): _RUBY,
    ("lua",): _LUA,
    ("shellscript", "bash", "sh", "zsh", "makefile"): _SHELL,
    ("perl", "powershell", "awk"): replace(_C, dollars=True, comment=("#",)),
    ("toml", "ini", "sql", "dockerfile"): Words(comment=("#", "--"), is_prose=True),
    ("html", "xml", "css", "scss", "less", "json", "jsonc"): Words(comment=("<!--", "/*")),
    (
        "markdown", "md", "plaintext", "text", "latex", "tex", "restructuredtext", "asciidoc", "git-commit",
        "gitcommit", "csv", "log", "diff", "",
    ): _PROSE,
}  # fmt: skip
"""By LSP language id; other languages are taken for C-like ones whose statements need no semicolon."""

_OTHER = Words()
_BY_ID = {id: words for ids, words in _ROWS.items() for id in ids}


def words_of(language_id: str) -> Words:
    """The row of a language id."""
    return _BY_ID.get(language_id.lower(), _OTHER)
