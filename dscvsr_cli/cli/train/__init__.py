"""``dscvsr train``: begin with ``command``.

``options`` describes every option; ``command`` turns them into a recipe and a data reader, and
trains or estimates; ``output`` follows the run on the terminal and words the report.
"""
