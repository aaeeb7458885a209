"""Which encoders make what a container holds, and what to choose instead of the others."""

from collections.abc import Iterator
from typing import Final

import av

from dscvsr_cli.errors import UsageError
from dscvsr_cli.video.container import Container
from dscvsr_cli.video.containers import CONTAINERS, PICTURE_ENCODERS

_FEW: Final = 2
"""Containers that a hint names."""


def codec_of(encoder: str) -> str:
    """Return the name of the codec that an encoder writes.

    Raises:
        ValueError: There is no such encoder.
    """
    return av.Codec(encoder, "w").canonical_name


def check_bare_frames(container: Container, encoder: str) -> None:
    """Refuse an encoder for pictures or bare frames that they are not made by.

    Their files hold nothing that says what is inside: whoever reads them goes by the name.

    Raises:
        UsageError: It is not the one that makes them, with ways that fit.
    """
    if container.frames_only and encoder != container.picture_encoder:
        raise refused_codec(container, encoder)


def is_listed(container: Container, encoder: str) -> bool:
    """Return whether the container is known to hold what the encoder makes."""
    return encoder == container.picture_encoder or codec_of(encoder) in container.video


def refused_codec(container: Container, encoder: str) -> UsageError:
    """Return the refusal of an encoder whose codec a container does not hold."""
    ways = ", or ".join([f"--encoder {container.picture_encoder}", *_holders(container, encoder)])
    return UsageError(
        container.refusal(codec_of(encoder), encoder), hint=f"use {ways}", unfit="encoder"
    )


def _holders(container: Container, encoder: str) -> Iterator[str]:
    """Yield outputs that hold what an encoder makes."""
    fitting = (one for one in CONTAINERS if one is not container and is_listed(one, encoder))
    yield from [f"-o out{one.suffix}" for one in fitting][:_FEW]
    suffix = next((one for one, maker in PICTURE_ENCODERS.items() if maker == encoder), None)
    if suffix is not None and not container.is_pictures:
        yield f"-o frames/%05d{suffix} for pictures"
