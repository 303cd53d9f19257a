# One command each. `make` alone lists them.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready
BROWSER_TOOLS := tests/tools/node_modules/.package-lock.json
PEERS := bench/peers/node_modules/.package-lock.json

.DEFAULT_GOAL := help
.PHONY: help demo preview serve test check bench golden prove lock wheel clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# A browser, the accessibility rules, the HTML checker and the e-mail support tables: packages that ship all they need.
$(BROWSER_TOOLS): tests/tools/package-lock.json
	npm ci --prefix tests/tools --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

$(PEERS): bench/peers/package-lock.json
	npm ci --prefix bench/peers --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

demo: $(READY) ## build every shipped edition: letters in out/, the web archive in site/
	$(BIN)/python -m desk.trying.demo

preview: $(READY) ## open the weekly update in a browser and watch it change as you write
	$(BIN)/bulletin preview weekly

serve: $(READY) ## open the staff desk with a living week in it; prints links to sign in
	$(BIN)/python -m desk.trying.living

# Some of the tests start the program a hundred times: what Python compiled is kept, whatever the shell says.
test prove: export PYTHONDONTWRITEBYTECODE :=

test: $(READY) $(BROWSER_TOOLS) ## run every test (real browser, real databases, real SMTP server)
	$(BIN)/python -m pytest -n 3 -q -m "not browser and not prove"
	$(BIN)/python -m pytest -n 3 --dist loadfile -q -m "browser and not prove"

check: $(READY) ## style, types, the walls between the rooms, and stale documents
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m docs.reference --check

bench: $(READY) $(PEERS) ## measure against the peers and print the ratios
	$(BIN)/python -m bench

golden: $(READY) ## write the golden editions anew; read the difference before you commit it
	$(BIN)/python -m tests.golden

prove: $(READY) $(BROWSER_TOOLS) ## the long proofs, each with a control run that shows it can fail
	$(BIN)/python -m pytest -m prove

lock: ## pin every dependency anew, with hashes
	uv pip compile pyproject.toml --group dev --extra cluster --universal --generate-hashes --no-emit-index-url --no-header --no-annotate -o requirements.lock

wheel: $(READY) ## build the wheel into dist/
	$(BIN)/python -m hatchling build -t wheel

clean: ## remove what was built, keep content, var and the environment
	rm -rf out site dist
