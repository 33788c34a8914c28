# Each target does its own set-up: it makes .venv, installs Weber with its test tools into it, and goes.
#   make demo    compiles the digits example, trains it in two ways and describes the artifacts in build/
#   make test    the linter and the tests
#   make lint    the linter alone
#   make bench   the benchmarks against PyTorch and JAX, which get an environment of their own

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
BENCH_BIN := .venv-bench/bin
BENCH_READY := .venv-bench/.ready

.PHONY: demo test lint bench clean

demo: $(READY)
	$(BIN)/weber compile examples/digits.jl -o build/
	$(BIN)/weber run examples/digits.jl
	$(BIN)/python examples/train_anywhere.py build
	$(BIN)/weber inspect build/digits.predict.onnx
	$(BIN)/weber inspect build/digits.train_step.onnx

test: lint
	$(BIN)/pytest -m "not long"

lint: $(READY)
	$(BIN)/ruff check .

bench: $(BENCH_READY)
	$(BENCH_BIN)/python -m bench

clean:
	rm -rf .venv .venv-bench build dist *.egg-info

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "Python 3.11 or newer is needed; name one with: make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@

$(BENCH_READY): pyproject.toml bench/requirements.txt
	$(PYTHON) -m venv .venv-bench
	$(BENCH_BIN)/python -m pip install --quiet --disable-pip-version-check --editable . -r bench/requirements.txt
	@touch $@
