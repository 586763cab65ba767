# Everything a fresh machine needs is done by the first target that needs it: a virtual environment in .venv, the pinned uv
# with its hash verified, then the package with every dependency at the version and hash of requirements.lock. Stamp files
# in .venv/stamps remember what is done, so that a second run installs nothing.
#
# PYTHON=/path/to/python3.13 chooses the interpreter; otherwise scripts/find-python looks for one.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:

VENV   := .venv
BIN    := $(VENV)/bin
STAMPS := $(VENV)/stamps
UV     := $(BIN)/uv
# The lock constrains the dependencies and also what builds the package; uv verifies the hashes of both.
INSTALL := $(UV) pip install --python $(BIN)/python --compile-bytecode \
	--constraint requirements.lock --build-constraint requirements.lock

ARGS ?=
# Tests run on all cores, those of a file in one process, so that what a file builds is built once.
PROCESSES ?= -n auto --dist loadfile --no-loadscope-reorder

.PHONY: help demo test quick lint style layout types format lock environment data recovery calibrations misspecification references notebooks benchmarks clean

help: ## this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

demo: $(STAMPS)/base ## simulated data -> fit -> report, from nothing
	$(BIN)/mmm-bayes demo $(ARGS)

test: $(STAMPS)/dev ## all tests, the slow statistical ones too (ARGS="-k adstock" passes options to pytest)
	$(BIN)/python -m pytest $(PROCESSES) $(ARGS)

quick: $(STAMPS)/dev ## the tests that take seconds
	$(BIN)/python -m pytest -m "not slow" $(PROCESSES) $(ARGS)

lint: style layout types ## ruff and mypy (make -k lint goes on after a failure)

style: $(STAMPS)/dev
	$(BIN)/ruff check

layout: $(STAMPS)/dev
	$(BIN)/ruff format --check

types: $(STAMPS)/dev
	$(BIN)/mypy

format: $(STAMPS)/dev ## let ruff mend what it can
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

lock: $(STAMPS)/uv ## requirements.lock from pyproject.toml (ARGS=--upgrade takes newer versions), then environment.yml
	$(UV) pip compile --quiet --universal --python-version 3.12 --all-extras --generate-hashes \
		--no-header --no-annotate $(ARGS) pyproject.toml -o requirements.lock
	$(MAKE) environment

environment: $(STAMPS)/dev ## environment.yml, for conda, from the lock
	$(BIN)/python scripts/make_environment.py

data: $(STAMPS)/base ## data/, one simulated market of each scenario, from the generator
	$(BIN)/python scripts/make_data.py

recovery: $(STAMPS)/base ## results/recovery: do the intervals hold the truth of 40 simulated markets?
	$(BIN)/python scripts/recovery.py $(ARGS)

calibrations: $(STAMPS)/base ## results/calibration: partial_mediation in every form, on tables of its own equations (ARGS="log ar1" names forms)
	$(BIN)/python scripts/calibrations.py $(ARGS)

misspecification: $(STAMPS)/base ## docs/misspecification.md: what are the intervals worth when the model is wrong? (half an hour)
	$(BIN)/python scripts/misspecification.py

references: $(STAMPS)/dev ## results/: a run of every model on simulated markets, compared, rolled and beside classical models (20 minutes)
	scripts/references.sh

# Old runs are removed first, so that what the notebooks show is what the code as it stands gives.
notebooks: $(STAMPS)/dev ## notebooks/, run from top to bottom, outputs and all (ARGS=5-decisions runs that one)
	rm -rf notebooks/.runs
	$(BIN)/python scripts/make_notebooks.py $(ARGS)

benchmarks: $(STAMPS)/base ## results/benchmarks: races, growth, the gradient's floor (40 minutes on two cores); goes on where it stopped
	$(BIN)/python benchmarks/floor.py
	$(BIN)/python benchmarks/race.py $(ARGS)
	$(BIN)/python benchmarks/growth.py
	$(BIN)/python benchmarks/summary.py

clean: ## remove the virtual environments and the tools' caches; data and results stay
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache benchmarks/.environments notebooks/.runs
	find mmm_bayes models tests scripts benchmarks notebooks -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

# --- set-up -------------------------------------------------------------------------------------------------------------

# A .venv whose Python runs is kept; one that is missing or broken (its interpreter was removed) is made anew.
$(STAMPS)/uv: requirements.lock scripts/find-python
	@if $(BIN)/python -c 'import sys, pip; sys.exit(sys.version_info < (3, 12))' >/dev/null 2>&1; then :; else \
		python=$$(scripts/find-python) && echo "creating $(VENV) with $$python" && "$$python" -m venv --clear $(VENV); \
	fi
	@mkdir -p $(STAMPS)
	@awk '/^[^ ]/ { wanted = /^uv==/ } wanted' requirements.lock > $(STAMPS)/uv.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --no-deps --require-hashes -r $(STAMPS)/uv.txt
	@touch $@

$(STAMPS)/base: pyproject.toml requirements.lock $(STAMPS)/uv
	$(INSTALL) --editable .
	@touch $@

$(STAMPS)/dev: pyproject.toml requirements.lock $(STAMPS)/uv
	$(INSTALL) --editable '.[dev]'
	@touch $(STAMPS)/base $@
