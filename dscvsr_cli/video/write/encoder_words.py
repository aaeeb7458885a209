"""What each encoder calls what ``EncodeOptions`` ask of it, and what it does not have at all."""

import difflib
from typing import Final

import av
from av.codec.context import OptionFlags

from dscvsr_cli.errors import UsageError
from dscvsr_cli.geometry import Size
from dscvsr_cli.video.encoder_names import shown_encoder
from dscvsr_cli.video.info import HdrMetadata
from dscvsr_cli.video.pixels.formats import plain_format
from dscvsr_cli.video.write.encoder_options import EncodeOptions, offered_formats
from dscvsr_cli.video.write.encoder_quality import (
    lossless_options,
    quality_options,
    quality_setting,
)
from dscvsr_cli.video.write.private_parameters import private_parameters, safety_parameters
from dscvsr_cli.video.write.said_twice import repeated, says_again, sets_rate

_PRESET_OPTION: Final = {
    "libvpx": "cpu-used",
    "libvpx-vp9": "cpu-used",
    "libaom-av1": "cpu-used",
    "librav1e": "speed",
    "h264_amf": "quality",
    "hevc_amf": "quality",
    "av1_amf": "quality",
}
"""What encoders call their trade of speed against size, if it is not "preset"."""


def encoder_options(
    options: EncodeOptions,
    *,
    hdr: HdrMetadata | None,
    pixel_format: str = "yuv420p",
    stereo: str | None = None,
    steady: bool = False,
    size: Size | None = None,
) -> dict[str, str]:
    """Return the encoder's own option names and values.

    Args:
        options: How to encode.
        hdr: Static HDR metadata to write.
        pixel_format: What is stored.
        stereo: How two views share a frame, as ``VideoInfo.stereo`` says.
        steady: Whether all frames last equally long.
        size: Size of the frames; None if they are large.

    Raises:
        UsageError: A quality, losslessness or presets that the encoder does not have, an option
            that it does not know, or two options that say the same.
    """
    encoder = options.encoder
    _check_known(options)
    _check_said_once(options)
    result = lossless_options(encoder) if options.lossless else _quality_options(options)
    result |= _usual_options(encoder, pixel_format)
    if options.preset is not None:
        result[_preset_option(encoder)] = options.preset
    ours = private_parameters(encoder, hdr, stereo, steady=steady)
    # A later word wins: what a person says over ours, and what keeps the process alive over all.
    for name, value in (*ours, *options.extra, *safety_parameters(encoder, size)):
        joined = name.endswith("-params") and name in result
        result[name] = f"{result[name]}:{value}" if joined else value
    return result


def _usual_options(encoder: str, pixel_format: str) -> dict[str, str]:
    """Return the options of an archive copy that are not the encoder's own defaults."""
    if encoder.startswith("libvpx"):
        # Its own default, 1, takes several times as long as the network.
        usual = {"cpu-used": "2"} | ({"row-mt": "1"} if encoder == "libvpx-vp9" else {})
        # VP8's encoder has alpha only without frames that are never shown.
        has_alpha = encoder == "libvpx" and pixel_format.startswith("yuva")
        return usual | ({"auto-alt-ref": "0"} if has_alpha else {})
    if encoder == "libaom-av1":
        return {"cpu-used": "4", "row-mt": "1"}
    if encoder == "prores_ks":
        full_colour = "444" in pixel_format
        alpha = {"alpha_bits": "16"} if pixel_format.startswith("yuva") else {}
        # The highest profile of each kind: 422 HQ and 4444.
        return {"profile": "4444" if full_colour else "hq", "vendor": "apl0"} | alpha
    if encoder == "dnxhd":
        deep = plain_format(pixel_format).bits > 8
        full_colour = "444" in pixel_format or pixel_format.startswith("gbr")
        return {"profile": "dnxhr_444" if full_colour else "dnxhr_hqx" if deep else "dnxhr_hq"}
    if encoder == "libwebp":
        return {"lossless": "1"}
    # Version 3 stores a checksum with every slice, and several threads can encode it.
    return {"level": "3", "slicecrc": "1"} if encoder == "ffv1" else {}


def _quality_options(options: EncodeOptions) -> dict[str, str]:
    """Return the options of the wanted quality, or of our own if nothing else steers it."""
    setting = quality_setting(options.encoder)
    if options.crf is None and setting is not None:
        if any(name in setting.options for name, _ in options.extra):
            return dict(setting.also)
        if sets_rate(options.extra):
            # Many encoders ignore a bit rate, or another kind of quality, beside a quality.
            return {}
    return quality_options(options.encoder, options.crf)


def _preset_option(encoder: str) -> str:
    return _PRESET_OPTION.get(encoder, "preset")


def _check_known(options: EncodeOptions) -> None:
    """Refuse options that the encoder does not know.

    Raises:
        UsageError: It does not know one, or there is no such encoder.
    """
    encoder = options.encoder
    offered_formats(encoder)
    if not options.extra and options.preset is None:
        return
    supported = av.CodecContext.create(encoder, "w").supported_options
    known = {
        option.name
        for option in (*supported.generic, *supported.private)
        if option.flags & OptionFlags.ENCODING_PARAM and option.flags & OptionFlags.VIDEO_PARAM
    }
    if options.preset is not None and _preset_option(encoder) not in known:
        raise UsageError(
            f"{shown_encoder(encoder)} has no presets",
            hint="leave out --encoder-preset",
            unfit="encoder-preset",
        )
    for name, _ in options.extra:
        if name not in known:
            close = difflib.get_close_matches(name, sorted(known), n=3)
            suggestion = f"did you mean {' or '.join(close)}? " if close else ""
            raise UsageError(
                f"{shown_encoder(encoder)} has no option called {name!r}",
                hint=f"{suggestion}ffmpeg -h encoder={encoder} lists them",
                unfit="enc-opt",
            )


def _check_said_once(options: EncodeOptions) -> None:
    """Refuse a further option that says what another option says.

    Raises:
        UsageError: There is one.
    """
    twice = repeated(options.extra)
    if twice is not None:
        raise UsageError(f"--enc-opt gives {twice} twice", hint="leave one of them out").about(
            "enc-opt"
        )
    encoder, setting = options.encoder, quality_setting(options.encoder)
    quality = setting.options if setting is not None else ()
    # These take a quality and a limit of the bit rate together; others would ignore one of them.
    rate = () if encoder.startswith(("libvpx", "libaom")) else ("b",)
    given = {
        "crf": (*quality, *rate) if options.crf is not None else None,
        "lossless": (*quality, "b") if options.lossless else None,
        "encoder-preset": (_preset_option(encoder),) if options.preset is not None else None,
    }
    for option, names in given.items():
        again = None if names is None else says_again(options.extra, option, more=names)
        if again is not None:
            raise UsageError(
                f"--{option} and --enc-opt {again} set the same thing",
                hint="leave one of them out",
            ).about(option, "enc-opt")
