# Everything needs only Python 3.11 and make; each target sets up what it needs, once.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
WORKERS ?= 2
LOWEST := .venv-lowest
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check --no-input

.PHONY: demo test test-lowest soak check bench lock bundles-table clean

## demo: new melodies as MIDI, MP3 and PNG with a contact sheet, in demo/ (installs no torch)
demo: $(VENV)/.play
	$(BIN)/antiphon generate melody -n 6 --bars 16 --seed 2026 --audio mp3 --picture -o demo
	@echo
	@echo "Your melodies are in demo/. Open demo/index.html in a browser to hear and compare them."

## test: the whole suite
test: $(VENV)/.develop
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

## test-lowest: the whole suite with the oldest version of each library that pyproject.toml allows. `make test` on
## a fresh machine has the newest. What old libraries say about newer ones that they use is no failure.
test-lowest: $(LOWEST)/.ready
	$(MAKE) test VENV=$(LOWEST) PYTEST_ARGS="-W default::DeprecationWarning $(PYTEST_ARGS)"

## soak: long runs apart from the suite: damaged files, bundles, corpora and runs by the thousand, errors of the
## system at every call, kills, races, and a whole collection
soak: $(VENV)/.develop
	$(BIN)/python benchmarks/fuzz_midi.py -n 20000
	for format in abc musicxml mxl tfrecord; do $(BIN)/python benchmarks/fuzz_formats.py $$format -n 2000 || exit 1; done
	$(BIN)/python benchmarks/extreme_sequences.py -n 2000
	$(BIN)/python benchmarks/altered_corpora.py -n 1000
	$(BIN)/python benchmarks/formats_table.py --unexpected
	$(BIN)/python benchmarks/hostile_bundles.py
	$(BIN)/python benchmarks/hostile_bundles.py --mutants 20000
	$(BIN)/python benchmarks/altered_runs.py -n 500
	$(BIN)/python benchmarks/faults.py
	$(BIN)/python benchmarks/kills.py -n 200
	$(BIN)/python benchmarks/races.py -n 50

## check: style and types
check: $(VENV)/.develop
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

## bench: the speed and memory table, as ratios measured in one run
bench: $(VENV)/.develop
	$(BIN)/python benchmarks/table.py

## bundles-table: evaluate the shipped bundles again and write their cards and the README's table
bundles-table: $(VENV)/.develop
	$(BIN)/python benchmarks/bundles_table.py

$(VENV)/.python:
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.play: $(VENV)/.python pyproject.toml
	@echo "Installing what is needed to play (a minute, once)..."
	$(PIP) -e .
	@touch $@

$(VENV)/.develop: $(VENV)/.python pyproject.toml constraints.txt
	@echo "Installing what is needed to train and test (some minutes, once)..."
	$(PIP) -c constraints.txt -e '.[all,dev]'
	@touch $@ $(VENV)/.play

## lock: requirements.lock anew: what plays, version by version with the hash of each file, for all systems
lock: $(VENV)/.develop
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --upgrade -q \
		--no-emit-index-url --no-emit-find-links --no-annotate --custom-compile-command "make lock" -o requirements.lock

$(LOWEST)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(LOWEST)
	$(PYTHON) benchmarks/lowest_versions.py > $(LOWEST)/lowest.txt
	@echo "Installing the oldest versions that we allow (some minutes, once)..."
	$(LOWEST)/bin/python -m pip install -qq --disable-pip-version-check --no-input -c constraints.txt -c $(LOWEST)/lowest.txt -e '.[all,dev]'
	@touch $@ $(LOWEST)/.python $(LOWEST)/.play $(LOWEST)/.develop

clean:
	rm -rf demo build dist .pytest_cache .mypy_cache .ruff_cache
