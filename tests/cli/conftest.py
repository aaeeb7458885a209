"""The weights fixtures, for the commands that use weights."""

from tests.weights.conftest import hub, make_catalog, tiny_file, tiny_network

__all__ = ["hub", "make_catalog", "tiny_file", "tiny_network"]
