# Two commands for a newcomer: `make demo` and `make test`. Each makes .venv and installs what it needs, once.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= python3
BIN := .venv/bin
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: help
help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "lernpfad needs Python >= 3.11, $(PYTHON) is older; try: make PYTHON=python3.11 $(MAKECMDGOALS)" >&2; exit 2; }
	@$(PYTHON) -m venv .venv || { echo "this Python cannot make virtual environments; on Debian: apt install python3-venv" >&2; exit 2; }

.venv/.research: pyproject.toml constraints.txt | .venv/bin/python
	@echo "installing lernpfad and what research needs into .venv (a few minutes, once)"
	@$(PIP_INSTALL) --editable '.[research]'
	@touch $@

.venv/.dev: pyproject.toml constraints.txt | .venv/bin/python
	@echo "installing lernpfad and its development tools into .venv (a few minutes, once)"
	@$(PIP_INSTALL) --editable '.[dev]'
	@touch $@ .venv/.research

.PHONY: install
install: .venv/.dev  ## make .venv with everything, pinned

.PHONY: demo
demo: .venv/.research  ## the whole path on synthetic logs: simulate, train, evaluate, compare policies, export, ask
	@$(BIN)/lernpfad demo

.PHONY: check
check: .venv/.dev  ## ruff, ruff format, mypy --strict, import architecture
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python -m pytest -q tests/test_architecture.py

.PHONY: test
test: check  ## what CI runs: check, then every test, files side by side on up to four processors
	@$(BIN)/python -m pytest -q -n logical --maxprocesses 4 --dist loadfile --nbmake tests notebooks

.PHONY: test-fast
test-fast: .venv/.dev  ## the tests that take seconds
	@$(BIN)/python -m pytest -q -m "not slow and not real_data"

.PHONY: format
format: .venv/.dev  ## let ruff put the code in order
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

.PHONY: ui
ui: .venv/.research  ## browse the runs in MLflow on http://127.0.0.1:5000
	@$(BIN)/mlflow ui --backend-store-uri sqlite:///runs/mlflow.db

.PHONY: constraints
constraints:  ## resolve pyproject.toml under constraints.in anew and write constraints.txt
	@rm -rf .venv-resolve && $(PYTHON) -m venv .venv-resolve
	@.venv-resolve/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.in --editable '.[dev]'
	@.venv-resolve/bin/python -m pip freeze --exclude-editable > .venv-resolve/frozen.txt
	@{ echo "# Written by \`make constraints\` from pyproject.toml and constraints.in; do not edit."; \
	   sed 's/+cpu$$//' .venv-resolve/frozen.txt; } > constraints.txt
	@rm -rf .venv-resolve

.PHONY: clean
clean:  ## remove what runs and builds wrote; .venv stays
	@rm -rf runs outputs multirun dist build .mypy_cache .ruff_cache .pytest_cache data/demo data/synthetic
