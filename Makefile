# `make quickstart` and `make test` set up .venv by themselves; nothing else is needed.
PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: quickstart test soak clean

quickstart: .venv/core
	$(BIN)/python -m launch.quickstart --workdir=runs/quickstart

test: .venv/test
	$(BIN)/python -m pytest

soak: .venv/test
	$(BIN)/python -m pytest -m soak --override-ini addopts="-q --import-mode=importlib"

.venv/core: requirements.txt constraints.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(INSTALL) --editable .
	touch $@

.venv/test: .venv/core
	$(INSTALL) --editable '.[test]'
	touch $@

clean:
	rm -rf .venv runs .jax_cache build *.egg-info
