"""The smallest network there is, for tests that need one but not what it makes."""

from typing import Final

from dscvsr_cli.models.network_config import NetworkConfig

SMALLEST: Final = NetworkConfig(
    channels=4,
    growth=4,
    blocks=1,
    layers=1,
    filling_blocks=1,
    motion_levels=2,
    motion_channels=(4,),
    motion_kernel=3,
    head_hidden=4,
)
