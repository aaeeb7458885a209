"""A ComfyUI node that enlarges a batch of images as the frames of one video.

Copy this folder into ``ComfyUI/custom_nodes`` and install dscvsr into ComfyUI's Python. The node is
then under *image/upscaling*.
"""

from typing import Any, ClassVar

import torch

from dscvsr_cli import enlarge_frames


class DscvsrUpscale:
    """Enlarges IMAGE tensors: the frames of one video, in order."""

    CATEGORY = "image/upscaling"
    DESCRIPTION = (
        "Enlarges the frames of a video by any factor. Give them in one batch and in order: the "
        "network looks at the frames before and after each one."
    )
    RETURN_TYPES = ("IMAGE",)
    FUNCTION = "upscale"

    WEIGHTS: ClassVar = {
        "video, best": "dscvsr-lite-video",
        "video, fast": "dscvsr-fast-video",
        "clean frames, best": "dscvsr-lite",
        "clean frames, fast": "dscvsr-fast",
    }

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, dict[str, Any]]:  # noqa: N802  # ComfyUI's own name
        """Describe the inputs to ComfyUI."""
        return {
            "required": {
                "images": ("IMAGE",),
                "scale": ("FLOAT", {"default": 2.0, "min": 1.05, "max": 8.0, "step": 0.05}),
                "weights": (list(cls.WEIGHTS),),
            },
            "optional": {"weights_file": ("STRING", {"default": ""})},
        }

    def upscale(
        self, images: torch.Tensor, scale: float, weights: str, weights_file: str = ""
    ) -> tuple[torch.Tensor]:
        """Enlarge a batch.

        Args:
            images: ``(T, H, W, C)`` float32 in [0, 1], RGB first; alpha is left out.
            scale: Factor of both sides.
            weights: A key of ``WEIGHTS``.
            weights_file: A file of weights to take instead.

        Returns:
            ``(T, sH, sW, 3)`` float32 in [0, 1].
        """
        frames = (image[..., :3].float().cpu().numpy() for image in images)
        name = weights_file.strip() or self.WEIGHTS[weights]
        enlarged = enlarge_frames(frames, scale=scale, weights=name)
        return (torch.stack([torch.from_numpy(frame) for frame in enlarged]).clamp(0, 1),)


NODE_CLASS_MAPPINGS = {"DscvsrUpscale": DscvsrUpscale}
NODE_DISPLAY_NAME_MAPPINGS = {"DscvsrUpscale": "Upscale video (dscvsr)"}
