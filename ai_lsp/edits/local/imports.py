"""Imports that follow from an edit: of a name that came in and is not known here, or whose last use went away."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ai_lsp.edits.local.examples import Example
from ai_lsp.edits.local.index import Index
from ai_lsp.edits.local.tokens import KEYWORDS, is_comment, is_name, whole
from ai_lsp.edits.local.view import View, defined, is_import

MOST_FILES = 30  # in which it is looked how a name is imported
MOST_NAMES = 6
_SHORTEST = 3
_GO_PATH = re.compile(r'^\s*(?:(\w+)\s+)?"([^"]+)"$')
_LIST = re.compile(
    r"^(\s*(?:from\s+\S+\s+import|import(?:\s+type)?|use\s+[\w:]+::)\s*[({]?\s*)([\w\s,$]+?)"
    r"(\s*(?:[)}].*|;|#.*|//.*)?)$"
)
"""An import with its list of names: what comes before it, the names, what follows."""

_BOUND = re.compile(
    r"\s*(?:from\s+\S+\s+import\s+(?P<names>.*)|import\s+(?:static\s+|type\s+)?(?P<whole>.*?)(?:\s+from\b.*|;?\s*$)|"
    r"(?:const|let|var)\s+(?P<one>.*?)=\s*require\(.*|(?:pub\s+)?use\s+(?:[\w]+::)*(?P<path>[\w{}, ]+);?\s*$)"
)
_RELATIVE = re.compile(r"(?:from\s+|require\(\s*|import\s+)['\"]?\.{1,2}(?:/|['\"]|\w|\s)|#\s*include\s+\"")


@dataclass(frozen=True, slots=True)
class ImportEdit:
    """Lines `[line, line + count)` of a document become `new`; `files` is in how many files it is imported so."""

    uri: str
    line: int
    count: int
    new: tuple[str, ...]
    name: str
    files: int


def import_edits(examples: Sequence[Example], index: Index, is_late: Callable[[], bool]) -> Iterator[ImportEdit]:
    """The imports that the latest edits lack or leave over, by document."""
    for example in examples[:2]:
        view = index.view(example.uri)
        old = {w for line in example.old if not is_import(line) for w in _free(line)}
        new = {w for line in example.new if not is_import(line) for w in _free(line)}
        for name in sorted(new - old)[:MOST_NAMES]:
            if len(name) >= _SHORTEST and not is_late() and not _is_known(view, name, example):
                yield from _missing(name, example, view, index)
        for name in sorted(old - new)[:MOST_NAMES]:
            yield from _left_over(name, example.uri, view)


def _free(line: str) -> list[str]:
    """The names in a line that must come from somewhere: not in words, and no part of something else."""
    if is_comment(line):
        return []
    out, before = [], ""
    for token, _, end in whole(line):
        if token in ("//", "/*") or (token == "#" and line[end : end + 1] == " "):
            break
        if is_name(token) and before not in (".", "->", "?."):
            out.append(token)
        before = token
    return out


def _is_known(view: View, name: str, example: Example) -> bool:
    """Whether a document declares or imports a name, or used it before the edit."""
    own = range(example.at, example.at + len(example.new))
    for number in view.on(name):
        line = view.lines[number]
        if number not in own or name in defined(line) or is_import(line):
            return True
    return False


def _missing(name: str, example: Example, view: View, index: Index) -> Iterator[ImportEdit]:
    ending = index.path(example.uri).rsplit(".", 1)[-1]
    folder = index.path(example.uri).rsplit("/", 1)[0]
    found: dict[str, int] = {}
    files = [f for f in index.files_with(name) if f.rsplit(".", 1)[-1] == ending][:MOST_FILES]
    for file in (*files, *(u for u in index.open if u != example.uri and index.path(u).endswith(ending))):
        other = index.view(file)
        is_near = index.path(file).rsplit("/", 1)[0] == folder
        for number in other.on(name):
            line = other.lines[number]
            if not _brings(line, name) or (not is_near and _RELATIVE.search(line)):
                continue
            alone = _alone(line, name)
            if alone is not None:
                found[alone] = found.get(alone, 0) + 1
    if found:
        line, count = max(found.items(), key=lambda pair: (pair[1], pair[0]))
        yield from _placed(line, count, name, example.uri, view)


def _brings(line: str, name: str) -> bool:
    if (go := _GO_PATH.match(line)) is not None:
        return name == (go[1] or go[2].rsplit("/", 1)[-1])
    found = _BOUND.match(line)
    return found is not None and name in _free(
        found["names"] or found["whole"] or found["one"] or found["path"] or ""
    )


def _alone(line: str, name: str) -> str | None:
    """An import line that brings in this name and no other; None where it is one of several lines."""
    if line.count("(") != line.count(")") or line.count("{") != line.count("}"):
        return None
    found = _LIST.match(line)
    if found is None or "," not in found[2]:
        return line
    return found[1] + name + found[3] if name in [x.strip() for x in found[2].split(",")] else None


def _placed(line: str, count: int, name: str, uri: str, view: View) -> Iterator[ImportEdit]:
    """In the list of the same import where there is one, else among the imports in their order."""
    head = _LIST.match(line)
    first, last, above = -1, -1, -1
    is_go = _GO_PATH.match(line) is not None
    for number, other in enumerate(view.lines[:300]):
        if is_go and (_GO_PATH.match(other) is not None):
            first, last = (number if first < 0 else first), number
            above = number if other.strip().strip('"') < line.strip().strip('"') else above
        elif not is_go and is_import(other):
            theirs = _LIST.match(other)
            if head is not None and theirs is not None and _same_source(head, theirs):
                listed = [x.strip() for x in theirs[2].split(",") if x.strip()]
                is_sorted = listed == sorted(listed)
                joined = sorted([*listed, name]) if is_sorted else [*listed, name]
                yield ImportEdit(uri, number, 1, (theirs[1] + ", ".join(joined) + theirs[3],), name, count)
                return
            last = number
            if other.split(" ")[0] == line.split(" ")[0]:
                first = number if first < 0 else first
                above = number if other < line else above
    if last >= 0:
        at = above + 1 if above >= 0 else first if first >= 0 else last + 1
        yield ImportEdit(uri, at, 0, (line,), name, count)


def _same_source(a: re.Match[str], b: re.Match[str]) -> bool:
    return bool(
        a[1].strip() == b[1].strip() and a[3].strip() == b[3].strip() and (a[3].strip() or "from" in a[1])
    )


def _left_over(name: str, uri: str, view: View) -> Iterator[ImportEdit]:
    """The import of a name that stands nowhere else any more."""
    numbers = view.on(name)
    if len(numbers) != 1 or len(name) < _SHORTEST or name in KEYWORDS:
        return
    number = numbers[0]
    line = view.lines[number]
    if not _brings(line, name):
        return
    found = _LIST.match(line)
    if found is None or "," not in found[2]:
        yield ImportEdit(uri, number, 1, (), name, 0)
        return
    listed = [x.strip() for x in found[2].split(",")]
    if name in listed:
        kept = ", ".join(x for x in listed if x != name)
        yield ImportEdit(uri, number, 1, (found[1] + kept + found[3],), name, 0)
