# Everything a newcomer needs: `make demo` and `make test`.
PYTHON ?= python3
PIP = .venv/bin/python -m pip --disable-pip-version-check --quiet
# What has no wheel for Linux and is built here; everything else comes ready-made.
SDISTS = pyscard
ARGS ?=
MINUTES ?= 10
# Files of tests that run side by side: they wait as much as they work.
WORKERS ?= 4
# The tests start boxes hundreds of times: what Python has compiled is kept, whatever the
# machine's habit is.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test lint bench soak clean

help:
	@echo "make demo              the whole store on this machine, until Ctrl-C (ARGS=--once: one round)"
	@echo "make test              install what the tests need, then lint, types, contracts and tests"
	@echo "make lint              style, types and import contracts only"
	@echo "make bench             measure durable sales, and prices beside others; prints JSON"
	@echo "make soak MINUTES=10   the long searches: faults, kill points, seeded days, bills, mistakes"
	@echo "make clean             forget the virtual environment and caches"

demo: .venv/demo.stamp
	.venv/bin/edgebox demo $(ARGS)

test: .venv/test.stamp
	scripts/install-test-parts
	$(MAKE) --no-print-directory lint
	.venv/bin/python -m pytest --numprocesses $(WORKERS) --dist loadfile

lint: .venv/test.stamp
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports

bench: .venv/bench.stamp
	scripts/install-test-parts
	.venv/bin/python -m tests.bench $(ARGS)

soak: .venv/test.stamp
	scripts/install-test-parts
	.venv/bin/python -m tests.soak --minutes $(MINUTES)

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	  || { echo "edgebox needs Python 3.11, 3.12 or 3.13: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -m venv .venv \
	  || { rm -rf .venv; echo "python cannot make a virtual environment here; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }

.venv/demo.stamp: .venv/bin/python pyproject.toml constraints.txt
	$(PIP) install --only-binary :all: --constraint constraints.txt --editable .
	@touch $@

.venv/test.stamp: .venv/demo.stamp
	scripts/install-test-parts
	$(PIP) install --only-binary :all: --no-binary $(SDISTS) --constraint constraints.txt --editable '.[dev]'
	@touch $@

.venv/bench.stamp: .venv/test.stamp
	$(PIP) install --only-binary :all: --no-binary $(SDISTS) --constraint constraints.txt --editable '.[bench]'
	@touch $@

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build *.egg-info
	find . -name __pycache__ -prune -exec rm -rf {} +
