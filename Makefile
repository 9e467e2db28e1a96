# Two commands do everything on a fresh machine (Python 3.11+, pip, make):
#   make demo   installs into .venv, stylises a real photograph, prints where the picture is
#   make test   installs into .venv, runs linters, types and the whole test suite
# make test-browser   the studio's page in Chromium, which must be on PATH or named by IMPASTO_CHROMIUM
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test test-browser check clean

demo: .venv/.installed
	$(BIN)/impasto demo --out demo-out

test: .venv/.installed-dev check
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile

test-browser: .venv/.installed-browser
	$(BIN)/python -m pytest -m browser -n0 tests/studio/browser

check: .venv/.installed-dev
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/ruff format --check src tests benchmarks
	$(BIN)/mypy

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/.installed: pyproject.toml constraints.txt | .venv/bin/python
	$(BIN)/python -m pip install -q -c constraints.txt -e '.[demo,io,studio]'
	touch $@

.venv/.installed-dev: .venv/.installed
	$(BIN)/python -m pip install -q -c constraints.txt -e '.[demo,lab,io,heif,studio,dev]'
	touch $@

.venv/.installed-browser: .venv/.installed-dev
	$(BIN)/python -m pip install -q -c constraints.txt -e '.[browser]'
	touch $@

clean:
	rm -rf .venv demo-out .mypy_cache .ruff_cache .pytest_cache .hypothesis
