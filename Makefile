PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

.PHONY: demo up test fast check bench clean

$(VENV)/ready: pyproject.toml requirements.lock
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint requirements.lock --editable '.[dev]'
	@touch $@

demo: $(VENV)/ready  ## run two monthly cycles of a small district and show the result
	$(BIN)/wattline demo

up: $(VENV)/ready  ## run all four services on this machine
	$(BIN)/wattline up

test: $(VENV)/ready  ## every test whose server can be had here
	$(BIN)/pytest

fast: $(VENV)/ready  ## the tests that need no server
	$(BIN)/pytest tests/unit tests/properties tests/contract

check: $(VENV)/ready  ## lints, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/ready
	$(BIN)/python -m tests.bench
