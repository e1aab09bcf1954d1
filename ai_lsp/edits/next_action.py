"""The command that an edit makes the obvious next step: shown and copied, never run. One row for each kind."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass

NEAR = 400
"""Lines above an edit in which its test, section or rule is looked for."""


@dataclass(frozen=True, slots=True)
class Touched:
    """An edited file: its path within the workspace, its lines now, the edited ones among them, and the names of
    the files in the workspace's folder."""

    path: str
    lines: Sequence[str]
    first: int
    last: int
    beside: frozenset[str] = frozenset()

    @property
    def folder(self) -> str:
        """Its folder as Go writes it."""
        inner = posixpath.dirname(self.path)
        return f"./{inner}" if inner else "."

    @property
    def quoted(self) -> str:
        """Its path for a shell."""
        return shlex.quote(self.path)

    def above(self, pattern: str) -> re.Match[str] | None:
        """The nearest line, from the edit's last one upwards, where a pattern is found."""
        for number in range(self.last, max(-1, self.last - NEAR), -1):
            if found := re.search(pattern, self.lines[number] if number < len(self.lines) else ""):
                return found
        return None

    def first_of(self, *rows: tuple[str, str]) -> str | None:
        """The command of the first file that lies beside; "" is there always."""
        return next((command for name, command in rows if not name or name in self.beside), None)


Command = Callable[[Touched], str | None]


@dataclass(frozen=True, slots=True)
class Row:
    """One kind. `files` is searched in the path, `lines` in the edited lines; `command` may still say no."""

    name: str
    files: str
    why: str
    command: Command
    lines: str = r"\S"


@dataclass(frozen=True, slots=True)
class Action:
    """A command and why it is due."""

    command: str
    why: str


def _pytest(touched: Touched) -> str | None:
    test = touched.above(r"^(\s*)(?:async )?def (test\w*)\(")
    if test is None:
        return f"python -m pytest {touched.quoted}"
    holder = touched.above(r"^class (Test\w*)") if test[1] else None
    names = [each for each in (holder[1] if holder else "", test[2]) if each]
    return f"python -m pytest {'::'.join([touched.quoted, *names])}"


def _requirements(touched: Touched) -> str:
    return f"python -m pip install -r {touched.quoted}"


def _go_test(touched: Touched) -> str:
    test = touched.above(r"^func ((?:Test|Benchmark|Fuzz|Example)\w*)\(")
    only = f" -run '^{test[1]}$'" if test and not test[1].startswith("Benchmark") else ""
    return f"go test {shlex.quote(touched.folder)}{only}"


def _cargo_test(touched: Touched) -> str | None:
    test = touched.above(r"^\s*(?:pub )?(?:async )?fn (\w+)")
    if test is None:
        return None
    at = next(n for n in range(touched.last, -1, -1) if re.search(rf"\bfn {test[1]}\b", touched.lines[n]))
    marks = touched.lines[max(0, at - 4) : at]
    return f"cargo test {test[1]}" if any(re.search(r"#\[(?:\w+::)*test\b", line) for line in marks) else None


def _javascript_test(touched: Touched) -> str | None:
    runners = (
        ("vitest.config", f"npx vitest run {touched.quoted}"),
        ("jest.config", f"npx jest {touched.quoted}"),
    )
    for start, command in runners:
        if any(name.startswith(start) for name in touched.beside):
            return command
    return f"npm test -- {touched.quoted}" if "package.json" in touched.beside else None


def _python_packages(touched: Touched) -> str | None:
    section = touched.above(r"^\[([^\[\]]+)\]")
    name = section[1] if section else ""
    listed = touched.above(r"^\s*[\w-]*dependencies\s*=\s*\[|^\s*[\w-]+\s*=\s*(?!\[)|^\[")
    is_list = listed is not None and "dependencies" in listed[0]
    if "dependenc" not in name and name != "dependency-groups" and not (name == "project" and is_list):
        return None
    return touched.first_of(
        ("uv.lock", "uv sync"), ("poetry.lock", "poetry install"), ("pdm.lock", "pdm install"),
        ("", "python -m pip install -e ."),
    )  # fmt: skip


def _node_packages(touched: Touched) -> str | None:
    section = touched.above(r'"(\w+)"\s*:\s*\{')
    if section is None or not section[1].lower().endswith("dependencies"):
        return None
    return touched.first_of(
        ("pnpm-lock.yaml", "pnpm install"), ("yarn.lock", "yarn install"), ("bun.lock", "bun install"),
        ("", "npm install"),
    )  # fmt: skip


def _cargo_packages(touched: Touched) -> str | None:
    section = touched.above(r"^\[([^\[\]]+)\]")
    return "cargo check" if section is not None and "dependencies" in section[1] else None


def _make(touched: Touched) -> str | None:
    rule = touched.above(r"^([A-Za-z0-9][\w./-]*)\s*:(?!=)")
    return f"make {shlex.quote(rule[1])}" if rule else None


def _where(name: str, command: str) -> Command:
    """The command where a file of that name lies in the workspace's folder, whatever its suffix."""
    return lambda touched: command if any(each.split(".")[0] == name for each in touched.beside) else None


def _with(name: str, command: str) -> Command:
    return lambda touched: command if name in touched.beside else None


TEST, NEED, MAKE = "you changed a test", "you changed what is needed", "you changed what is generated from"

ROWS: tuple[Row, ...] = (
    Row("pytest", r"(^|/)(test_[^/]+|[^/]+_test)\.py$", TEST, _pytest),
    Row("go test", r"_test\.go$", TEST, _go_test),
    Row("cargo test", r"\.rs$", TEST, _cargo_test),
    Row("javascript test", r"\.(test|spec)\.[cm]?[jt]sx?$", TEST, _javascript_test),
    Row("rspec", r"_spec\.rb$", TEST, lambda t: f"bundle exec rspec {shlex.quote(f'{t.path}:{t.first + 1}')}"),
    Row("python packages", r"(^|/)pyproject\.toml$", NEED, _python_packages, r"[\"']"),
    Row("requirements", r"(^|/)requirements[^/]*\.txt$", NEED, _requirements, r"^\s*\w"),
    Row("node packages", r"(^|/)package\.json$", NEED, _node_packages, r'^\s*"[^"]+"\s*:\s*"'),
    Row("go modules", r"(^|/)go\.mod$", NEED, lambda t: "go mod tidy", r"\sv\d|^\s*(require|replace)\b"),
    Row("cargo packages", r"(^|/)Cargo\.toml$", NEED, _cargo_packages, r"="),
    Row("gems", r"(^|/)Gemfile$", NEED, lambda t: "bundle install", r"^\s*gem\b"),
    Row("go generate", r"\.go$", MAKE, lambda t: f"go generate {shlex.quote(t.folder)}", r"^//go:generate\b"),
    Row("protobuf", r"\.proto$", MAKE, _with("buf.gen.yaml", "buf generate")),
    Row("prisma", r"\.prisma$", MAKE, lambda t: "npx prisma generate"),
    Row("graphql", r"\.(graphql|gql)$", MAKE, _where("codegen", "npx graphql-codegen")),
    Row("sqlc", r"\.sql$", MAKE, _where("sqlc", "sqlc generate")),
    Row(
        "django", r"(^|/)models(/[^/]+)?\.py$", MAKE, _with("manage.py", "python manage.py makemigrations"),
        r"\bmodels\.\w+",
    ),
    Row("make", r"(^|/)(GNUm|M|m)akefile$", "you changed this rule", _make),
)  # fmt: skip


def action(touched: Touched) -> Action | None:
    """The command that is due after an edit; None where none is obvious."""
    edited = touched.lines[touched.first : touched.last + 1]
    for row in ROWS:
        if re.search(row.files, touched.path) and any(re.search(row.lines, line) for line in edited):
            command = row.command(touched)
            if command is not None:
                return Action(command, row.why)
    return None
