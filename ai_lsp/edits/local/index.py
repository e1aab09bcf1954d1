"""The workspace as the engine sees it: which files hold a word, and their lines, open documents first.

Only words and the files they stand in are kept of files that are not open; their lines are read when asked for.
"""

from __future__ import annotations

import os
from array import array
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ai_lsp.context.languages import language_of
from ai_lsp.context.workspace_files import WorkspaceFiles, read_source
from ai_lsp.edits.local.scopes import Scopes
from ai_lsp.edits.local.texts import OpenText
from ai_lsp.edits.local.tokens import WORD
from ai_lsp.edits.local.tree import LiveTree
from ai_lsp.edits.local.view import View
from ai_lsp.text.document import split_lines

_CACHED_LINES = 400_000  # lines of closed files kept for the next question
_FILE_SCOPES = 60  # closed files whose trees are kept
_FILE_S = 0.03  # in which one is parsed, or told by the looks of its lines
_WORDS_PER_FILE = 20_000
_MOST_DEAD = 0.3  # share of postings that may belong to older versions of files


class Index:
    """Words to files, and lines of files. Documents are named by their uri, closed files by theirs too.

    `read` gives a closed file's text, None where it may not or cannot be read.
    """

    def __init__(self, read: Callable[[str], str | None] = read_source) -> None:
        self._read = read
        self.open: dict[str, OpenText] = {}
        self._open_paths: dict[str, str] = {}
        self._postings: dict[str, array[int]] = {}
        self._paths: list[str | None] = []  # by number; None where a newer version has taken over
        self._numbers: dict[str, int] = {}
        self._sizes: dict[int, int] = {}
        self._live = self._dead = 0
        self._cache: OrderedDict[str, tuple[tuple[int, int], View]] = OrderedDict()
        self._cached = 0
        self._views: dict[str, tuple[int, View]] = {}
        self._scopes: dict[str, tuple[int, Scopes | None]] = {}
        self._file_scopes: dict[str, tuple[View, Scopes | None]] = {}

    @property
    def files(self) -> int:
        """How many files are indexed."""
        return len(self._numbers)

    # Open documents

    def opened(self, text: OpenText) -> None:
        """A document's text counts in place of its file."""
        self.open[text.uri] = text
        self._views.pop(text.uri, None)
        self._scopes.pop(text.uri, None)
        if text.path is not None:
            self._open_paths[text.path] = text.uri

    def closed(self, uri: str) -> None:
        """The file counts again."""
        text = self.open.pop(uri, None)
        self._views.pop(uri, None)
        self._scopes.pop(uri, None)
        if text is not None and text.path is not None:
            self._open_paths.pop(text.path, None)

    # Files

    def add(self, path: str, text: str) -> None:
        """Take a file's words in; an older version of it is forgotten."""
        self.forget(path)
        number = len(self._paths)
        self._paths.append(path)
        self._numbers[path] = number
        words = set(WORD.findall(text))
        if len(words) > _WORDS_PER_FILE:
            words = set(sorted(words)[:_WORDS_PER_FILE])
        postings = self._postings
        for word in words:
            known = postings.get(word)
            if known is None:
                postings[word] = array("I", (number,))
            else:
                known.append(number)
        self._sizes[number] = len(words)
        self._live += len(words)

    def forget(self, path: str) -> None:
        """A file is gone, or another version of it is about to be added."""
        number = self._numbers.pop(path, None)
        if number is not None:
            self._paths[number] = None
            size = self._sizes.pop(number)
            self._live -= size
            self._dead += size
            if self._dead > 50_000 and self._dead > _MOST_DEAD * (self._live + self._dead):
                self._sweep()
        if (known := self._cache.pop(path, None)) is not None:
            self._cached -= len(known[1].lines)

    def clear(self) -> None:
        """Forget every file; open documents stay."""
        self._postings.clear()
        self._paths.clear()
        self._numbers.clear()
        self._sizes.clear()
        self._cache.clear()
        self._live = self._dead = self._cached = 0

    def _sweep(self) -> None:
        """Take out what belongs to older versions, and number the files anew."""
        moved = {number: place for place, number in enumerate(self._numbers.values())}
        for word in list(self._postings):
            kept = array("I", (moved[n] for n in self._postings[word] if n in moved))
            if kept:
                self._postings[word] = kept
            else:
                del self._postings[word]
        self._paths = list(self._numbers)
        self._sizes = {moved[n]: size for n, size in self._sizes.items()}
        self._numbers = {path: n for n, path in enumerate(self._numbers)}
        self._dead = 0

    # Questions

    def spread(self, word: str) -> int:
        """In how many files a word stands, open documents at their saved state."""
        return len(self._postings.get(word, ()))

    def words_like(self, part: str, most: int) -> list[str]:
        """Known words that contain a part, up to `most`."""
        found = []
        for word in self._postings:
            if part in word:
                found.append(word)
                if len(found) >= most:
                    break
        return found

    def files_with(self, word: str) -> Iterator[str]:
        """Paths of closed files that hold a word."""
        for number in self._postings.get(word, ()):
            path = self._paths[number]
            if path is not None and path not in self._open_paths:
                yield path

    def view(self, name: str) -> View:
        """The lines of an open document, by uri, or of a closed file, by path; none where it cannot be read."""
        text = self.open.get(name)
        if text is not None:
            version, view = self._views.get(name, (-1, None))
            if view is None or version != text.version or view.lines is not text.lines:
                view = View(text.lines, text.chunks)
                self._views[name] = text.version, view
            return view
        stamp = _stamp(name)
        known = self._cache.get(name)
        if known is not None and known[0] == stamp:
            self._cache.move_to_end(name)
            return known[1]
        if known is not None:
            del self._cache[name]
            self._cached -= len(known[1].lines)
        read = self._read(name)
        view = View([line.rstrip("\r\n") for line in split_lines(read)] if read is not None else [])
        self._cache[name] = stamp, view
        self._cached += len(view.lines)
        while self._cached > _CACHED_LINES and len(self._cache) > 1:
            _, (_, gone) = self._cache.popitem(last=False)
            self._cached -= len(gone.lines)
        return view

    def scopes(self, uri: str) -> Scopes | None:
        """The scopes of an open document as it is now; None where they are not known."""
        text = self.open.get(uri)
        if text is None:
            return None
        version, known = self._scopes.get(uri, (-1, None))
        if version != text.version:
            root = text.tree.root(text.lines)
            row = language_of(text.language_id, text.uri)
            known = None if root is None or row is None else Scopes(root, self.view(uri), row.name)
            self._scopes[uri] = text.version, known
        return known

    def scopes_of_file(self, path: str) -> Scopes | None:
        """The scopes of a file that is not open; None where they are not known."""
        view = self.view(path)
        known = self._file_scopes.get(path)
        if known is None or known[0] is not view:
            row = language_of("", path)
            root = LiveTree("", path).root(view.lines, _FILE_S)
            known = view, None if root is None or row is None else Scopes(root, view, row.name)
            self._file_scopes[path] = known
            if len(self._file_scopes) > _FILE_SCOPES:
                del self._file_scopes[next(iter(self._file_scopes))]
        return known[1]

    def lines(self, name: str) -> Sequence[str]:
        """The lines of `view`."""
        return self.view(name).lines

    def uri(self, name: str) -> str:
        """The uri of a document or a path."""
        return name if name in self.open else Path(name).as_uri()

    def path(self, name: str) -> str:
        """The path of a document or a path; a document without one goes by its uri."""
        text = self.open.get(name)
        return name if text is None else text.path or text.uri


def _stamp(path: str) -> tuple[int, int]:
    """What changes when a file does; the same for all that are not there."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return 0, 0
    return found.st_mtime_ns, found.st_size


def fill(index: Index, rules: Sequence[WorkspaceFiles], most: int) -> Iterator[None]:
    """Take all files of some folders in, a little at each step."""
    for one in rules:
        for count, file in enumerate(one.walk(most)):
            text = read_source(file.path)
            if text is not None:
                index.add(file.path, text)
                yield
            elif count % 20 == 0:
                yield
