# `make quickstart` and `make test` set up .venv by themselves; nothing else is needed.
PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
# XLA's CPU backend takes fresh memory at every step; huge pages save a third of a step's time.
export GLIBC_TUNABLES ?= glibc.malloc.hugetlb=1

.PHONY: quickstart lint test soak oasis reproduce clean

quickstart: .venv/core
	$(BIN)/python -m launch.quickstart --workdir=runs/quickstart

# What CI asks before it runs a test; seconds.
lint: .venv/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/ty check

test: .venv/test
	$(BIN)/python -m pytest

# Twenty kills, inside saves too; minutes each, so outside `make test`.
soak: .venv/test
	$(BIN)/python -m pytest -m soak

# make oasis SOURCE=DIR: the method on the photographs and raters of OASIS-beauty.
oasis: .venv/core
	$(BIN)/python -m launch.oasis --source="$(SOURCE)" --workdir=runs/oasis

# Every table and figure of the paper on simulated raters; with real databases: docs/reproduce.md.
reproduce: export JAX_COMPILATION_CACHE_DIR ?= $(CURDIR)/.jax_cache
reproduce: .venv/core
	$(BIN)/python -m launch.reproduce --config=configs/reproduce_simulated.py \
	  --workdir=runs/reproduce --all

.venv/core: requirements.txt constraints.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(INSTALL) --editable .
	touch $@

# torch is an oracle of some tests, never a dependency: its CPU build where there is one (the local
# version label keeps pip from several GB of CUDA packages), else those tests say why they skip.
.venv/test: .venv/core
	$(INSTALL) --editable '.[test]'
	-$(INSTALL) 'torch==2.13.0+cpu' && $(INSTALL) --no-deps torchvision==0.28.0
	touch $@

clean:
	rm -rf .venv runs .jax_cache build *.egg-info
