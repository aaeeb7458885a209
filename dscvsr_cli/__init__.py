"""dscvsr: enlarge any video by any factor with a learned, temporally aware network.

The names in ``__all__`` are the public API; docs/python.md shows how to use them. Everything else
in this package is private and may change with any version. A name is loaded on first use, so that
``import dscvsr_cli`` loads neither torch nor PyAV.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from dscvsr_cli.version import __version__

if TYPE_CHECKING:
    from dscvsr_cli.engine.scene_maker import StreamEvent
    from dscvsr_cli.errors import (
        DamagedWorkError,
        DatasetError,
        DeviceError,
        DscvsrError,
        FrameCountError,
        InputVideoError,
        OutputVideoError,
        RegressionError,
        UsageError,
        VideoError,
        WeightsError,
    )
    from dscvsr_cli.geometry import Size
    from dscvsr_cli.models.network import RecurrentNetwork
    from dscvsr_cli.models.network_config import NetworkConfig
    from dscvsr_cli.pipelines.enlarge_frames import enlarge_frames
    from dscvsr_cli.pipelines.upscale.disk_space import DiskNeed
    from dscvsr_cli.pipelines.upscale.dry_run import DryRunReport, dry_run
    from dscvsr_cli.pipelines.upscale.job import (
        Interrupted,
        OtherWeights,
        UpscaleJob,
        UpscalePlan,
        UpscaleReport,
    )
    from dscvsr_cli.pipelines.upscale.network_plan import NetworkLoader
    from dscvsr_cli.pipelines.upscale.progress import JobProgress
    from dscvsr_cli.pipelines.upscale.run import upscale
    from dscvsr_cli.runtimes.process import ProcessTuning, tune_process
    from dscvsr_cli.video.info import (
        ClockChange,
        ClockJumps,
        Crop,
        HdrMetadata,
        StreamInfo,
        VideoInfo,
    )
    from dscvsr_cli.video.passthrough.passthrough_plan import StreamChoices
    from dscvsr_cli.video.pixels.colour import ColourInfo
    from dscvsr_cli.video.pixels.formats import PlainFormat
    from dscvsr_cli.video.read.probe import probe
    from dscvsr_cli.video.read.read_options import ReadOptions
    from dscvsr_cli.video.span import TimeSpan
    from dscvsr_cli.video.verify.compare_files import compare_files as verify
    from dscvsr_cli.video.verify.findings import Comparison, Finding
    from dscvsr_cli.weights.catalog import BundledFile, Catalog, FasterWeights, WeightsEntry
    from dscvsr_cli.weights.hub_address import HubFile
    from dscvsr_cli.weights.load import LoadedNetwork, load_network

__all__ = [
    "BundledFile",
    "Catalog",
    "ClockChange",
    "ClockJumps",
    "ColourInfo",
    "Comparison",
    "Crop",
    "DamagedWorkError",
    "DatasetError",
    "DeviceError",
    "DiskNeed",
    "DryRunReport",
    "DscvsrError",
    "FasterWeights",
    "Finding",
    "FrameCountError",
    "HdrMetadata",
    "HubFile",
    "InputVideoError",
    "Interrupted",
    "JobProgress",
    "LoadedNetwork",
    "NetworkConfig",
    "NetworkLoader",
    "OtherWeights",
    "OutputVideoError",
    "PlainFormat",
    "ProcessTuning",
    "ReadOptions",
    "RecurrentNetwork",
    "RegressionError",
    "Size",
    "StreamChoices",
    "StreamEvent",
    "StreamInfo",
    "TimeSpan",
    "UpscaleJob",
    "UpscalePlan",
    "UpscaleReport",
    "UsageError",
    "VideoError",
    "VideoInfo",
    "WeightsEntry",
    "WeightsError",
    "__version__",
    "dry_run",
    "enlarge_frames",
    "load_network",
    "probe",
    "tune_process",
    "upscale",
    "verify",
]

_MODULES = {
    "engine.scene_maker": ["StreamEvent"],
    "errors": [
        "DamagedWorkError",
        "DatasetError",
        "DeviceError",
        "DscvsrError",
        "FrameCountError",
        "InputVideoError",
        "OutputVideoError",
        "RegressionError",
        "UsageError",
        "VideoError",
        "WeightsError",
    ],
    "geometry": ["Size"],
    "models.network": ["RecurrentNetwork"],
    "models.network_config": ["NetworkConfig"],
    "pipelines.enlarge_frames": ["enlarge_frames"],
    "pipelines.upscale.disk_space": ["DiskNeed"],
    "pipelines.upscale.dry_run": ["DryRunReport", "dry_run"],
    "pipelines.upscale.job": [
        "Interrupted",
        "OtherWeights",
        "UpscaleJob",
        "UpscalePlan",
        "UpscaleReport",
    ],
    "pipelines.upscale.network_plan": ["NetworkLoader"],
    "pipelines.upscale.progress": ["JobProgress"],
    "pipelines.upscale.run": ["upscale"],
    "runtimes.process": ["ProcessTuning", "tune_process"],
    "video.info": [
        "ClockChange",
        "ClockJumps",
        "Crop",
        "HdrMetadata",
        "StreamInfo",
        "VideoInfo",
    ],
    "video.passthrough.passthrough_plan": ["StreamChoices"],
    "video.pixels.colour": ["ColourInfo"],
    "video.pixels.formats": ["PlainFormat"],
    "video.read.read_options": ["ReadOptions"],
    "video.read.probe": ["probe"],
    "video.span": ["TimeSpan"],
    "video.verify.findings": ["Comparison", "Finding"],
    "video.verify.compare_files": ["verify"],
    "weights.catalog": ["BundledFile", "Catalog", "FasterWeights", "WeightsEntry"],
    "weights.hub_address": ["HubFile"],
    "weights.load": ["LoadedNetwork", "load_network"],
}
"""Which module below this package each public name comes from."""

_OWN_NAMES = {"verify": "compare_files"}
"""What a module itself calls a public name, if that differs."""


def __getattr__(name: str) -> object:
    """Load a public name from its module on first use."""
    for module, names in _MODULES.items():
        if name in names:
            value: object = getattr(
                import_module(f"{__name__}.{module}"), _OWN_NAMES.get(name, name)
            )
            globals()[name] = value
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return sorted({*globals(), *__all__})
