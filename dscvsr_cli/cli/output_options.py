"""Options about what goes into the output beside the picture, and about its encoder."""

import re
from typing import Annotated

import typer

from dscvsr_cli.cli import panels
from dscvsr_cli.errors import UsageError

_BITRATE = re.compile(r"(\d+(?:\.\d*)?)\s*([kM]?)(?:bit/s|b/s|bps)?", re.IGNORECASE)
_PREFIXES = {"": 1, "k": 1_000, "m": 1_000_000}


def parse_bitrate(text: str) -> int:
    """Read ``192k``, ``1.5M`` or ``192000`` -> bits per second.

    Raises:
        UsageError: Not a number with such a unit.
    """
    match = _BITRATE.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"cannot read {text!r} as a bit rate", hint="write 192k or 192000")
    return round(float(match[1]) * _PREFIXES[match[2].lower()])


def parse_encoder_option(text: str) -> tuple[str, str]:
    """Read ``key=value`` -> both; the value may hold further signs of equality.

    Raises:
        UsageError: No sign of equality, or nothing before it.
    """
    name, found, value = text.partition("=")
    if not found or not name.strip():
        raise UsageError(
            f"cannot read {text!r} as an encoder option", hint="write --enc-opt tune=film"
        )
    return name.strip().lstrip("-"), value.strip()


EncoderOptionsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--enc-opt",
        metavar="KEY=VALUE",
        help="A further option of the video encoder, such as tune=film; may be repeated.",
        show_default=False,
        rich_help_panel=panels.ENCODING,
    ),
]

FormatOption = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="y4m|matroska|mpegts|nut",
        help="What is written to a pipe (-o -).",
        show_default="y4m",
        rich_help_panel=panels.ENCODING,
    ),
]

AudioEncoderOption = Annotated[
    str | None,
    typer.Option(
        "--audio-encoder",
        metavar="NAME",
        help="Encode all sound anew: aac, libopus, flac, ac3, ...",
        show_default="sound is copied",
        rich_help_panel=panels.STREAMS,
    ),
]

AudioBitrateOption = Annotated[
    int | None,
    typer.Option(
        "--audio-bitrate",
        parser=parse_bitrate,
        metavar="RATE",
        help="Bits per second of each encoded sound track, such as 192k.",
        show_default="96k per channel",
        rich_help_panel=panels.STREAMS,
    ),
]

NoAudioOption = Annotated[
    bool,
    typer.Option(
        "--no-audio",
        help="Leave out all sound.",
        rich_help_panel=panels.STREAMS,
    ),
]

NoSubtitlesOption = Annotated[
    bool,
    typer.Option(
        "--no-subs",
        help="Leave out all subtitles.",
        rich_help_panel=panels.STREAMS,
    ),
]

DropUnsupportedOption = Annotated[
    bool,
    typer.Option(
        "--drop-unsupported",
        help="Leave out what the output's container cannot hold, instead of refusing.",
        rich_help_panel=panels.STREAMS,
    ),
]
