# make demo   the app on a simulated headset (options: make demo ARGS="--seconds 10 --no-gui")
# make test   the whole test suite
# make check  style and types
# Everything is installed into .venv from pinned versions; nothing else is touched.

PYTHON ?= python3
BIN := .venv/bin
ARGS ?=
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt
INPUTS := pyproject.toml constraints.txt Makefile rtemotion/features/_kernel.c

.PHONY: demo test check clean

demo: .venv/.runtime
	$(BIN)/rtemotion demo $(ARGS)

test: .venv/.test
	$(BIN)/python -m pytest -n 2 $(ARGS)

check: .venv/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	rm -rf build .mypy_build
	$(PIP) --no-deps --target .mypy_build .
	cd .mypy_build && ../$(BIN)/mypy --config-file ../pyproject.toml
	rm -rf build .mypy_build

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "rtemotion needs Python 3.11 or newer; name one with: make PYTHON=python3.12 ..." >&2; exit 1; }
	$(PYTHON) -m venv .venv

.venv/.runtime: .venv/bin/python $(INPUTS)
	@echo "Installing rtemotion into .venv (once, about a minute) ..." >&2
	$(PIP) --editable '.[gui]'
	@touch $@

.venv/.test: .venv/bin/python $(INPUTS)
	@echo "Installing rtemotion and its test tools into .venv (once, about two minutes) ..." >&2
	$(PIP) --editable '.[test]'
	@touch $@ .venv/.runtime

clean:
	rm -rf .venv build .mypy_build *.egg-info .pytest_cache .ruff_cache .mypy_cache .hypothesis
