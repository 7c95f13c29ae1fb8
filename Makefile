# Short names; each check is defined once, in scripts/test.
.DEFAULT_GOAL := help
.PHONY: help setup demo test lint types imports sim long format catalogue lock bench soak matrix fuzz rivals wheel

UV ?= $(shell command -v uv || echo .venv/bin/uv)
COMPILE = UV_PYTHON_DOWNLOADS=never $(UV) pip compile --quiet --generate-hashes --universal --python-version 3.11 --no-header

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "%-10s%s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## .venv with everything for development, from requirements-dev.lock
	@scripts/setup.sh dev

demo: ## a simulated outage, from the first bad figure to the recovery
	@scripts/sentinel demo

test: ## every check and every test, as continuous integration runs them
	@scripts/test

lint: ## ruff: rules and formatting
	@scripts/test lint format

types: ## mypy --strict
	@scripts/test types

imports: ## import-linter: who may import whom
	@scripts/test imports

long: ## a crash at every step, a kill at every point
	@scripts/test long

sim: ## 2,000 random stories of a whole Sentinel on virtual time; docs/explanation/simulation.md
	@scripts/test sim

format: setup ## put the code into shape
	@.venv/bin/python -m ruff check --fix --quiet .
	@.venv/bin/python -m ruff format .

catalogue: setup ## write docs/faults.md and the tables of promises and threats from the marks of the tests
	@.venv/bin/python -m tests.catalogue

lock: ## pin the newest versions that pyproject.toml allows (needs uv: .venv/bin/python -m pip install uv)
	$(COMPILE) --upgrade --extra dev pyproject.toml -o requirements-dev.lock
	$(COMPILE) --constraint requirements-dev.lock pyproject.toml -o requirements.lock
	echo 'hatchling' | $(COMPILE) --constraint requirements-dev.lock - -o requirements-build.lock

bench: setup ## measure: ratios against reference implementations, in one run
	@.venv/bin/python -m benchmarks

soak: setup ## kill `sentinel run` at random for a minute and count what was lost or repeated
	@.venv/bin/python -m benchmarks.soak

fuzz: setup ## random stories, odd answers, files and names for ten minutes, with new seeds
	@.venv/bin/python -m tests.fuzz --minutes 10

matrix: setup ## kill `sentinel run` at every point of a tick and print what people got
	@.venv/bin/python -m benchmarks.killmatrix

rivals: setup ## the same torture for Sentinel, Alertmanager and Icinga, about twenty minutes
	@.venv/bin/python -m benchmarks.rivals

wheel: setup ## dist/*.whl, with migrations and templates
	@.venv/bin/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .
