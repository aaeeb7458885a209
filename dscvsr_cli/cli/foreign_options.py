"""What the options of other programs are called here, for people who come from one of them."""

from collections.abc import Sequence
from typing import Final

from dscvsr_cli.errors import UsageError

_VIDEO_ENCODER: Final = "--encoder chooses the encoder of the video, as in --encoder libx265"
_AUDIO_ENCODER: Final = "audio is copied; --audio-encoder aac encodes it again"
_INPUT: Final = "inputs are written without an option: dscvsr upscale clip.mp4 -s 2 -o out.mp4"
_REPLACE: Final = "--overwrite replaces an existing output once the new one is complete"
_PART: Final = "--start 1:30 --end 1:45 takes a part, --preview 5s only so much"
_FOLDER: Final = "-o folder/ writes into a folder, and keeps the names of the inputs"
_WEIGHTS: Final = "-w NAME chooses the network; `dscvsr weights list` shows the names"
_FILTERS: Final = "filter before or after: a pipe connects dscvsr with ffmpeg (-o - writes to it)"
_NO_LOG: Final = (
    "the plan, warnings and progress are always shown; --json writes all there is to know"
)
_MEMORY: Final = "tiles are chosen to fit the memory; --memory 4GB limits it"

_MEANT: Final[dict[str, str]] = {
    **dict.fromkeys(("-i", "--input"), _INPUT),
    **dict.fromkeys(("-y", "--yes", "--force", "--force-overwrites"), _REPLACE),
    **dict.fromkeys(("-n", "--no-overwrites"), "nothing is replaced without --overwrite"),
    **dict.fromkeys(("-ss", "-to", "-t", "--ss", "--to", "--duration", "--seek"), _PART),
    **dict.fromkeys(("-c", "-c:v", "-vcodec", "--vcodec", "--codec", "-codec"), _VIDEO_ENCODER),
    **dict.fromkeys(("-c:a", "-acodec", "--acodec", "--audio-codec"), _AUDIO_ENCODER),
    **dict.fromkeys(
        ("-crf", "-b", "-b:v", "--bitrate", "--video-bitrate"), "--crf 18 sets quality"
    ),
    "-b:a": "--audio-bitrate 192k sets the bit rate of audio that is encoded again",
    "-preset": "--encoder-preset slow sets the preset of the encoder",
    **dict.fromkeys(("-pix_fmt", "--pix_fmt"), "--pix-fmt yuv420p10le chooses the pixel format"),
    **dict.fromkeys(("-an", "--no-sound"), "--no-audio leaves out all audio"),
    **dict.fromkeys(("-sn", "--no-subtitles"), "--no-subs leaves out all subtitles"),
    **dict.fromkeys(("-r", "--framerate"), "videos keep their frame times; --fps is for pictures"),
    **dict.fromkeys(("-vf", "--vf", "-filter:v", "-filter_complex", "--filter"), _FILTERS),
    **dict.fromkeys(("-f", "--output-format"), "the suffix of -o FILE chooses the container"),
    **dict.fromkeys(("-m", "--model", "--model-name"), _WEIGHTS),
    **dict.fromkeys(("--output-dir", "--outdir", "-P", "--paths"), _FOLDER),
    **dict.fromkeys(("-v", "--verbose", "--debug", "--log-level", "-loglevel"), _NO_LOG),
    **dict.fromkeys(("--tta", "--tta-mode"), "--ensemble 4 averages mirrored copies"),
    **dict.fromkeys(("-g", "--gpu", "--gpu-id", "--gpuid"), "--device cuda:0 takes the first GPU"),
    **dict.fromkeys(("--fp16", "--half"), "--dtype float16 computes in 16 bits"),
    "--fp32": "--dtype float32 computes in 32 bits",
    **dict.fromkeys(("--tile", "--tilesize", "--tile-size"), _MEMORY),
    **dict.fromkeys(
        ("--outscale", "--upscale", "--factor", "--scaling-factor"), "-s 2 is the factor"
    ),
    **dict.fromkeys(("--interpolate", "--frame-rate-mul"), "dscvsr makes frames larger, not more"),
}
"""By the option as other programs write it, with dashes for underscores in long ones."""


def meant_by(option: str) -> str:
    """Return what to write in place of another program's option, or an empty string."""
    return _MEANT.get(option) or _MEANT.get(option.replace("_", "-"), "")


def refuse_foreign_words(arguments: Sequence[str]) -> None:
    """Refuse options of one dash and several letters, as ffmpeg's are.

    The parser would take them apart: ``-ss 10`` would be the factor ``s``.

    Args:
        arguments: The command line, without the program's name.

    Raises:
        UsageError: One of them is known from another program.
    """
    for argument in arguments:
        if argument == "--":
            return
        is_word = len(argument) > 2 and argument[0] == "-" and argument[1] != "-"
        if is_word and argument in _MEANT:
            raise UsageError(f"dscvsr has no option {argument}", hint=meant_by(argument))
