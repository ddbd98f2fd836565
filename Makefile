# install demo test check bench pictures: everything else is `acconsole --help`.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: install demo test check bench pictures clean

install: .venv/.dev

.venv/.made:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "acconsole needs Python 3.11 or later: make PYTHON=python3.11")'
	$(PYTHON) -m venv .venv
	touch $@

.venv/.demo: .venv/.made pyproject.toml
	$(PIP) --editable '.[sandbox]'
	touch $@

.venv/.dev: .venv/.made pyproject.toml
	$(PIP) --editable '.[dev]'
	touch $@ .venv/.demo

demo: .venv/.demo
	$(BIN)/acconsole demo

test: .venv/.dev
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal $(ARGS)

check: .venv/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/.dev
	$(BIN)/python -m tests.bench $(ARGS)

pictures: .venv/.dev
	$(BIN)/python -m tests.pictures

clean:
	rm -rf .venv .cache build dist
