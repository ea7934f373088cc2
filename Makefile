# The habits of this repository, one target each. `make` alone lists them.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules --no-print-directory

BIN := .venv/bin
SOURCES := slo alerts dashboards runbooks_site platform tests
# The journeys share one worker (tests/conftest.py), so that they never compete with each other. For two cores: a test
# of real components waits about as long as it works.
WORKERS ?= 4
UV_VERSION := 0.13.9

# pyright asks the registry for newer versions of itself unless told not to.
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1

.PHONY: help
help:                 ## List what can be done
	@echo "make …"
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  \1\t\2/' | expand -t 14

.PHONY: up
up: setup             ## Run the whole platform here: service, desk, sandbox, runbooks, with sample data; Ctrl-C ends it
	@exec $(BIN)/vcci up $(ARGS)

.PHONY: setup
setup: .venv/.ready   ## Prepare .venv, from which vcci runs (needs Python 3.11 with venv, no root)

.PHONY: develop
develop: .venv/.ready-to-develop ## Prepare .venv with the tools for developing too

.PHONY: check
check: develop        ## What to run before sharing: format, lint, types, architecture, artifacts, layout
	$(BIN)/ruff format --check --quiet $(SOURCES)
	$(BIN)/ruff check --quiet $(SOURCES)
	$(BIN)/lint-imports --no-cache
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/vcci generate --check
	$(BIN)/pytest --quiet tests/test_layout.py

.PHONY: test
test: develop machine check ## Prepare everything, check, and run every test
	@.ci/tests --numprocesses $(WORKERS) $(ARGS)

.PHONY: specs
specs: develop        ## Run promtool's unit tests of the rules of 200 random specs; half an hour
	VCCI_RANDOM_SPECS=200 $(BIN)/pytest --quiet tests/alerts/test_random_specs.py $(ARGS)

.PHONY: machine
machine:              ## Install and start what the tests talk to: PostgreSQL, Redis, RabbitMQ, Prometheus … (root or sudo)
	@.ci/machine

.PHONY: bench
bench: develop        ## Measure throughput, intake, generation and a storm of alerts, and print the figures
	@$(BIN)/python tests/bench $(ARGS)

.PHONY: generate
generate: setup       ## Write every artifact from slo/specs/vcci.yaml
	$(BIN)/vcci generate

.PHONY: format
format: develop       ## Format the code and mend what can be mended
	$(BIN)/ruff format --quiet $(SOURCES)
	$(BIN)/ruff check --fix $(SOURCES)

.PHONY: lock
lock:                 ## Renew both lock files from pyproject.toml; UPGRADE=1 takes the newest versions allowed
	@python=$$(.ci/python) && tools=$$(mktemp -d) && trap 'rm -rf "$$tools"' EXIT && \
	"$$python" -m venv "$$tools" && \
	"$$tools/bin/python" -m pip install --disable-pip-version-check --no-input --quiet --quiet uv==$(UV_VERSION) && \
	for group in build dev; do \
	  suffix=$${group/build/} && file=requirements$${suffix:+-$$suffix}.lock && \
	  "$$tools/bin/uv" pip compile pyproject.toml --group "$$group" --output-file "$$file" --quiet --no-config \
	    --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	    --custom-compile-command "make lock" $${suffix:+--constraint requirements.lock} $(if $(UPGRADE),--upgrade) && \
	  echo "$$file: $$(grep -c == "$$file") packages"; \
	done

.PHONY: clean
clean:                ## Remove the environment, the caches and built files; data under .vcci/ stay
	rm -rf .venv dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find $(SOURCES) -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.ready: requirements.lock pyproject.toml .ci/setup
	@.ci/setup requirements.lock
	@touch $@

# The tools bring the runtime's packages with them, at the same versions.
.venv/.ready-to-develop: requirements-dev.lock requirements.lock pyproject.toml .ci/setup
	@.ci/setup requirements-dev.lock
	@touch .venv/.ready $@
