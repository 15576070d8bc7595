# Two commands do everything, set-up included: `make demo` and `make test`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ORACLE := .venv-oracle
CLIENTS := .venv-clients

.PHONY: help demo test test-slow conformance test-clients bench check format pictures oracle clean

help:
	@echo "make demo    read the SendGrid sample from a local demo API, through a real job"
	@echo "make test    run the quick tests, in about three minutes"
	@echo "make test-slow  run the rest: differences from Airbyte's runtime, faults and kills, screens, journeys"
	@echo "make conformance  have both runtimes read every example of the reference, every sample and many jobs, and compare them"
	@echo "make test-clients  read through programs of others: PyAirbyte, Spark; install what the container has"
	@echo "make bench   compare speed and memory with Airbyte's runtime, time the builder (ROWS=1000000: more rows)"
	@echo "make check   run the linters and type checkers"
	@echo "make format  format the code"
	@echo "make pictures  draw the pictures of the documentation again, and write its generated pages"
	@echo "make clean   remove what the other commands made"

# The interpreter must be new enough, and that is said before anything is made.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Longhaul needs Python 3.11 or newer; name one with: make PYTHON=/path/to/python3 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	$(BIN)/python -m compileall -q core tui sample_configs # an editable install does not, and half of a start is that
	mkdir -p sample_configs/.longhaul && $(BIN)/longhaul --schema > sample_configs/.longhaul/manifest.schema.json
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

$(VENV)/.installed-spark: $(VENV)/.installed-dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[spark]'
	@touch $@

# Airbyte's own runtime, which differential tests ask; it lives apart because its dependencies are its own.
$(ORACLE)/.installed: constraints-oracle.txt | $(BIN)/python
	$(PYTHON) -m venv $(ORACLE)
	$(ORACLE)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints-oracle.txt airbyte-cdk
	@touch $@

# Programs that read through Longhaul, unchanged; they live apart for the same reason.
$(CLIENTS)/.installed: constraints-clients.txt | $(BIN)/python
	$(PYTHON) -m venv $(CLIENTS)
	$(CLIENTS)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints-clients.txt airbyte
	@touch $@

oracle: $(ORACLE)/.installed

demo: $(VENV)/.installed
	$(BIN)/longhaul --demo --run --output demo-output/
	@printf '\nThe records are in demo-output/contacts.jsonl. Next, watch the job in the builder: type\n\n    $(BIN)/longhaul --demo\n\n'

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -m "not slow"

test-slow: $(VENV)/.installed-dev $(ORACLE)/.installed
	$(BIN)/python -m pytest -m slow

conformance: $(VENV)/.installed-dev $(ORACLE)/.installed
	$(BIN)/python -m pytest tests/conformance -m "conformance or slow"

test-clients: $(VENV)/.installed-spark $(CLIENTS)/.installed
	$(BIN)/python -m pytest -m clients

bench: $(VENV)/.installed-dev $(ORACLE)/.installed
	$(BIN)/python -m benchmarks --rows $(or $(ROWS),100000)
	$(BIN)/python -m benchmarks.loading
	$(BIN)/python -m benchmarks.screens

check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The picture of the browser needs Chromium; without it, that picture stays as it is.
pictures: $(VENV)/.installed-dev
	$(BIN)/python docs/architecture.py
	$(BIN)/python docs/component_reference.py
	$(BIN)/python docs/pictures.py
	LONGHAUL_WRITE_PICTURES=1 $(BIN)/python -m pytest -n 0 tests/tui/web/test_browser.py -k asks_no_other

clean:
	rm -rf $(VENV) $(ORACLE) $(CLIENTS) demo-output sample_configs/.longhaul build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
