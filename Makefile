# `make demo` and `make test` do all set-up themselves. Needed: Python 3.11 or newer, and make.

# Always "python -m": scripts of a virtual environment break where its path holds a space.
RUN := .venv/bin/python -m
STAMP := .venv/.installed

.PHONY: demo test clean

demo: $(STAMP)
	$(RUN) dscvsr_cli demo

test: $(STAMP)
	$(RUN) ruff format --check .
	$(RUN) ruff check .
	$(RUN) mypy
	.venv/bin/python .venv/bin/lint-imports
	$(RUN) pytest

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
