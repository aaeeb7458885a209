"""Bench: weights in, a report of quality and speed out.

``run`` finds the clips, loads the weights and measures them; ``network_method`` wraps a network as
one of the methods that are compared, run exactly as ``upscale`` runs it. Metrics, methods, tables
and reports are in ``dscvsr_cli/benchmarking``. Start with ``run.py``.
"""
