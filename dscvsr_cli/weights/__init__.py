"""Weights: begin with ``load``, which turns a name into a network that is ready to run.

``catalog`` reads weights.toml; ``locate`` finds a file, which ``checksum`` checks and
``network_file`` reads and writes. ``describe`` and ``model_card`` say what a file holds. ``hub/``
talks to the Hugging Face Hub (``hub_address`` only parses names); ``external/`` reads the files of
other projects; ``bundled/`` holds the weights inside the package.
"""
