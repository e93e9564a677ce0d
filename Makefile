# Needs Python 3.11 or later and make. Everything else goes into .venv.
PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
COMPILE := $(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --no-strip-extras --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-header

.PHONY: run test check audit lint bench faults mutate golden lock clean

run: .venv/ready
	@PORT=$(PORT) $(BIN)/parley demo tests/cases/japan-us-2025.ndjson

test: .venv/ready
	$(BIN)/pytest -n auto --cov --cov-report=term:skip-covered --cov-fail-under=95
	$(BIN)/coverage report --include='domain/*' --fail-under=100 --skip-covered

check: lint test audit

audit: .venv/ready
	@$(BIN)/python tests/dependencies.py

lint: .venv/ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/ready
	$(BIN)/python tests/bench/bench.py

faults: .venv/ready
	$(BIN)/python -m tests.faults

mutate: .venv/ready
	$(BIN)/python tests/mutation.py

golden: .venv/ready
	$(BIN)/python -m tests.golden

lock: .venv/ready
	$(COMPILE) --extra dev --output-file requirements.lock pyproject.toml
	$(COMPILE) --no-annotate --constraint requirements.lock --output-file deploy/requirements.lock pyproject.toml

.venv/ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch .venv/ready

clean:
	rm -rf .venv .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache parley.db*
