# Every target sets the clone up first; that is quick when nothing has changed.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PY := .venv/bin/python
# nft and ip lie where an ordinary user's PATH does not look.
export PATH := $(PATH):/usr/sbin:/sbin
ARGS ?=
PYTEST ?= $(PY) -m pytest

.PHONY: help setup pictures demo run test test-long check check-format check-lint check-types check-rooms check-pages format \
	bench lock install

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

setup: ## Debian packages (where it may), .venv, pages
	@./setup.sh

demo: setup ## play a whole exam day on this machine; ARGS=--once ends after the day
	@.venv/bin/examsite demo $(ARGS)

run: setup ## the real box from its configuration file (EXAMSITE_CONFIG)
	@.venv/bin/examsite run $(ARGS)

# Tests wait for pages and devices more than they compute: three at a time keep two cores busy.
test: setup ## every test but the long ones
	@$(PYTEST) -q -n 3 --dist loadfile $(ARGS)

test-long: setup ## kill series and long faults
	@$(PYTEST) -q -m long --timeout 900 -n 2 --dist loadfile $(ARGS)

check: setup ## format, lint, types, import rules
	@$(MAKE) --no-print-directory --keep-going check-format check-lint check-types check-rooms check-pages

check-format:
	@.venv/bin/ruff format --check .

check-lint:
	@.venv/bin/ruff check --output-format concise .

check-types:
	@.venv/bin/mypy

check-rooms:
	@.venv/bin/lint-imports --no-logo | sed -n '/^Rooms of/,$$p'; exit $${PIPESTATUS[0]}

check-pages:
	@npm run --silent check && echo "Pages: types hold"

format: setup ## rewrite the Python files in the house's format
	@.venv/bin/ruff format --quiet . && .venv/bin/ruff check --fix --quiet .

bench: setup ## measure; JSON and tables under build/
	@$(PY) -m bench $(ARGS)

pictures: setup ## the manuals' pictures from the screenshots of the last make test and test-long
	@$(PY) -m tests.pictures

LOCK := .venv/bin/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --quiet

lock: setup ## pin again what pyproject.toml asks for; ARGS=--upgrade takes newer versions
	$(LOCK) --extra demo --extra dev --output-file requirements.lock $(ARGS)
	$(LOCK) --no-annotate --constraint requirements.lock --output-file requirements-box.lock
	npm install --package-lock-only --ignore-scripts --silent

install: ## as root: install the box on this Debian machine
	@./systemd/install.sh $(ARGS)
