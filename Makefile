# What a developer does, one word each; `make` alone lists them. Needs Python 3.11 or newer and nothing else.
# Everything lands in .venv, and is made again only when what it is made from has changed.

# Empty: the first of python3, python3.14 … that is new enough.
PYTHON =
# More words for the tool: make test ARGS="tests/test_cli.py -x"
ARGS =

VENV = .venv
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip --quiet --quiet --disable-pip-version-check
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock"
PREPARED = runner/prepared/.made
SOURCES = $(shell find runner -name '*.py')
ACTIONS = action.yml composite/action.yml
EXAMPLES = $(filter-out docs/examples/gitlab-ci.yml,$(wildcard docs/examples/*.yml))
WORKFLOWS = $(wildcard .github/workflows/*.yml) $(EXAMPLES)
SCRIPTS = $(wildcard .ci/*) composite/install.sh docs/examples/docker.sh

.PHONY: help run test lint actions types docs editors bench peers pictures lock clean
# Prerequisites are made from left to right: what a target needs of the environment stands first.
.NOTPARALLEL:
.DELETE_ON_ERROR:

help: ## list what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-7s %s\n", $$1, $$2 }' Makefile

run: $(VENV)/.runtime $(VENV)/.package $(PREPARED) ## run the definition that watches this machine; results and summary in out/
	@mkdir -p out
	$(BIN)/pipeline-runner --config definitions/local-monitor.yaml --fail-on never \
	  --results out/pipeline-results.json --summary out/summary.md $(ARGS)

test: $(VENV)/.dev $(VENV)/.package $(PREPARED) ## run the tests, without the benchmarks
	$(BIN)/python -m pytest -n 2 $(ARGS)

lint: $(VENV)/.dev actions ## check style and format; the action, workflows, image and scripts
	$(BIN)/ruff check $(ARGS)
	$(BIN)/ruff format --check $(ARGS)

# All of them work offline: schemas and rules are in the wheels.
actions: $(VENV)/.dev
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-actions $(ACTIONS)
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows $(WORKFLOWS)
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.gitlab-ci docs/examples/gitlab-ci.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.dependabot .github/dependabot.yml
	$(BIN)/actionlint -shellcheck $(BIN)/shellcheck -pyflakes= $(WORKFLOWS)
	$(BIN)/zizmor --quiet --offline --strict-collection --persona=pedantic --config .github/zizmor.yml \
	  $(ACTIONS) $(WORKFLOWS) .github/dependabot.yml
	$(BIN)/hadolint Dockerfile
	$(BIN)/shellcheck $(SCRIPTS)
	$(BIN)/kubernetes-validate --quiet --strict docs/examples/cronjob.yaml

types: $(VENV)/.dev ## check types
	$(BIN)/mypy $(ARGS)

docs: $(VENV)/.dev $(VENV)/.package $(PREPARED) ## build the documentation as a site in out/site
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet $(ARGS)

editors: $(VENV)/.editors ## install the language server that tests/editors drives; needs npm

bench: $(VENV)/.dev $(VENV)/.package $(PREPARED) ## measure start, nodes and HTTP checks against their targets
	$(BIN)/python -m pytest -m benchmark tests/benchmarks $(ARGS)

peers: $(VENV)/.dev ## measure the same jobs with other tools, for docs/performance.md
	$(BIN)/python tests/benchmarks/peers.py $(ARGS)

pictures: $(VENV)/.dev ## draw summaries as GitHub shows them, into out/pictures; needs npm and Chromium
	$(BIN)/python docs/pictures/make.py $(ARGS)

lock: $(VENV)/.dev ## write requirements.lock and requirements-dev.lock anew; make lock ARGS=--upgrade for newer versions
	$(COMPILE) $(ARGS) --output-file requirements.lock pyproject.toml
	$(COMPILE) $(ARGS) --group dev --constraint requirements.lock --output-file requirements-dev.lock pyproject.toml

clean: ## remove everything that was made
	rm -rf $(VENV) out dist runner/prepared .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.made:
	@python=; for one in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11 python; do \
	  if "$$one" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    python=$$one; break; \
	  fi; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "make: no Python 3.11 or newer with venv found (on Debian: python3 and python3-venv);" \
	    "name one with make PYTHON=/path/to/python3" >&2; \
	  exit 1; \
	fi; \
	"$$python" -m venv $(VENV)
	@touch $@

# The locks are complete, so nothing is resolved: some pips take a newer release for an extra, and refuse it then.
$(VENV)/.runtime: $(VENV)/.made requirements.lock
	$(PIP) install --no-deps --require-hashes --requirement requirements.lock
	@touch $@

# A superset of requirements.lock, with the same versions.
$(VENV)/.dev: $(VENV)/.made requirements-dev.lock
	$(PIP) install --no-deps --require-hashes --requirement requirements-dev.lock
	@touch $@

# Its scripts are not run: it is plain JavaScript.
$(VENV)/.editors: $(VENV)/.made tests/editors/package.json tests/editors/package-lock.json
	mkdir -p $(VENV)/editors && cp tests/editors/package.json tests/editors/package-lock.json $(VENV)/editors
	npm ci --prefix $(VENV)/editors --ignore-scripts --no-audit --no-fund --silent
	@touch $@

$(VENV)/.package: $(VENV)/.made pyproject.toml hatch_build.py
	$(PIP) install --no-deps --editable .
	@touch $@

$(PREPARED): $(VENV)/.package requirements.lock $(SOURCES)
	$(BIN)/python -m runner.prepare
	@touch $@
