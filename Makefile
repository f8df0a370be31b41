# Everything that is installed goes into .venv and node_modules of this folder.
PYTHON ?= python3
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.set-up
# The Node of .venv comes first: an older one of the system makes jsii print a wall of warnings.
RUN := PATH="$(CURDIR)/$(BIN):$(CURDIR)/node_modules/.bin:$$PATH"
SOURCES := app.py constructs lambda local_aws demo bench tools examples
# Compiled files are kept, whatever the environment says: every process of pytest-xdist would compile all tests
# anew, half of the time that it takes to find them.
PYTEST := $(RUN) PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest

.PHONY: help setup lint types test-fast test test-computing e2e demo demo-guards local-aws simulate-alternatives bench bench-many clean simulate soak simulate-mutants explore explore-mutants matrix-quick

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | awk -F'\t' '{printf "  make %-22s %s\n", $$1, $$2}'

setup: $(STAMP) ## install what is needed into .venv and node_modules

$(STAMP): requirements.txt requirements-dev.txt package.json pyproject.toml tools/set_up.sh
	@# What it says must not stand in a file that another target's output is redirected to.
	@bash tools/set_up.sh "$(PYTHON)" "$(VENV)" >&2
	@touch $@

lint: setup ## ruff and import-linter
	@$(RUN) ruff check .
	@$(RUN) ruff format --check .
	@$(RUN) PYTHONPATH=constructs:lambda lint-imports

types: setup ## mypy, strict
	@$(RUN) mypy $(SOURCES)
	@# One by one: each folder of tests may have a conftest.py.
	@for folder in $(sort $(dir $(wildcard tests/*/*.py))); do $(RUN) mypy $$folder; done

test-fast: lint types ## lint, types and every test without the embedded AWS
	@$(PYTEST) -q -n 2 --dist loadgroup --no-loadscope-reorder -m "not e2e and not slow"

matrix-quick: setup ## the synth tests with the oldest aws-cdk-lib that pyproject.toml allows, and with the newest
	@$(RUN) $(BIN)/python tools/matrix.py $(MATRIX)

test: export MATRIX := --skip-installed
test: setup ## everything, the end-to-end tests included
	@$(RUN) $(BIN)/python tools/all_tests.py

test-computing: setup
	@$(PYTEST) -q -n 2 --dist loadgroup --no-loadscope-reorder -m "not e2e" --ignore tests/e2e

e2e: setup ## the end-to-end tests alone; most of their time they wait
	@$(PYTEST) -q -n 12 --dist loadgroup --no-loadscope-reorder -m e2e tests/e2e tests/demo

demo: setup ## a model's whole life on the embedded AWS, through the real CDK CLI
	@$(RUN) exec $(BIN)/python -m demo

demo-guards: setup ## a day of models that run only while they are needed, on the embedded AWS; its clock is moved
	@$(RUN) exec $(BIN)/python -m demo.guards

local-aws: setup ## the embedded AWS for your own cdk and aws commands, until ctrl-C; > aws.sh, to source it
	@$(RUN) exec $(BIN)/python -m local_aws

SEEDS ?= 10000
FIRST_SEED ?= 1
simulate-alternatives: setup ## what people use today, in the same SEEDS simulated histories: a table
	@PYTHONPATH=tests/simulation:constructs:lambda $(BIN)/python -m simulator.compare --seeds $(SEEDS) --first-seed $(FIRST_SEED) --json build/alternatives.json

ROUNDS ?= 10
bench: setup ## the construct beside what people use today, measured in ROUNDS rounds; writes docs/benchmarks.md
	@$(RUN) exec $(BIN)/python -m bench --rounds $(ROUNDS)

MODELS ?= 1 5 20 50
bench-many: setup ## stacks of MODELS models, deployed side by side under the quotas; rewrites its part of docs/growth.md
	@$(RUN) exec $(BIN)/python -m bench.many --sizes $(MODELS)

ACTORS = $(if $(PLAIN),--no-wide) $(if $(JANITOR),--janitor) $(if $(GUARDS),--guards)
simulate: setup ## play SEEDS histories from FIRST_SEED on all cores; fails on a violation
	@$(RUN) PYTHONPATH=tests/simulation:constructs:lambda $(BIN)/python -m simulator $(SEEDS) $(FIRST_SEED) $(ACTORS)

SOAK_SEEDS ?= 1000000
soak: setup ## play SOAK_SEEDS histories; may be stopped and taken up again, report in build/soak
	@$(RUN) PYTHONPATH=tests/simulation:constructs:lambda exec $(BIN)/python -m simulator.soak --seeds $(SOAK_SEEDS) --first-seed $(FIRST_SEED) $(ACTORS)

MUTANT_SEEDS ?= 20000
simulate-mutants: setup ## mistakes in the handler that the simulation has to find, within MUTANT_SEEDS histories: a table
	@$(RUN) PYTHONPATH=tests/simulation:constructs:lambda $(BIN)/python -m simulator.mutants --seeds $(MUTANT_SEEDS) --first-seed $(FIRST_SEED)

STATES ?= 50000
explore: setup ## every interleaving of small worlds, STATES of each, on all cores; fails on a violation
	@$(RUN) PYTHONPATH=tests/exploration:tests/simulation:constructs:lambda $(BIN)/python -m explorer --states $(STATES)

explore-mutants: setup ## mistakes in single rows of the two tables that the exploration has to find: a table
	@$(RUN) PYTHONPATH=tests/exploration:tests/simulation:constructs:lambda $(BIN)/python -m explorer.mutants

clean: ## remove what set-up and runs have made
	rm -rf $(VENV) node_modules build dist cdk.out .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
