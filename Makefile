# Every target makes its own virtual environment when there is none.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo test check bench eval fuzz venv clean

venv: $(STAMP)

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $(STAMP)

check: venv
	$(BIN)/ruff format --check ai_lsp tests bench eval scripts
	$(BIN)/ruff check ai_lsp tests bench eval scripts
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python scripts/docs_tables.py --check

demo: venv
	$(BIN)/ai-lsp demo

test: venv
	$(BIN)/pytest

fuzz: venv
	$(BIN)/python -m tests.fuzz --messages 100000

bench: venv
	$(BIN)/python bench/overhead.py --check
	$(BIN)/python bench/fit.py --check
	$(BIN)/python bench/egress.py --check

# Local clones with their history: make eval REPOS="../flask ../gin". Without any, this repository's own commits.
eval: venv
	$(BIN)/python -m eval.lines $(or $(REPOS),.) --typing
	$(BIN)/python -m eval.apply $(or $(REPOS),.)
	$(BIN)/python -m eval.next_edit $(or $(REPOS),.)

clean:
	rm -rf $(VENV) .cache build dist
