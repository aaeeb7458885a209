"""Pipelines: one job each, from files to files; they connect the packages below and own no maths.

``demo_job``, ``bench`` and ``train`` are commands of their own; ``upscale`` makes one video out of
another, with ``resume`` for runs that were interrupted and ``network_cost`` for the memory plan;
``compare`` makes a page out of two videos.
Start with ``upscale/run.py``: the whole way of a video on one screen.
"""
