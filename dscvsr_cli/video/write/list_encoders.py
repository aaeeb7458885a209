"""List what this build of FFmpeg can encode, container by container."""

import io
from dataclasses import dataclass
from typing import cast

import av
from av.video.stream import VideoStream

from dscvsr_cli.errors import UsageError
from dscvsr_cli.video.container import Container
from dscvsr_cli.video.containers import CONTAINERS
from dscvsr_cli.video.write.encoder_options import offered_formats
from dscvsr_cli.video.write.encoder_quality import required_hardware
from dscvsr_cli.video.write.kept_scheduling import kept_scheduling

_TRIED_SIDE = 256
"""Rows and columns of the frames that hardware is tried with; some refuse smaller ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerEncoders:
    """The encoders of one container."""

    suffix: str
    """How files of the container end, such as ``.mp4``."""
    default: str
    """The encoder that is taken if none is named."""
    encoders: tuple[str, ...]
    """All that work here, the default first."""
    lacking_hardware: tuple[str, ...]
    """Those that this build has and this machine cannot run."""


def list_encoders(suffix: str | None = None) -> list[ContainerEncoders]:
    """Return the video encoders of every container, or of one.

    Encoders that need hardware are tried out.

    Args:
        suffix: With or without its dot; None takes every container.

    Raises:
        UsageError: No container has this suffix.
    """
    wanted = None if suffix is None else f".{suffix.lower().lstrip('.')}"
    containers = [c for c in CONTAINERS if wanted in (None, c.suffix, *c.other_suffixes)]
    if not containers:
        known = ", ".join(container.suffix for container in CONTAINERS)
        raise UsageError(f"there is no container {suffix!r}", hint=f"choose one of {known}")
    works: dict[str, bool] = {}
    return [_of_container(container, works) for container in containers]


def video_encoders() -> list[str]:
    """Return the names of all encoders that some container here can hold."""
    names = {name for container in CONTAINERS for name in _candidates(container)}
    return sorted(names)


def _of_container(container: Container, works: dict[str, bool]) -> ContainerEncoders:
    names = _candidates(container)
    for name in names:
        if name not in works:
            works[name] = required_hardware(name) is None or _opens(name)
    usable = [name for name in names if works[name]]
    default = container.picture_encoder
    return ContainerEncoders(
        suffix=container.suffix,
        default=default,
        encoders=(
            *(name for name in usable if name == default),
            *(name for name in usable if name != default),
        ),
        lacking_hardware=tuple(name for name in names if not works[name]),
    )


def _candidates(container: Container) -> list[str]:
    """Return the encoders of this build whose codec the container holds, by name."""
    found = []
    for name in sorted(av.codecs_available):
        try:
            codec = av.Codec(name, "w")
        except ValueError:
            continue
        if codec.type == "video" and codec.canonical_name in container.video and codec.name == name:
            found.append(name)
    if container.picture_encoder in av.codecs_available and container.picture_encoder not in found:
        found.append(container.picture_encoder)
    return found


def _opens(encoder: str) -> bool:
    try:
        pixel_format = offered_formats(encoder)[0]
        with av.open(io.BytesIO(), "w", format="matroska") as output:
            stream = cast("VideoStream", output.add_stream(encoder, rate=25))
            context = stream.codec_context
            context.width = context.height = _TRIED_SIDE
            context.pix_fmt = pixel_format
            with kept_scheduling():
                context.open()
    except (av.FFmpegError, ValueError, IndexError, UsageError):
        return False
    return True
