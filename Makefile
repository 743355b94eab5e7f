# Two commands set up a fresh machine: `make demo` and `make test`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DATA ?=
STAMP := $(VENV)/.installed
# Two workers, each a file of tests at a time, in the order that tests/conftest.py gives.
TWO := -n 2 --dist loadfile --no-loadscope-reorder

.PHONY: demo test soak lint bench clean

# The environment is made anew when the requirements change.
$(STAMP): $(wildcard requirements*.txt)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt -r requirements-dev.txt
	@touch $@

# Learns ADD2X2 'right' and fails unless the learned program is correct.
demo: $(STAMP)
	$(BIN)/python demo.py $(if $(DATA),--data_dir=$(DATA))

# Every promise once, in minutes.
test: $(STAMP) lint
	$(BIN)/python -m pytest -q -m "not soak" $(TWO)

# All tests: every case of a promise, kills and signals at many moments, far more random models.
soak: $(STAMP) lint
	TERPRET_FUZZ=20000 TERPRET_FUZZ_HOSTILE=10000 TERPRET_FUZZ_COMMANDS=2000 TERPRET_FUZZ_EXACT=1000 \
		TERPRET_FUZZ_LOOPS=1000 \
		$(BIN)/python -m pytest -q $(TWO)

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

bench: $(STAMP)
	$(BIN)/python benchmarks/step_time.py --model=add2x2_model.py --batch=64
	$(BIN)/python benchmarks/step_time.py --model=add2x2_model.py --batch=256
	$(BIN)/python benchmarks/input_time.py
	$(BIN)/python benchmarks/restarts.py
	$(BIN)/python benchmarks/convolution.py --images=64

clean:
	rm -rf $(VENV) runs
