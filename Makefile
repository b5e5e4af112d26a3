# Every target makes what it needs by itself; `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: help run test setup setup-test check fix bench docs lock clean

BIN := .venv/bin
PYTHON_DIRS := src tests bench docs hatch_build.py
DATA ?= data

help: ## lists the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' Makefile

run: setup ## starts LiveInsight with the demo shop and its visits
	@$(BIN)/liveinsight up --demo --data "$(DATA)" $(ARGS)

test: check ## checks and tests everything
	@# The engine's binding ends with a page of what it calls leaks, after pytest's
	@# closing line; standard error is shown where something failed.
	@$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS) 2> .cache/pytest-errors.txt \
		|| { cat .cache/pytest-errors.txt >&2; exit 1; }

setup: ## makes .venv, the command and the front end
	@scripts/set-up

setup-test: # also the tools and the browser of the tests
	@scripts/set-up test

check: setup-test ## style, types and the direction of imports
	@$(BIN)/ruff check -q $(PYTHON_DIRS)
	@$(BIN)/ruff format -q --check $(PYTHON_DIRS)
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo --cache-dir .cache/import-linter > .cache/lint-imports.txt \
		|| { cat .cache/lint-imports.txt; exit 1; }

fix: setup-test ## mends style where a machine can
	@$(BIN)/ruff check -q --fix $(PYTHON_DIRS)
	@$(BIN)/ruff format -q $(PYTHON_DIRS)

bench: setup-test ## runs every benchmark, shortened
	@for file in bench/[a-z]*.py; do \
		name=$$(basename "$$file" .py); \
		echo "== bench.$$name"; $(BIN)/python -m "bench.$$name" --quick || exit 1; \
	done

docs: setup-test ## writes the generated pages of docs/
	@$(BIN)/python -m docs.generate

COMPILE := $(BIN)/uv pip compile -q --universal --python-version 3.11 \
	--generate-hashes --no-header --no-emit-index-url

lock: setup ## writes requirements/*.txt anew after a change in pyproject.toml
	@$(BIN)/python -m pip install -q uv
	@$(COMPILE) pyproject.toml -o requirements/run.txt
	@$(COMPILE) --group pyproject.toml:dev pyproject.toml -c requirements/run.txt \
		-o requirements/dev.txt
	@$(COMPILE) --group pyproject.toml:lambda -c requirements/run.txt --no-annotate \
		-o src/liveinsight/aws/lambda.txt
	@for group in build node ministack jdk; do \
		$(COMPILE) --group pyproject.toml:$$group -o requirements/$$group.txt || exit 1; \
	done

clean: ## removes what was made, but no data
	rm -rf .venv .cache dist build frontend/node_modules
	rm -rf src/liveinsight/dashboard/static/build src/liveinsight/tracker/build
	rm -f src/liveinsight/collect/country.mmdb
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	find src -name '*.mo' -delete
