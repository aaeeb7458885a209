"""Weights files of other projects, read without running any code in them.

``teacher`` opens a network to learn from, ``basicvsr`` converts public BasicVSR checkpoints,
``vgg`` and ``lpips_weights`` read the networks behind the perceptual loss and LPIPS.
"""
