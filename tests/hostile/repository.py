"""Hostile repositories as text files: how one is read, and laid out in a folder.

A file begins with what the repository tries. Sections are `-- PATH --`, the path with \\n and \\u202e written as
escapes; in their text {attacker} is a server's URL, {canary} a program that leaves a mark when run, {outside} a
folder beside the repository with private files, and {secret} something that must never leave.
Instructions: `-- @link PATH -> TARGET --`, `-- @fifo PATH --`, `-- @fill PATH BYTES --`, `-- @run PATH --`
(it may be executed), `-- @later PATH --` (written while the server runs). `-- @sent --` is the result: the files
whose completion went to the model.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

_SECTION = re.compile(r"^-- (.+) --\n", re.MULTILINE)


@dataclass(frozen=True)
class Repository:
    """A parsed file: `sections` by heading, in order."""

    preface: str
    sections: dict[str, str]

    @property
    def later(self) -> dict[str, str]:
        return {spelt(name[7:]): text for name, text in self.sections.items() if name.startswith("@later ")}

    @property
    def sent(self) -> str:
        return self.sections.get("@sent", "")


def parse(text: str) -> Repository:
    preface, *rest = _SECTION.split(text)
    return Repository(preface, dict(zip(rest[::2], rest[1::2], strict=True)))


def render(repository: Repository, sent: str) -> str:
    sections = {**{k: v for k, v in repository.sections.items() if k != "@sent"}, "@sent": sent}
    return repository.preface + "".join(f"-- {name} --\n{text}" for name, text in sections.items())


def spelt(path: str) -> str:
    """A path as it is written in a heading, with its escapes resolved."""
    return path.encode("latin-1", "backslashreplace").decode("unicode_escape")


def lay_out(repository: Repository, root: Path, words: dict[str, str]) -> list[Path]:
    """Make the files; returns those that an editor could open, in order."""
    made: list[Path] = []
    for heading, text in repository.sections.items():
        order, _, rest = heading.partition(" ") if heading.startswith("@") else ("", "", heading)
        match order:
            case "" | "@run":
                path = write(root, spelt(rest), text, words)
                if order == "@run":
                    path.chmod(path.stat().st_mode | stat.S_IXUSR)
                made.append(path)
            case "@link":
                name, _, target = rest.partition(" -> ")
                path = root / spelt(name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.symlink_to(filled(spelt(target), words))
                if path.is_file():
                    made.append(path)
            case "@fifo":
                (root / spelt(rest)).parent.mkdir(parents=True, exist_ok=True)
                os.mkfifo(root / spelt(rest))
            case "@fill":
                name, _, size = rest.rpartition(" ")
                line = filled(text, words)
                write(root, spelt(name), line * (int(size) // len(line)), {})
            case "@later" | "@sent":
                pass
            case _:
                raise ValueError(f"no instruction {order}")
    return made


def write(root: Path, name: str, text: str, words: dict[str, str]) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(filled(text, words), encoding="utf-8", newline="")
    return path


def filled(text: str, words: dict[str, str]) -> str:
    for word, value in words.items():
        text = text.replace("{" + word + "}", value)
    return text
