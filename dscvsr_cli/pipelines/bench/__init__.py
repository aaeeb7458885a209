"""From data sets and weights to a benchmark: begin with ``run``.

``run`` finds clips, weights and peers for a job and measures quality or speed; ``network_method``
runs a network just as ``upscale`` does.
"""
