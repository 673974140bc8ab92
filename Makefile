# Two commands on a fresh machine with Python 3.11 or newer: `make demo` and `make test`. Both set up what they need.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# The same versions today and in a year, in the environment and in the build of the package.
export PIP_CONSTRAINT := $(CURDIR)/constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo test torture lint bench clean

demo: $(VENV)/.installed
	$(BIN)/python demo/run.py $(if $(IMAGES),--images "$(IMAGES)")

test: lint
	$(BIN)/pytest

# Tries to make dset lose something: kills, full disks, many at once, flipped bits. TORTURE takes options, see --help.
torture: $(VENV)/.installed-dev
	PYTHONPATH=tests $(BIN)/python -m torture $(TORTURE)

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.installed-dev
	$(BIN)/python benchmarks/run.py $(BENCH)

clean:
	rm -rf $(VENV) build demo/out .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --editable .
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/pip install --quiet --editable '.[dev]'
	touch $@
