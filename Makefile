# Courseline. `make` alone lists what there is. Nothing here needs Docker or root.
unexport PYTHONDONTWRITEBYTECODE
.DEFAULT_GOAL := help
SHELL := /bin/sh

python := .venv/bin/python
beside_servers := $(python) -m devtools.local run --
# Tools that import the settings but touch no database.
settings_only := DEVTOOLS=1 DATABASE_URL=$${DATABASE_URL:-postgres://unused/unused}
jobs := -k -j2 $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)
# Tests are run rather than typed: what their factories build is known to Django only.
typed = $(filter-out tests,$(patsubst %/,%,$(sort $(dir $(wildcard */*.py)))))
templates = $(shell find . -path ./.venv -prune -o -path '*/templates/*' -name '*.html' -print)

ARGS =
PORT =

##@ Try it

.PHONY: setup demo demo-reset
setup: ## install what `make demo` needs into .venv
	@scripts/bootstrap demo

demo: ## a demo clinic with everything running, until Ctrl-C (PORT=8001, ARGS=--once)
	@scripts/bootstrap demo
	@$(python) -m devtools.demo $(if $(PORT),--port $(PORT)) $(ARGS)

demo-reset: ## remove the demo clinic's data; the next `make demo` starts afresh
	@scripts/bootstrap demo
	@$(python) -m devtools.local reset

##@ Work on it

.PHONY: dev-setup manage format lock
dev-setup: ## install everything for development into .venv
	@scripts/bootstrap dev

manage: dev-setup ## run a management command on the demo's data (ARGS="shell")
	@$(python) -m devtools.local run --keep -- $(python) manage.py $(ARGS)

format: dev-setup ## format Python and templates
	@.venv/bin/ruff check --fix --quiet . || true
	@.venv/bin/ruff format .
	@$(if $(templates),.venv/bin/djade --target-version 5.2 $(templates) || true)

lock: dev-setup ## compile requirements/*.txt from pyproject.toml (ARGS="--upgrade")
	@scripts/lock $(ARGS)

schema: dev-setup ## write the API's OpenAPI document to api/openapi.yaml
	@$(beside_servers) $(python) manage.py spectacular --file api/openapi.yaml --validate --fail-on-warn

##@ Check it

.PHONY: schema test soak check check-style check-types check-imports check-templates check-database
test: dev-setup ## everything: all checks, then all tests
	@scripts/install-chromium
	@$(MAKE) --no-print-directory check
	@$(python) -m pytest -n 2 --maxschedchunk 4 $(ARGS)

soak: dev-setup ## random tests many times over (SOAK=50), fault tests at full size, axe on every page in dark and narrow
	@scripts/install-chromium
	@SOAK=$(or $(SOAK),20) $(python) -m pytest -n 2 tests/scheduler/engine tests/treatments/test_state_machine.py tests/conformance $(ARGS)
	@$(python) -m pytest -n 0 -m soak $(ARGS)

check: dev-setup ## style, types, imports, templates, migrations and API document; no tests
	@$(MAKE) --no-print-directory $(jobs) check-types check-database check-style check-imports check-templates

check-style:
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .

check-types:
	@$(settings_only) .venv/bin/mypy --explicit-package-bases manage.py $(typed)

check-imports:
	@.venv/bin/lint-imports --no-logo

check-templates:
	@$(if $(templates),.venv/bin/djade --check --target-version 5.2 $(templates))

check-database:
	@$(beside_servers) scripts/check-database

##@ Measure it

.PHONY: bench
bench: dev-setup ## the timed scenarios of benchmarks/ (ARGS="NAME")
	@$(beside_servers) $(python) -m benchmarks $(ARGS)

.PHONY: help
help:
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@/ { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
