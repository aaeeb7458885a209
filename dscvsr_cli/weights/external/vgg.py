"""VGG-19's convolutions for the perceptual loss, fetched from the Hub on first use."""

from pathlib import Path
from typing import Final

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from dscvsr_cli.errors import WeightsError
from dscvsr_cli.weights.hub_address import HubFile

VGG19: Final = HubFile(repo="timm/vgg19.tv_in1k", file="model.safetensors")
"""torchvision's weights of VGG-19, trained on ImageNet, as timm publishes them."""


def load_vgg19(*, cache_dir: Path | None = None) -> dict[str, Tensor]:
    """Return VGG-19's tensors under their usual names, ``features.0.weight`` and so on.

    Args:
        cache_dir: Another cache folder than huggingface_hub's usual one.

    Raises:
        WeightsError: They cannot be fetched, or the file is damaged.
    """
    # Imported late: without the loss, training never loads huggingface_hub.
    from dscvsr_cli.weights.hub.download import fetch_hub_file  # noqa: PLC0415

    try:
        path = fetch_hub_file(VGG19, cache_dir=cache_dir)
    except WeightsError as error:
        raise WeightsError(
            f"the perceptual loss needs VGG-19: {error}",
            hint="fetch it where there is a network (548 MB, once), or train without the loss: "
            "-O vgg_weight=0",
        ) from error
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise WeightsError(
            f"{path} is damaged ({error})", hint="remove it, and it will be fetched again"
        ) from error
