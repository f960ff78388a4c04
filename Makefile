# Everything a newcomer needs. Wants Python 3.11 and make, nothing else.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
PACKAGES := agents schemas connectors fajian
SOURCES := $(shell find $(PACKAGES) -type f -not -path '*/__pycache__/*')
COMPILED := $(if $(shell command -v cc),build/compiled/.done)# what is measured is the core as the image has it
ARGS ?=
UNIT := $(BIN)/pytest tests/unit -n auto --cov=fajian.core --cov-branch --cov-report=term --cov-fail-under=100

.DEFAULT_GOAL := help
.PHONY: help demo test check lint bench compiled outage crash chaos histories docs format lock clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: .venv/.run  ## play a simulated county on a real Kafka and PostgreSQL (ARGS="--cases 50")
	$(BIN)/fajian demo $(ARGS)

test: .venv/.dev  ## run every test, with the embedded Kafka and PostgreSQL (ARGS="-k words")
ifeq ($(strip $(ARGS)),)
	$(UNIT)
	$(BIN)/pytest tests/integration tests/e2e
else
	$(BIN)/pytest $(ARGS)
endif

check: lint  ## what needs no Kafka: lint, and the unit tests with a fully covered core
	$(UNIT)

lint: .venv/.dev  ## style, types, import layers, the compose file
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(PACKAGES) bench tests
	$(BIN)/lint-imports
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml

chaos: .venv/.dev  ## faults on the whole bus, then all is read back (ARGS="--events 5000 --brokers 1")
	$(BIN)/python -m tests.chaos $(ARGS)

bench: .venv/.dev $(COMPILED)  ## measure beside floors and goals, some 30 minutes (ARGS="--quick", ARGS="--only casework")
	PYTHONSAFEPATH=1 PYTHONPATH=$(CURDIR)/build/compiled $(BIN)/python -m bench $(ARGS)

compiled: build/compiled/.done  ## compile the core into a wheel, test that, leave it in dist/ (wants a C compiler)
	$(BIN)/pytest -q tests/unit/core -n auto -o pythonpath="build/compiled ."

outage: .venv/.dev  ## take Kafka, PostgreSQL and a receiver away, 5 minutes each, under load (ARGS="--seconds 20 --rate 25 --json")
	$(BIN)/python -m tests.outage $(ARGS)

crash: .venv/.dev  ## kill connectors amid 10,000 events, cut a live stream 1,000 times
	$(BIN)/pytest -q tests/integration/connectors -k "killed or cuts" --full --durations=0 $(ARGS)

histories: .venv/.dev  ## fold random histories fact by fact and from scratch (ARGS="--histories 50000")
	$(BIN)/pytest -q tests/unit/core/test_many_histories.py tests/unit/core/test_folding_properties.py \
		--hypothesis-profile=long $(if $(ARGS),$(ARGS),--histories 20000)

docs: .venv/.run  ## write the pages of the law and of the life cycles anew from their tables
	$(BIN)/fajian law page > docs/law.md
	$(BIN)/fajian law lives > docs/life-cycles.md

format: .venv/.dev  ## rewrite the code in the house format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock:  ## resolve the lock files anew, in a throw-away environment (UPGRADE=--upgrade)
	$(PYTHON) -m venv build/lock
	build/lock/bin/python -m pip install --quiet uv
	build/lock/bin/uv pip compile $(LOCK_FLAGS) $(UPGRADE) --group build -o requirements.lock pyproject.toml
	build/lock/bin/uv pip compile $(LOCK_FLAGS) $(UPGRADE) --group build --group dev --group bench \
		--constraint requirements.lock -o requirements-dev.lock pyproject.toml
	rm -rf build/lock

LOCK_FLAGS := --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url

clean:  ## remove what make has made (data folders stay)
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .coverage

# The stamps say which lock file an environment was made from: a second run installs nothing.
.venv/.run: requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) install --no-deps --require-hashes -r requirements.lock
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

build/compiled/.done: .venv/.dev $(SOURCES)
	rm -rf build/compiled build/source dist/*.whl
	mkdir -p build/source && cp -r $(PACKAGES) pyproject.toml README.md build/source  # machine code comes to lie beside it
	HATCH_BUILD_HOOK_ENABLE_MYPYC=true $(PIP) wheel --quiet --no-deps --no-build-isolation --wheel-dir dist build/source
	$(PIP) install --quiet --no-deps --target build/compiled dist/*.whl
	@touch $@

.venv/.dev: requirements-dev.lock .venv/.run
	$(PIP) install --no-deps --require-hashes -r requirements-dev.lock
	@touch $@
