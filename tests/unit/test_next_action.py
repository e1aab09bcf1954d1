"""Which command is the next step after an edit; the edited line is marked with `▮`."""

from __future__ import annotations

import pytest

from ai_lsp.edits.next_action import ROWS, Touched, action

PYPROJECT = '[project]\nname = "x"\ndependencies = [\n  "httpx",\n  "rich>=13",▮\n]\n'
PACKAGE = '{\n  "name": "x",\n  "dependencies": {\n    "vite": "^5.0.0"▮\n  }\n}\n'
RUST = "#[cfg(test)]\nmod tests {\n    #[test]\n    fn adds() {\n        assert_eq!(1, 1);▮\n    }\n}\n"

A = "tests/test_a.py"
POETRY = '[tool.poetry.dependencies]\nrich = "^13"▮\n'
FIELD = "    name = models.TextField()▮\n"

CASES: list[tuple[str, str, str, str, str | None]] = [
    ("pytest", A, "def test_x():\n    assert 1▮\n", "", "python -m pytest tests/test_a.py::test_x"),
    (
        "pytest",
        "tests/test_a.py",
        "class TestA:\n    def test_x(self):\n        assert 1▮\n",
        "",
        "python -m pytest tests/test_a.py::TestA::test_x",
    ),
    ("pytest", "a b/x_test.py", "import os▮\n", "", "python -m pytest 'a b/x_test.py'"),
    (
        "go test",
        "pkg/a_test.go",
        "func TestAdd(t *testing.T) {\n\tt.Log(1)▮\n}\n",
        "",
        "go test ./pkg -run '^TestAdd$'",
    ),
    ("cargo test", "src/a.rs", RUST, "", "cargo test adds"),
    ("cargo test", "src/a.rs", "fn adds() {\n    1▮\n}\n", "", None),
    ("javascript test", "src/a.test.ts", "it('x')▮\n", "vitest.config.ts", "npx vitest run src/a.test.ts"),
    ("javascript test", "src/a.spec.js", "it('x')▮\n", "package.json", "npm test -- src/a.spec.js"),
    ("javascript test", "src/a.spec.js", "it('x')▮\n", "", None),
    ("rspec", "spec/a_spec.rb", "x\nit 'y'▮\n", "", "bundle exec rspec spec/a_spec.rb:2"),
    ("python packages", "pyproject.toml", PYPROJECT, "", "python -m pip install -e ."),
    ("python packages", "pyproject.toml", PYPROJECT, "uv.lock", "uv sync"),
    ("python packages", "pyproject.toml", '[project]\nname = "x"▮\n', "uv.lock", None),
    ("python packages", "pyproject.toml", POETRY, "poetry.lock", "poetry install"),
    ("requirements", "requirements-dev.txt", "rich▮\n", "", "python -m pip install -r requirements-dev.txt"),
    ("node packages", "package.json", PACKAGE, "", "npm install"),
    ("node packages", "web/package.json", PACKAGE, "pnpm-lock.yaml", "pnpm install"),
    ("node packages", "package.json", '{\n  "version": "2"▮\n}\n', "", None),
    ("go modules", "go.mod", "require (\n\tgithub.com/a/b v1.2.3▮\n)\n", "", "go mod tidy"),
    ("cargo packages", "Cargo.toml", '[dependencies]\nserde = "1"▮\n', "", "cargo check"),
    ("cargo packages", "Cargo.toml", '[package]\nname = "x"▮\n', "", None),
    ("gems", "Gemfile", "gem 'rack'▮\n", "", "bundle install"),
    ("go generate", "api/a.go", "//go:generate stringer -type=Kind▮\n", "", "go generate ./api"),
    ("protobuf", "api/a.proto", "string name = 1;▮\n", "buf.gen.yaml", "buf generate"),
    ("protobuf", "api/a.proto", "string name = 1;▮\n", "", None),
    ("prisma", "prisma/schema.prisma", "model User {▮\n", "", "npx prisma generate"),
    ("graphql", "a.graphql", "type A {▮\n", "codegen.yml", "npx graphql-codegen"),
    ("sqlc", "db/a.sql", "select 1;▮\n", "sqlc.yaml", "sqlc generate"),
    ("django", "shop/models.py", FIELD, "manage.py", "python manage.py makemigrations"),
    ("make", "Makefile", "docs: a.md\n\tpandoc a.md▮\n", "", "make docs"),
    ("make", "Makefile", "CC := gcc▮\n", "", None),
    ("", "src/a.py", "x = 1▮\n", "", None),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "path", "text", "beside", "command"), CASES)
def test_the_command_after_an_edit(kind: str, path: str, text: str, beside: str, command: str | None) -> None:
    line = text[: text.index("▮")].count("\n")
    lines = text.replace("▮", "").split("\n")
    found = action(Touched(path, lines, line, line, frozenset({beside} - {""})))
    assert (found.command if found else None) == command


def test_every_row_has_a_case() -> None:
    assert {row.name for row in ROWS} <= {kind for kind, *_, command in CASES if command}
