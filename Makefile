# make: set up and run the first look.  make study: all comparisons.  make test: the tests.  All set up what they need,
# which is git, make and Python 3.11 or later.
PYTHON ?= python3
UV := 0.13.8
CORES ?= all
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Modules are compiled once, not by each process.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: run study setup test benchmark lock lint schema conda ffmpeg

run: setup
	snakemake --cores $(CORES)

study: setup
	snakemake --cores $(CORES) --configfile config/study.yaml

setup: .venv/complete

.venv/complete: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Fewstems needs Python 3.11 or later, $(PYTHON) is older; name another: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) has no venv module; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --disable-pip-version-check uv==$(UV)
	$(BIN)/uv pip sync --python $(BIN)/python --require-hashes requirements.lock
	touch $@

# The tests cover the readers of MUSDB18's .stem.mp4, which need ffmpeg; the default run does not.
ffmpeg:
	@command -v ffmpeg >/dev/null && command -v ffprobe >/dev/null || { \
	  echo "ffmpeg and ffprobe are missing: installing them"; \
	  SUDO=$$([ $$(id -u) = 0 ] || echo "sudo -n"); \
	  $$SUDO apt-get update -q && $$SUDO env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends ffmpeg; } \
	|| { echo "The tests need ffmpeg and ffprobe on the PATH; install them: apt-get install ffmpeg, or conda install ffmpeg"; exit 1; }

# Two files of tests at once on two cores.
test: setup ffmpeg lint
	pytest -n auto --dist loadfile --no-loadscope-reorder --max-worker-restart 0

benchmark: setup ffmpeg
	python -m tests.benchmarks

lint: setup
	ruff check .
	ruff format --check .
	snakefmt --check Snakefile rules
	snakemake --lint
	mypy

# Write config/schema.yaml anew from the declarations in the code.
schema: setup
	python -m workflow_scripts.plan.schema

# Write the lock anew from pyproject.toml.
lock:
	$(BIN)/pip install --disable-pip-version-check uv==$(UV)
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --extra dev pyproject.toml -o requirements.lock

# Inside an active conda environment made from environment.yml.
conda:
	uv pip sync --require-hashes requirements.lock
