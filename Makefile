SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed
# The Kubernetes context to show the demo on; empty starts a cluster of our own.
CONTEXT ?=
PYTEST_ARGS ?=
# Processes that run tests side by side, a folder of tests in one of them. Tests wait for servers half of the time: three keep two cores busy.
WORKERS ?= 3
# Of unit tests, some of which wait for clocks.
UNIT_WORKERS ?= 4
SOAK_ARGS ?=

export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Else each of the many processes that are started compiles every module anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# A lock that changed makes a fresh environment: nothing of the old one is left in it. Python compiles what is imported when
# it is imported first: compiling everything took a third of the time.
$(INSTALLED): requirements-dev.lock pyproject.toml
	@echo "making $(VENV) from requirements-dev.lock (about 1 min) ..." >&2
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 ...")'
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/pip install --quiet --no-compile --require-hashes -r requirements-dev.lock
	@$(BIN)/pip install --quiet --no-index --no-deps --no-build-isolation --editable .
	@touch $@

# What the first act of the demo runs on, unless $(VENV) is there: a fifth of the packages, so that it begins sooner.
FIRST := build/first-act
$(FIRST)/installed: requirements-demo.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 ...")'
	@$(PYTHON) -m dev.demo.environment $(FIRST)
	@touch $@

# Which act of the demo to play, 1 or 2; empty plays both.
ACT ?=
# The folder where pictures of the demo are written to: make demo RECORD=docs
RECORD ?=
BEGUN := $(shell date +%s.%N)
DEMO := -m dev.demo --begun $(BEGUN) $(if $(ACT),--act $(ACT)) $(if $(RECORD),--record "$(RECORD)") $(if $(CONTEXT),--context "$(CONTEXT)")

.PHONY: demo
demo: ## Show it work, first without a cluster, then on a Kubernetes API; ACT=1 stops in between, CONTEXT=<yours>
	@if $(MAKE) --no-print-directory --question $(INSTALLED) 2>/dev/null; then $(BIN)/python $(DEMO); \
	else $(MAKE) --no-print-directory $(FIRST)/installed && $(FIRST)/bin/python $(DEMO) --then $(abspath $(BIN))/python; fi

# What is measured, and how often: SIZES=1000 REPEAT=3
SIZES ?= 100,1000,5000
REPEAT ?= 3

.PHONY: bench
bench: prepare ## Measure what the operator costs, into docs/benchmarks/ (half an hour on a quiet machine)
	@$(BIN)/python -m dev.bench --sizes $(SIZES) --repeat $(REPEAT) --keep
	@$(MAKE) --no-print-directory bench-moving

# MC=<MinIO's client> where it is not on PATH.
MC ?=

.PHONY: bench-moving
bench-moving: prepare ## Copy between two MinIO beside s5cmd, rclone and mc, and unchanged keys a second time (half an hour)
	@$(BIN)/python -m dev.bench.moving --repeat $(REPEAT) $(if $(MC),--mc "$(MC)")
	@$(BIN)/python -m dev.bench.again

# How many pictures, and which programs: BACKUPS_ARGS="--small 2000 --large 20 --only imagestore,restic"
BACKUPS_ARGS ?=

.PHONY: bench-backups
bench-backups: $(INSTALLED) ## Measure backups beside restic and kopia over an rclone mount (half an hour, 20 GB of disk; needs root for the mount)
	@$(BIN)/python -m dev.bench.backups $(BACKUPS_ARGS)

# Only these, by name; empty is all of them.
PROGRAMS ?=

.PHONY: prepare
prepare: $(INSTALLED) ## Build or fetch every program that tests and demo need
	@$(BIN)/python -m dev.programs.prepare $(PROGRAMS)

.PHONY: unit
unit: $(INSTALLED) ## Run the tests that need no server and nothing built (under a minute); PYTEST_ARGS="-k cors" runs some
	@IMAGESTORE_QUICK=1 $(BIN)/pytest -m unit --numprocesses=$(UNIT_WORKERS) --dist=worksteal $(PYTEST_ARGS)

# Of all tests the programs are made side by side before; of some, only those that they need.
.PHONY: test
test: $(if $(strip $(PYTEST_ARGS)),$(INSTALLED),prepare) ## Run all tests; PYTEST_ARGS="-k cors" runs some, and builds only what they need
	@$(BIN)/pytest --numprocesses=$(WORKERS) --dist=loadscope $(PYTEST_ARGS)

# A real account's StorageBackend, its name once more as consent, and what more dev.live may be told.
BACKEND ?=
CONSENT ?=
LIVE_ARGS ?=

# What image is built on instead of the Dockerfile's base, where it is pushed to, and kind's name of the cluster.
BASE ?=
REPO ?=
CLUSTER ?= kind

.PHONY: image
image: ## Build the operator's image with buildah, podman or docker; BASE=<another base image>
	@$(PYTHON) -m dev.image build --base "$(BASE)"

.PHONY: image-archive
image-archive: ## Write the image to a file, for `k3s ctr images import`
	@$(PYTHON) -m dev.image archive

.PHONY: kind-load
kind-load: ## Bring the image into a kind cluster: CLUSTER=<its name>
	@$(PYTHON) -m dev.image kind --cluster "$(CLUSTER)"

.PHONY: push
push: ## Bring the image to a registry: REPO=registry.example/team/imagestore
	@$(PYTHON) -m dev.image push --repo "$(REPO)"

.PHONY: live
live: $(INSTALLED) ## Run the contract suite on a real account: BACKEND=eu.yaml says what it costs, CONSENT=eu runs it
	@$(BIN)/python -m dev.live $(if $(CONSENT),--consent "$(CONSENT)") $(LIVE_ARGS) $(if $(BACKEND),"$(BACKEND)")

.PHONY: soak
soak: prepare ## Let it live for an hour under faults; SOAK_ARGS="--minutes 10 --buckets 100 --seed 2" for less
	@$(BIN)/python -m dev.soak $(SOAK_ARGS)
	@$(MAKE) --no-print-directory soak-transfer

.PHONY: soak-transfer
soak-transfer: prepare ## Move a million keys and an object of 6 GiB, kill a copy after every call, lose no write (half an hour)
	@$(BIN)/python -m tests.transfer.soak
	@$(BIN)/python -m dev.soak.large
	@$(BIN)/python -m dev.soak.history

.PHONY: soak-backup
soak-backup: prepare ## Back up a million objects in bounded memory, and kill a backup and a removal behind every single call
	@$(BIN)/python -m tests.repository.soak

# How many changes are tried, and which: MUTANTS_ARGS="--sample 50 --seed 2 --only core/plan.py"
MUTANTS_ARGS ?=

.PHONY: mutants
mutants: $(INSTALLED) ## Change the pure code in 200 places, one by one, and report what no unit test notices
	@$(BIN)/python -m dev.mutants $(MUTANTS_ARGS)

.PHONY: check
check: $(INSTALLED) ## Lint, format, types and layers
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports

.PHONY: generate
generate: $(INSTALLED) ## Write CRDs, RBAC and reference pages from the models, the picture from the imports
	@$(BIN)/imagestore generate
	@$(BIN)/python -m dev.architecture

.PHONY: ready
ready: ## All that must hold before a commit is handed over: generated, checked, tested, committed
	@$(MAKE) --no-print-directory generate
	@$(MAKE) --no-print-directory check
	@$(MAKE) --no-print-directory test
	@test -z "$$(git status --porcelain)" || { git status --short; echo "ready: the tree is not clean" >&2; exit 1; }
	@echo "ready"

UV := $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links

.PHONY: lock
lock: $(INSTALLED) ## Pin the newest versions that pyproject.toml allows, with their hashes
	@$(BIN)/pip install --quiet uv
	@$(UV) --upgrade --extra dev --output-file requirements-dev.lock
	@$(UV) --upgrade --extra demo --constraints requirements-dev.lock --output-file requirements-demo.lock
	@$(UV) --upgrade --extra cli --constraints requirements-dev.lock --output-file requirements-cli.lock

.PHONY: clean
clean: ## Remove the environment and what the tools left; the cache of programs stays
	@rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
