"""Run the command line as ``python -m dscvsr_cli``."""

import sys

from dscvsr_cli.cli.app import program

if __name__ == "__main__":
    sys.exit(program())
