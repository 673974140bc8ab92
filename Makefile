# Two commands on a fresh machine with Python 3.11 or newer: `make demo` and `make test`. Both set up what they need.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# The same versions today and in a year, in the environment and in the build of the package.
export PIP_CONSTRAINT := $(CURDIR)/constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo test machine torture storm fuzz lint bench clean

demo: $(VENV)/.installed
	$(BIN)/python demo/run.py $(if $(IMAGES),--images "$(IMAGES)")

test: lint
	$(BIN)/pytest

# Any sequence of operations against a model of them, for about a quarter of an hour; `make test` has a minute.
machine: $(VENV)/.installed-dev
	$(BIN)/pytest --hypothesis-profile=long -o faulthandler_timeout=0 tests/history/test_repository_machine.py

# Tries to make dset lose something: kills, full disks, many at once, flipped bits. TORTURE takes options, see --help.
torture: $(VENV)/.installed-dev
	PYTHONPATH=tests $(BIN)/python -m torture $(TORTURE)

# Many at one remote over a network that fails, killed at random. STORM takes options, see tests/storm/__main__.py.
storm: $(VENV)/.installed-dev
	PYTHONPATH=tests $(BIN)/python -m storm $(STORM)

# Feeds every parser with changed files for so many seconds each; FUZZ names some of them. See docs/fuzzing.md.
FUZZ_SECONDS ?= 120
fuzz: $(VENV)/.installed-fuzz
	PYTHONPATH=tests $(BIN)/python -m fuzz --seconds $(FUZZ_SECONDS) $(FUZZ)

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

$(VENV)/.installed-fuzz: $(VENV)/.installed-dev
	$(BIN)/pip install --quiet --editable '.[fuzz]'
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/pip install --quiet --editable '.[dev]'
	touch $@
