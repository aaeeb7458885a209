"""Batches to train on: begin with ``sampler``, which draws and augments them.

``load_clips`` reads footage into a pool on the device (``clip_pool``); ``clip_window`` decides
which part of a data set larger than memory is held. ``virtual_camera`` films photographs; ``noise``
degrades low-resolution frames.
"""
