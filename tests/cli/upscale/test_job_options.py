"""Options and jobs say the same: whoever adds a field to one alone learns it here."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import pytest

from dscvsr_cli.cli.upscale.job_options import JobOptions
from dscvsr_cli.geometry import Size
from dscvsr_cli.pipelines.upscale.job import UpscaleJob

OF_THE_COMMAND: Final = {
    *("dry_run", "preset", "no_defaults", "print_config", "json", "quiet"),
    "files",
}
"""Options that say what the command does, and nothing about a job."""

OF_THE_FILE: Final = {"source", "target", "makes_folder"}
"""Fields of a job that are given by the names of its input and output."""

USED: Final[dict[str, dict[str, Any]]] = {
    "scale": {"scale": 2.0},
    "size": {"size": Size(height=108, width=192)},
    "width": {"width": 192},
    "height": {"height": 108},
    "square_pixels": {"square_pixels": True},
    "deinterlace": {"deinterlace": True},
    "field_order": {"field_order": "top"},
    "fps": {"fps": Fraction(24)},
    "start_number": {"start_number": 7},
    "video_stream": {"video_stream": 1},
    "strict": {"strict": True},
    "allow_playlist": {"allow_playlist": True},
    "overwrite": {"overwrite": True},
    "encoder": {"encoder": "libx265"},
    "crf": {"crf": 20.0},
    "encoder_preset": {"encoder_preset": "slow"},
    "pixel_format": {"pixel_format": "yuv444p"},
    "lossless": {"lossless": True},
    "encoder_options": {"encoder_options": ["tune=film"]},
    "container": {"container": "mkv"},
    "output_format": {"output_format": "nut"},
    "audio_encoder": {"audio_encoder": "aac"},
    "audio_bitrate": {"audio_encoder": "aac", "audio_bitrate": 96_000},
    "no_audio": {"no_audio": True},
    "no_subtitles": {"no_subtitles": True},
    "no_other_videos": {"no_other_videos": True},
    "drop_unsupported": {"drop_unsupported": True},
    "weights": {"weights": "dscvsr-lite"},
    "device": {"device": "cpu"},
    "dtype": {"dtype": "float32"},
    "runtime": {"runtime": "torch"},
    "ensemble": {"ensemble": 2},
    "steady": {"steady": True},
    "memory": {"memory": 10**9},
    "start": {"start": Fraction(1), "preview": Fraction(5)},
    "end": {"end": Fraction(3)},
    "preview": {"preview": Fraction(5)},
    "compare": {"compare": "side"},
    "resume": {"resume": True},
    "restart": {"restart": True},
    "checkpoint": {"checkpoint": 24},
    "jobs": {"jobs": 2},
    "defaults": {"defaults": frozenset({"crf"})},
}
"""Every option of a job with a value that is not its default, and what it needs beside it."""


def leaves(value: object, name: str = "") -> Iterator[tuple[str, object]]:
    """Yield the fields of a dataclass and of those in it, by their names."""
    if not is_dataclass(value):
        yield name, value
        return
    for field in fields(value):
        yield from leaves(getattr(value, field.name), f"{name}.{field.name}".lstrip("."))


def changed_by(options: dict[str, Any], beside: dict[str, Any]) -> set[str]:
    """Return the fields of a job that options change, compared with only those beside them."""
    source = Path("clip.mp4")
    before = dict(leaves(JobOptions(**beside).job_for(source)))
    after = dict(leaves(JobOptions(**options).job_for(source)))
    return {name for name, value in after.items() if value != before[name]}


def test_every_option_of_a_job_is_listed_here() -> None:
    assert {field.name for field in fields(JobOptions)} == USED.keys() | OF_THE_COMMAND


@pytest.mark.parametrize("option", USED)
def test_every_option_of_a_job_reaches_it(option: str) -> None:
    given = USED[option]
    assert changed_by(given, {name: given[name] for name in given if name != option})


def test_every_field_of_a_job_is_reached_by_an_option() -> None:
    reached = set().union(*(changed_by(given, {}) for given in USED.values()))
    assert reached | OF_THE_FILE == dict(leaves(UpscaleJob(source=Path("clip.mp4")))).keys()
