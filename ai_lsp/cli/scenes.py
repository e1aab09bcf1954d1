"""Which real lines the demo types again: a few of a function's lines, cut out of a copy of the workspace."""

from __future__ import annotations

import os
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LANGUAGES = {
    ".c": "c",
    ".cc": "cpp",
    ".cpp": "cpp",
    ".cs": "csharp",
    ".go": "go",
    ".h": "c",
    ".hpp": "cpp",
    ".java": "java",
    ".js": "javascript",
    ".jsx": "javascriptreact",
    ".kt": "kotlin",
    ".lua": "lua",
    ".php": "php",
    ".py": "python",
    ".rb": "ruby",
    ".rs": "rust",
    ".scala": "scala",
    ".swift": "swift",
    ".ts": "typescript",
    ".tsx": "typescriptreact",
}
SKIPPED = frozenset({"node_modules", "__pycache__", "venv", "build", "dist", "target", "vendor", "site-packages"})
MAX_FILES, MAX_FILE_BYTES, MAX_BYTES = 2_000, 200_000, 20_000_000
MAX_WIDTH = 76  # columns of a line to type: a narrow terminal shows it whole
SIZES = (5, 4, 3)  # lines of a scene, the best first

_FUNCTION = re.compile(r"^\s*(async\s+def|def|fn|func|function|pub\s+fn)\b|\)[^;=]*\{\s*$")
_COMMENT = re.compile(r"^\s*(#|//|/\*|\*|--|\"\"\"|''')|\"\"\"|'''")
_WORD = re.compile(r"[A-Za-z_]\w{2,}")


@dataclass(frozen=True, slots=True)
class Scene:
    """A hole in a file and what stood there.

    `text` is the file without it, `cursor` the offset of the hole, behind the first line's indentation, and
    `target` what is to be typed, from the cursor to the end of the last removed line.
    """

    path: str
    language_id: str
    text: str
    cursor: int
    target: str


def source_files(root: Path) -> Iterator[Path]:
    """Source files under `root`, or `root` itself, in a fixed order; hidden and built folders are left out."""
    if root.is_file():
        yield root
        return
    found = 0
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in SKIPPED and not name.startswith("."))
        for name in sorted(names):
            path = Path(folder, name)
            if path.suffix in LANGUAGES and not path.is_symlink() and path.stat().st_size <= MAX_FILE_BYTES:
                yield path
                found += 1
                if found >= MAX_FILES:
                    return


def copy_with_holes(root: Path, into: Path, count: int) -> list[Scene]:
    """Copies the sources of `root` to `into`, without the lines of up to `count` scenes, and returns these.

    The server never sees the removed lines: neither on disk nor in an edit. OSError where a file is unreadable.
    """
    base = root.parent if root.is_file() else root
    into.mkdir(parents=True, exist_ok=True)
    texts: dict[str, str] = {}
    size = 0
    for path in source_files(root):
        try:
            text = path.read_bytes().decode("utf-8")
        except UnicodeDecodeError:
            continue
        size += len(text)
        if size > MAX_BYTES:
            break
        texts[path.relative_to(base).as_posix()] = text
    scenes = choose(texts, count)
    for scene in scenes:
        texts[scene.path] = scene.text
    for name, text in texts.items():
        target = into / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode("utf-8"))
    return scenes


def choose(texts: dict[str, str], count: int) -> list[Scene]:
    """One scene a file, from `count` files in an order that is arbitrary but always the same."""
    order = sorted(texts, key=lambda name: (_is_odd_size(texts[name]), zlib.crc32(name.encode())))
    scenes: list[Scene] = []
    for name in order:
        if len(scenes) == count:
            break
        if (scene := best_scene(name, texts[name])) is not None:
            scenes.append(scene)
    return scenes


def _is_odd_size(text: str) -> bool:
    return not 2_000 <= len(text) <= 60_000


def best_scene(name: str, text: str) -> Scene | None:
    """The lines in a function whose words occur most elsewhere in the file: the middle of a piece of work."""
    lines = text.split("\n")
    words = Counter(_WORD.findall(text))
    best: tuple[float, int, int] | None = None
    for start, size in _candidates(_without_prose(lines)):
        inside = Counter(_WORD.findall("\n".join(lines[start : start + size])))
        known = sum(count for word, count in inside.items() if words[word] > count)
        score = known / max(1, inside.total()) + size / 100
        if inside.total() >= 2 * size and (best is None or score > best[0]):
            best = (score, start, size)
    if best is None:
        return None
    _, start, size = best
    chunk = "\n".join(lines[start : start + size]).removesuffix("\r")
    indent = chunk[: len(chunk) - len(chunk.lstrip())]
    offset = sum(len(line) + 1 for line in lines[:start])
    rest = text[offset + len(chunk) :]
    language = LANGUAGES.get(Path(name).suffix, "plaintext")
    return Scene(name, language, text[:offset] + indent + rest, offset + len(indent), chunk[len(indent) :])


def _candidates(lines: list[str]) -> Iterator[tuple[int, int]]:
    """Starts and sizes of runs of plain code lines in functions' bodies, never a body's whole text."""
    for header, end in bodies(lines):
        for start in range(header + 2, end):
            for size in SIZES:
                run = lines[start : start + size]
                if start + size <= end and all(_is_typed(line) for line in run):
                    yield start, size
                    break


def bodies(lines: list[str]) -> Iterator[tuple[int, int]]:
    """Functions as the line of their head and the line after their body, by indentation."""
    for header, line in enumerate(lines):
        if not _FUNCTION.search(line):
            continue
        depth = _depth(line)
        end = header + 1
        while end < len(lines) and (not lines[end].strip() or _depth(lines[end]) > depth):
            end += 1
        yield header, end


def _without_prose(lines: list[str]) -> list[str]:
    """The same lines, with those of a Python docstring marked as comments."""
    out, inside = [], False
    for line in lines:
        out.append("#" + line if inside else line)
        inside ^= (line.count('"""') + line.count("'''")) % 2 == 1
    return out


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())


def _is_typed(line: str) -> bool:
    return bool(line.strip()) and len(line) <= MAX_WIDTH and line.isascii() and not _COMMENT.search(line)
