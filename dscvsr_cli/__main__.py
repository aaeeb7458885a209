"""Run the command line as ``python -m dscvsr_cli``."""

import sys

from dscvsr_cli.cli.app import main

sys.exit(main())
