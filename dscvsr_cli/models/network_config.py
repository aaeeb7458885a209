"""NetworkConfig: everything needed to rebuild a network, stored beside its weights."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from types import MappingProxyType
from typing import Final, Literal, Self, get_args

BlockKind = Literal["separable", "dense", "residual"]
SeparableOrder = Literal["depthwise-first", "pointwise-first"]

_MOST_CHANNELS: Final = 1024
_MOST_MOTION_LAYERS: Final = 16
_MOST: Final[Mapping[str, int]] = MappingProxyType(
    {
        "channels": _MOST_CHANNELS,
        "growth": _MOST_CHANNELS,
        "blocks": 256,
        "layers": 64,
        "filling_blocks": 256,
        "motion_levels": 16,
        "motion_finest": 16,
        "motion_kernel": 63,
        "head_hidden": 8192,
    }
)
"""The largest sizes, each several times those of any network that was ever published."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkConfig:
    """Sizes of one recurrent network; the defaults are the paper's (section 4.1)."""

    block: BlockKind = "separable"
    """Layers of the feature blocks: "separable" is DSCVSR's DSCB, "dense" is MetaVSR's block,
    "residual" is BasicVSR's trunk, which has no growth, no layers and no fusion of its blocks."""

    separable_order: SeparableOrder = "depthwise-first"
    """Which half of a depthwise separable convolution comes first (MobileNet's, or BSConv's)."""

    channels: int = 64
    """Channels of the features that travel through time."""

    growth: int = 64
    """Channels that each layer of a block adds."""

    blocks: int = 16
    """Feature blocks per direction."""

    layers: int = 8
    """Densely connected layers per block."""

    filling_blocks: int = 15
    """Residual blocks of the information filling on odd frames (Eq. 4); 0 leaves filling out."""

    motion_levels: int = 6
    """Levels of the motion pyramid, each half as large as the one before."""

    motion_finest: int = 0
    """Halvings before the finest level that is estimated; 0 estimates at full size."""

    motion_channels: tuple[int, ...] = (32, 64, 32, 16)
    """Channels between the convolutions of one motion level."""

    motion_kernel: int = 7
    """Side of the motion convolutions, odd."""

    motion_slope: float = 0.0
    """Negative slope of the motion network's ReLU; 0 is SPyNet's, small networks die with it."""

    motion_consensus: bool = False
    """Whether a network that is not in training takes the motion of the whole picture where that
    explains the pictures as well as the estimated one; the paper's does not."""

    head_hidden: int = 256
    """Hidden units of the Meta-Upscale filter predictor."""

    state_limit: float = 0.0
    """Bound of the values that travel through time, either sign; 0 sets none. A recurrence learns
    on a dozen frames; on pictures unlike those, what it carries along may grow without end."""

    def __post_init__(self) -> None:
        """Refuse kinds that do not exist and sizes that no network can have."""
        for name, kinds in (("block", BlockKind), ("separable_order", SeparableOrder)):
            if getattr(self, name) not in get_args(kinds):
                known = " or ".join(get_args(kinds))
                raise ValueError(f"{name} must be {known}, got {getattr(self, name)!r}")
        for name, most in _MOST.items():
            least = 0 if name in ("filling_blocks", "motion_finest") else 1
            _check_size(name, getattr(self, name), least=least, most=most)
        if self.motion_kernel % 2 == 0:
            raise ValueError(f"motion_kernel must be odd, got {self.motion_kernel}")
        slope = self.motion_slope
        if type(slope) not in (int, float) or not 0 <= slope < 1:
            raise ValueError(f"motion_slope must lie in [0, 1), got {slope!r}")
        if type(self.motion_consensus) is not bool:
            raise ValueError(
                f"motion_consensus must be true or false, got {self.motion_consensus!r}"
            )
        limit = self.state_limit
        if type(limit) not in (int, float) or not 0 <= limit < math.inf:
            raise ValueError(f"state_limit must not be negative, got {limit!r}")
        if not isinstance(self.motion_channels, tuple):
            raise ValueError(f"motion_channels must be a list, got {self.motion_channels!r}")  # noqa: TRY004
        if len(self.motion_channels) > _MOST_MOTION_LAYERS:
            raise ValueError(f"motion_channels must name at most {_MOST_MOTION_LAYERS} layers")
        for size in self.motion_channels:
            _check_size("motion_channels", size, least=1, most=_MOST_CHANNELS)

    def to_json(self) -> str:
        """Return the config as one JSON object, keys sorted."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Rebuild a config from ``to_json``'s text.

        Raises:
            ValueError: Not a JSON object, an unknown key, or a size that cannot be.
        """
        return cls.from_values(json.loads(text))

    @classmethod
    def from_values(cls, values: object) -> Self:
        """Build a config from a table of plain values, as in a recipe or a weights file.

        Raises:
            ValueError: Not a table, an unknown key, or a size that cannot be.
        """
        if not isinstance(values, dict):
            raise ValueError(f"expected a table, got {type(values).__name__}")  # noqa: TRY004
        unknown = set(values) - {field.name for field in fields(cls)}
        if unknown:
            raise ValueError(f"unknown keys in the network config: {', '.join(sorted(unknown))}")
        if isinstance(values.get("motion_channels"), list):
            values = values | {"motion_channels": tuple(values["motion_channels"])}
        return cls(**values)


def _check_size(name: str, value: object, *, least: int, most: int) -> None:
    # Types as well, for values come from files: 8.5 channels would fail far from here.
    if type(value) is not int:
        raise ValueError(f"{name} must be a whole number, got {value!r}")
    if value < least:
        raise ValueError(f"{name} must be at least {least}, got {value}")
    if value > most:
        # No network that anybody could run is larger, and a file may say anything.
        raise ValueError(f"{name} must be at most {most}, and is larger")


DSCVSR_PAPER = NetworkConfig()
"""The paper's student: 16 DSCB of 8 layers per direction, filling on odd frames."""

METAVSR_PAPER = NetworkConfig(block="dense", filling_blocks=0)
"""The paper's teacher: the same skeleton with ordinary dense blocks, without filling."""
