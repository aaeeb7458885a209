# `make demo` and `make test` set everything up themselves; they need Python 3.11 or newer, and make.
# While you work: `make lint` runs ruff, mypy and the import contracts; `make fast` runs the tests in
# under a minute, without those that are marked slow and those of the whole program. `make release`
# builds what a release consists of into dist/.

# Windows puts the programs of an environment elsewhere. Recipes need a POSIX shell there, such as Git's.
ifeq ($(OS),Windows_NT)
BIN := .venv/Scripts
SHELL := sh.exe
else
BIN := .venv/bin
endif

# Always "python -m": scripts of a virtual environment break where its path holds a space.
RUN := $(BIN)/python -m
STAMP := .venv/.installed
# One process per core; the tests of a file stay together, because they share what they render.
PARALLEL := -n auto --dist loadfile
# What `lint-imports` does, which has no module that could be run by its name.
LINT_IMPORTS := import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())

.PHONY: demo test lint fast release clean

demo: $(STAMP)
	$(RUN) dscvsr_cli demo

test: lint
	$(RUN) pytest $(PARALLEL)

lint: $(STAMP)
	$(RUN) ruff format --check .
	$(RUN) ruff check .
	$(RUN) mypy
	$(BIN)/python -c "$(LINT_IMPORTS)"

fast: $(STAMP)
	$(RUN) pytest $(PARALLEL) -q -m "not slow" --ignore-glob='*/test_end_to_end*'

release: $(STAMP)
	rm -rf dist
	$(RUN) hatchling build -d dist

clean:
	rm -rf .venv build dist demo .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

# PYTHON=/some/python3.12 chooses the interpreter.
$(STAMP): pyproject.toml .constraints.txt
	@for python in "$(PYTHON)" python3.13 python3.12 python3.11 python3 python; do \
	  if [ -n "$$python" ] && "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    echo "setting up .venv with $$("$$python" --version)"; \
	    exec "$$python" -m venv .venv; \
	  fi; \
	done; \
	echo "dscvsr needs Python 3.11 or newer; install it, or name it: make PYTHON=/path/to/python $(MAKECMDGOALS)" >&2; \
	exit 1
	$(RUN) pip install --quiet --disable-pip-version-check -c .constraints.txt -e '.[dev]'
	@touch $(STAMP)
