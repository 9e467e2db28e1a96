# Two commands do everything on a fresh machine (Python 3.11+, pip, make):
#   make demo   installs into .venv, stylises a real photograph, prints where the picture is
#   make test   installs into .venv, runs linters, types and the test suite
# More, for developers:
#   make test-browser   tests of the studio's page in Chromium (on PATH, or named by IMPASTO_CHROMIUM)
#   make check-js       formatter and linter for the page's JavaScript (needs npm)
#   make fix            formats the code and fixes what the linters can fix
#   make install-all    installs every optional part, so that no test is skipped for want of one
PYTHON ?= python3
BIN := .venv/bin
NPM := $(shell command -v npm)
# Compile the tests and the package once, not for every process.
unexport PYTHONDONTWRITEBYTECODE
PIP := $(BIN)/python -m pip install -q -c constraints.txt
BIOME := node_modules/.bin/biome

.PHONY: demo test test-browser check check-js no-npm fix install-all clean

demo: .venv/.installed
	$(BIN)/impasto demo --out demo-out

test: .venv/.installed-dev check
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile

test-browser: .venv/.installed-browser
	$(BIN)/python -m pytest -m browser -n0 tests/studio/browser

check: .venv/.installed-dev $(if $(NPM),check-js,no-npm)
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/ruff format --check src tests benchmarks
	$(BIN)/mypy --num-workers 2

check-js: node_modules/.installed
	$(BIOME) ci --error-on-warnings

no-npm:
	@echo "npm is not installed, so the JavaScript is not checked; install Node.js 18 or later to check it."

fix: .venv/.installed-dev node_modules/.installed
	$(BIN)/ruff check --fix src tests benchmarks
	$(BIN)/ruff format src tests benchmarks
	$(BIOME) check --write

install-all: .venv/.installed-all

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/.installed: pyproject.toml constraints.txt | .venv/bin/python
	$(PIP) -e '.[demo,io,studio]'
	touch $@

.venv/.installed-dev: .venv/.installed
	$(PIP) -e '.[demo,lab,io,heif,studio,dev]'
	touch $@

.venv/.installed-browser: .venv/.installed-dev
	$(PIP) -e '.[browser]'
	touch $@

.venv/.installed-all: pyproject.toml constraints.txt | .venv/bin/python
	$(PIP) -e '.[demo,lab,io,heif,studio,export,openvino,video,cluster,train,dev,browser]'
	touch .venv/.installed .venv/.installed-dev .venv/.installed-browser $@

node_modules/.installed: package.json package-lock.json
ifeq ($(NPM),)
	@echo "npm is not installed; install Node.js 18 or later to check the JavaScript." >&2; exit 1
else
	npm ci --no-fund --no-audit
	touch $@
endif

clean:
	rm -rf .venv node_modules demo-out .mypy_cache .ruff_cache .pytest_cache .hypothesis
