PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
SHELL  := /bin/bash
PYTEST := $(BIN)/pytest --dist loadfile --no-loadscope-reorder

LOCKED := --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links

.PHONY: demo up test fast coverage check lint types contracts rules scripts bench chaos lock clean
.DELETE_ON_ERROR:

$(VENV)/ready: pyproject.toml requirements-dev.lock
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --require-hashes --requirement requirements-dev.lock
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(VENV)/ready  ## run two monthly cycles of a small district and show the result
	$(BIN)/wattline demo

up: $(VENV)/ready  ## run all four services on this machine
	$(BIN)/wattline up

test: $(VENV)/ready  ## every test whose server can be had here; three at once, as some wait for servers most of their time
	$(PYTEST) -n 3 $(ARGS)

fast: $(VENV)/ready  ## the tests that need no server
	$(PYTEST) -n 2 tests/unit tests/properties tests/contract $(ARGS)

coverage: $(VENV)/ready  ## which branches of use cases and stores no test reaches; fails below the floor of pyproject.toml
	mkdir -p var/coverage
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not postgres and not kafka" \
		tests/unit tests/properties tests/integration tests/system $(ARGS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

check: lint types contracts rules scripts  ## everything that is found without running the product

lint: $(VENV)/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/ready
	$(BIN)/mypy

contracts: $(VENV)/ready  # who may import whom
	$(BIN)/lint-imports

rules: $(VENV)/ready  # the house rules
	$(BIN)/pytest --quiet tests/unit/test_house_rules.py

scripts:
	if command -v shellcheck >/dev/null; then shellcheck .ci/run deploy/*.sh deploy/*/*.sh; fi

bench: $(VENV)/ready  ## the figures of the README; takes a while, wants the machine for itself
	$(BIN)/python -m tests.bench $(ARGS)

chaos: $(VENV)/ready  ## the seeded proofs with drawn seeds, for ten minutes; ARGS: --minutes M, --seed N, kills
	$(BIN)/python -m tests.chaos $(ARGS)

lock:  ## the lock files for pyproject.toml as it is; what is locked stays as it is; ARGS: --upgrade, --upgrade-package NAME
	$(PYTHON) -m venv var/uv && var/uv/bin/pip install --quiet --require-hashes --requirement requirements-uv.lock
	echo setuptools | var/uv/bin/uv pip compile $(LOCKED) $(ARGS) --extra dev pyproject.toml - --output-file requirements-dev.lock
	echo setuptools | var/uv/bin/uv pip compile $(LOCKED) --constraint requirements-dev.lock pyproject.toml - --output-file requirements.lock
	echo nrel-pysam | var/uv/bin/uv pip compile $(LOCKED) $(ARGS) --constraint requirements-dev.lock - --output-file requirements-bench.lock
	echo uv | var/uv/bin/uv pip compile $(LOCKED) $(ARGS) - --output-file requirements-uv.lock

clean:  ## what was installed and cached here; the data in var/ stay
	rm -rf $(VENV) build dist deploy/kafka/libs .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
