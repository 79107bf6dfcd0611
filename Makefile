# legaltune: `make help` lists what there is.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3.11
VENV   := .venv
BIN    := $(VENV)/bin
CORPUS ?=
OUT    ?= runs/demo
ARGS   ?=

REAL   ?= ../shared/corpus

.PHONY: help install prepare demo test check fuzz bench bench-citations bench-near-duplicates bench-corpus \
  bench-equality bench-loss bench-train bench-gpu gpu-bundle format lock base-model clean

help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  \033[1m%-22s\033[0m %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  Variables: CORPUS=folder (real documents for the demo), OUT=folder of the run, REAL=folder (benchmarks),"
	@echo "             ARGS=\"section.field=value ...\""

# torch comes first and by exact version: its CPU and CUDA builds differ, and a build that is there already is kept.
$(VENV)/installed: pyproject.toml requirements/lock.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet torch==2.13.0
	$(BIN)/python -m pip install --quiet torch==2.13.0 --requirement requirements/lock.txt
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	touch $@

install: $(VENV)/installed  ## Set up .venv with pinned versions

prepare: $(VENV)/installed  ## Documents in CORPUS -> prepared dataset in OUT (a folder or s3:// each)
	$(BIN)/legaltune prepare $(CORPUS) --out $(OUT) $(ARGS)

demo: $(VENV)/installed  ## From documents to an evaluated adapter: no network, no GPU, no account
	$(BIN)/legaltune demo --run-dir $(OUT) $(if $(CORPUS),--corpus $(CORPUS)) $(ARGS)

test: $(VENV)/installed  ## Run all tests
	$(BIN)/pytest $(ARGS)

check: $(VENV)/installed  ## Lint, types, layers, shell scripts
	$(BIN)/ruff check . entrypoint/preprocess
	$(BIN)/ruff format --check . entrypoint/preprocess
	$(BIN)/mypy
	$(BIN)/mypy --scripts-are-modules entrypoint/preprocess
	$(BIN)/lint-imports
	$(BIN)/shellcheck .ci/run

fuzz: $(VENV)/installed  ## Read 20,000 damaged documents: no crash, no hang, each accounted for
	$(BIN)/python scripts/fuzz_readers.py --corpus $(REAL) --documents 20000 $(ARGS)

bench: bench-citations bench-near-duplicates bench-corpus bench-loss bench-equality bench-train  ## All benchmarks for a CPU

bench-citations: $(VENV)/installed  ## Precision and recall of citations against a hand-made gold set
	$(BIN)/python scripts/bench_citations.py --corpus $(REAL) $(ARGS)

bench-near-duplicates: $(VENV)/installed  ## Recall and precision on planted near duplicates
	$(BIN)/python scripts/bench_near_duplicates.py $(ARGS)

bench-corpus: $(VENV)/installed  ## Speed and memory of the preparation against the source article's snippet
	$(BIN)/python scripts/bench_corpus.py --corpus $(REAL)/rii_xml $(ARGS)

bench-equality: $(VENV)/installed  ## Every method and plan of training against a plain torch loop
	OMP_NUM_THREADS=1 $(BIN)/python scripts/bench_equality.py $(ARGS)

bench-loss: $(VENV)/installed  ## Peak memory and time of the loss at a vocabulary of 152,064
	$(BIN)/python scripts/bench_loss.py $(ARGS)

bench-train: $(VENV)/installed  ## Tokens/s of training against TRL's SFTTrainer
	$(BIN)/python scripts/bench_train.py $(ARGS)

bench-gpu: $(VENV)/installed  ## Qwen2.5-7B's shape on a CUDA GPU (ARGS=--tiny runs through on a CPU)
	$(BIN)/python scripts/bench_gpu.py $(ARGS)

gpu-bundle: $(VENV)/installed  ## build/legaltune-gpu.tar: bench-gpu and all it needs, for a CUDA machine without network
	mkdir -p build
	$(BIN)/python scripts/gpu_bundle.py build/legaltune-gpu.tar $(ARGS)

format: $(VENV)/installed  ## Format the code and mend what the linter can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock:  ## Renew requirements/lock.txt from pyproject.toml (with a CPU build of torch)
	rm -rf build/lock
	$(PYTHON) -m venv build/lock
	build/lock/bin/python -m pip install --quiet torch==2.13.0
	build/lock/bin/python -m pip install --quiet torch==2.13.0 '.[train,mlflow,bench,ray,dev]'
	(echo "# Exact versions of everything but torch; made with 'make lock'."; \
	  build/lock/bin/python -m pip freeze --exclude legaltune --exclude torch) > requirements/lock.txt

base-model: $(VENV)/installed  ## Train the built-in tiny base model anew (about 15 minutes on 2 cores)
	$(BIN)/python scripts/build_base_model.py

clean:  ## Remove caches (runs and .venv stay)
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
