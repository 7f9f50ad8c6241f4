# What a person and CI type. Every target sets up what it needs first: it takes under a second when all is there.
.DEFAULT_GOAL := help
.PHONY: help setup demo test test-long check bench format lock clean
PYTHON := .venv/bin/python

help:       ## this list
	@sed -n 's/^\([a-z-]*\):.*## */\1 /p' Makefile | while read -r name what; do printf "  %-16s%s\n" "make $$name" "$$what"; done

setup:      ## make what is missing: Python packages, Java, Neo4j, Terraform, HAProxy
	@python3 -m setup

demo: export DCO_NEO4J = all
demo: setup ## watch a quiet night, a deployment under traffic, a bad release put back, databases moved to a newer version and back
	@$(PYTHON) -m dco_sandbox.demo

test: setup ## the tests, without those that take long
	@$(PYTHON) -m pytest -m "not long"

test-long: export DCO_NEO4J = all
test-long: setup ## the tests that take long: every crash, every boundary
	@$(PYTHON) -m pytest -m long

check: setup ## format, lint, types, import contracts, generated documents
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m pyright
	@.venv/bin/lint-imports --config importlinter.ini
	@test ! -e src/dco/cli/reference.py || $(PYTHON) -m dco.cli.reference --check

bench: setup ## measure, print a table, write bench/results.json
	@PYTHONPATH=. $(PYTHON) bench/run.py

format: setup ## let ruff format and mend what it can
	@$(PYTHON) -m ruff format .
	@$(PYTHON) -m ruff check --fix .

lock:       ## write versions and hashes anew: Python packages, uv, Terraform, Neo4j
	@python3 -m setup lock

clean:      ## remove this clone's environment and caches; what clones share stays in ~/.cache/dco
	@rm -rf .venv .pytest_cache .ruff_cache .hypothesis .import_linter_cache build dist
