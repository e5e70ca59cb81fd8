# `make quickstart` and `make test` set up .venv by themselves; nothing else is needed.
PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# XLA's CPU backend takes fresh memory at every step; huge pages save a third of a step's time.
export GLIBC_TUNABLES ?= glibc.malloc.hugetlb=1

.PHONY: quickstart lint test coverage wheel versions docs dist audit soak oasis reproduce lock clean

quickstart: .venv/core
	$(BIN)/python -m launch.quickstart --workdir=runs/quickstart

# What CI asks before it runs a test; seconds.
lint: .venv/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/ty check

# Two files of tests at a time; a file's tests share what was set up for them.
test: .venv/test
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

# The lines that no test reaches, by file; slower than `make test`.
coverage: .venv/test
	$(BIN)/python -m pytest --cov=paiaa_jax --cov=studies --cov-report=term-missing:skip-covered

# The wheel, built, and used in an environment that has nothing else of ours.
wheel: .venv/test
	$(BIN)/python -m tests.check_wheel

# The pages as a site, build/docs/index.html; its notebooks are run, and any warning is an error.
docs: export JAX_COMPILATION_CACHE_DIR ?= $(CURDIR)/.jax_cache
docs: .venv/test
	$(BIN)/python -m sphinx -W --keep-going -q -b html -d build/doctrees docs build/docs

# What is uploaded to a package index, checked as the index will read it.
dist: .venv/test
	$(INSTALL) build twine
	rm -rf dist
	$(BIN)/python -m build --outdir dist
	$(BIN)/python -m twine check --strict dist/*

# Some tests under Python 3.12 and 3.13, and with the lowest versions of other people's packages.
versions: .venv/test
	$(INSTALL) uv
	$(BIN)/python -m tests.check_versions

# Known vulnerabilities of what is installed, as far as the service of pip-audit knows the packages.
audit: .venv/test
	test -x .venv/audit/bin/python || $(PYTHON) -m venv .venv/audit
	.venv/audit/bin/python -m pip install --quiet --disable-pip-version-check pip-audit==2.10.1
	$(BIN)/python -m tests.audit .venv/audit/bin/pip-audit

# Kills: twenty of a run, inside saves too, and fifty of the page; files that nobody meant, some found
# by a coverage-guided search. Minutes, so outside `make test`.
soak: .venv/test
	$(INSTALL) atheris==3.0.0
	$(BIN)/python -m pytest -m soak

# make oasis SOURCE=DIR: the method on the photographs and raters of OASIS-beauty.
oasis: .venv/core
	$(BIN)/python -m launch.oasis --source="$(SOURCE)" --workdir=runs/oasis

# Every table and figure of the paper on simulated raters; with real databases: docs/reproduce.md.
reproduce: export JAX_COMPILATION_CACHE_DIR ?= $(CURDIR)/.jax_cache
reproduce: .venv/core
	$(BIN)/python -m launch.reproduce --config=configs/reproduce_simulated.py \
	  --workdir=runs/reproduce --all

# The lock holds the versions of constraints.txt, and the hash of each file that pip may take.
.venv/core: requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(INSTALL) --require-hashes --requirement requirements.lock
	$(INSTALL) --no-deps --editable .
	touch $@

# torch, and what has its encoders, are oracles of some tests, never dependencies: the CPU build where
# there is one (the local version label keeps pip from several GB of CUDA packages), else those tests
# say why they skip.
.venv/test: .venv/core constraints.txt
	$(INSTALL) --constraint constraints.txt --editable '.[test]'
	-$(INSTALL) --constraint constraints.txt 'torch==2.13.0+cpu' && \
	  $(INSTALL) --no-deps torchvision==0.28.0 && \
	  $(INSTALL) --constraint constraints.txt timm==1.0.31 transformers==5.24.0
	touch $@

# After a change of requirements.txt or constraints.txt.
lock: .venv/test
	$(INSTALL) uv
	$(BIN)/uv pip compile requirements.txt --constraint constraints.txt --universal --quiet \
	  --python-version 3.11 --generate-hashes --no-annotate --custom-compile-command "make lock" \
	  --output-file requirements.lock

clean:
	rm -rf .venv runs .jax_cache build dist *.egg-info
