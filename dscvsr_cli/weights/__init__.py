"""Weights: what exists, where it lies, and a network ready to run."""
