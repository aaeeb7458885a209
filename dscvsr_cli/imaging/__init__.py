"""Arithmetic on frames as tensors: no files, no networks to train.

Sizes: ``resize`` (bicubic as the papers mean it), ``blur``. Quality: ``psnr``, ``ssim``, ``lpips``,
``warping_error``, on ``luma`` and after rounding (``quantise``). Motion: ``lucas_kanade``,
``warp``. Captions: ``bitmap_font``.
"""
