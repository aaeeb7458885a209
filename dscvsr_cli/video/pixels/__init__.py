"""Pixels: decoded frames as float tensors and back, with exact colours.

Begin with ``convert`` (a frame to ``(3, H, W)`` RGB and back).
``formats`` knows pixel formats and chooses among them, ``colour`` what their numbers mean,
``output_colour`` how an output is tagged, ``chroma`` resamples the chroma planes.
"""
