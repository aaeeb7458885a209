"""The options of ``dscvsr upscale`` that say how frames are encoded."""

from typing import Annotated

import typer

from dscvsr_cli.cli.options import Panel, complete_encoders

EncoderOption = Annotated[
    str | None,
    typer.Option(
        "--encoder",
        metavar="NAME",
        help="FFmpeg's name of the video encoder: libx264, libx265, libsvtav1, ffv1, ...; "
        "`dscvsr encoders` lists them. A codec's name (h264, hevc, av1) takes its usual one.",
        autocompletion=complete_encoders,
        show_default="libx264, or what the container and the input's depth and alpha need",
        rich_help_panel=Panel.ENCODING,
    ),
]

CrfOption = Annotated[
    float | None,
    typer.Option(
        "--crf",
        metavar="NUMBER",
        help="Constant quality on the encoder's own scale, lower is better: 0 to 51 for libx264, "
        "libx265 and NVENC's H.264 and HEVC, 0 to 63 for VP9 and AV1, 1 to 31 for MPEG-4 and JPEG.",
        show_default="close to the original: 16 for libx264, 18 for libx265 and VP9, 20 for "
        "libsvtav1",
        rich_help_panel=Panel.ENCODING,
    ),
]

EncoderPresetOption = Annotated[
    str | None,
    typer.Option(
        "--encoder-preset",
        metavar="NAME",
        help="The encoder's -preset: slow, medium, fast, ... for libx264 and libx265, a number for "
        "libsvtav1.",
        show_default="the encoder's own",
        rich_help_panel=Panel.ENCODING,
    ),
]

PixelFormatOption = Annotated[
    str | None,
    typer.Option(
        "--pix-fmt",
        metavar="NAME",
        help="Pixel format of the output, such as yuv420p10le.",
        show_default="the input's depth and chroma",
        rich_help_panel=Panel.ENCODING,
    ),
]

LosslessOption = Annotated[
    bool,
    typer.Option(
        "--lossless",
        help="Encode without any loss, with libx264, libx265, ffv1 and others that can.",
        rich_help_panel=Panel.ENCODING,
    ),
]

EncoderOptionsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--enc-opt",
        metavar="KEY=VALUE",
        help="Pass a private option to the video encoder, such as tune=film; may be repeated.",
        show_default=False,
        rich_help_panel=Panel.ENCODING,
    ),
]

ContainerOption = Annotated[
    str | None,
    typer.Option(
        "--container",
        metavar="SUFFIX",
        help="Container of outputs that are named after their inputs: mp4, mkv, ...; the suffix "
        "of an -o FILE wins.",
        show_default="the input's",
        rich_help_panel=Panel.ENCODING,
    ),
]

FormatOption = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="y4m|matroska|mpegts|nut",
        help="Format of a piped output (-o -).",
        show_default="y4m",
        rich_help_panel=Panel.ENCODING,
    ),
]
