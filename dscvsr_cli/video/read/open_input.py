"""Open an input: a file, or a pipe that can be read only once."""

import errno
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Final, cast

import av
from av.audio.stream import AudioStream
from av.codec.context import CodecContext
from av.container import InputContainer
from av.stream import Stream
from av.video.stream import VideoStream

from dscvsr_cli.errors import InputVideoError
from dscvsr_cli.video.ffmpeg_errors import describe_error
from dscvsr_cli.video.info import PLAYLIST_FORMATS, SourceKind
from dscvsr_cli.video.read.boxes import lacks_index
from dscvsr_cli.video.read.image_sequence import is_sequence
from dscvsr_cli.video.read.libav_log import park_decoders
from dscvsr_cli.video.read.packets import FILE_PREFIX

STANDARD_INPUT: Final = Path("-")
"""The name that stands for what is piped in."""

HEADER_BYTES: Final = 256
_DEEP_PROBE: Final = {"probesize": str(1 << 27), "analyzeduration": str(60_000_000)}
"""Bytes and microseconds that are read before a track counts as unreadable."""
_SHOWN_NAME: Final = 40
"""Characters that are shown of a name that is too long."""

_OPEN_SECONDS: Final = 120.0
"""Time limit for finding out what a file holds; slow disks and drives in the cloud get by."""

_PLAYLIST_READ_SECONDS: Final = 60.0
"""Time limit for the next packet of a playlist."""

_SCRIPTS: Final = frozenset({"avisynth", "lavfi", "vapoursynth", "webm_dash_manifest"})
"""FFmpeg's names of formats that are programs, or descriptions of what to do."""

_ADDRESS: Final = re.compile(r"[a-z][a-z0-9+]+:/", re.IGNORECASE)
_SAYS_IT_IS_MISSING: Final = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})
"""Answers that leave it to the reader to say what is wrong with a name."""
_WEBP_FLAGS: Final = 20
_WEBP_IS_ANIMATED: Final = 2
"""Place of the flags in an extended WebP file, and one of them."""
_UNREAD_PICTURES: Final = frozenset({".cin", ".dpx", ".exr"})


def source_kind(path: Path) -> SourceKind:
    """Say how a path is read: as a file, as a sequence of pictures, or once from a pipe.

    Raises:
        InputVideoError: No file can have so long a name, or nobody may look whether there is one.
    """
    try:
        path.stat()
    except ValueError:
        pass
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise InputVideoError(
                f"the name of the input is too long: {path.name[:_SHOWN_NAME]}...",
                hint="check the name, and that it is one name and not a list of them",
            ) from error
        if error.errno not in _SAYS_IT_IS_MISSING:
            raise _barred(path, error) from error
    if path == STANDARD_INPUT or _is_stream(path):
        return "pipe"
    try:
        return "sequence" if is_sequence(path) else "file"
    except OSError as error:
        raise _barred(path, error) from error


def _barred(path: Path, error: OSError) -> InputVideoError:
    return InputVideoError(
        f"{path} cannot be read: {error.strerror or error}",
        hint="check the permissions of it and of the folders above it, and that its drive answers",
    )


def input_name(path: Path) -> str:
    """Return the name of an input in messages."""
    return "standard input" if path == STANDARD_INPUT else str(path)


def _is_stream(path: Path) -> bool:
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or stat.S_ISCHR(mode)


@contextmanager
def open_input(path: Path, *, allow_playlist: bool = False) -> Iterator[InputContainer]:
    """Open a file for reading; whatever FFmpeg says about it becomes an ``InputVideoError``.

    Nothing but this file is opened, unless it may be a playlist, and then only local files.

    Args:
        path: The file.
        allow_playlist: Whether it may be a list of other files.
    """
    check_readable(path)
    _refuse_animated_webp(path)
    if not allow_playlist:
        _refuse_playlist(path)
    container = _open(path, allow_playlist=allow_playlist)
    if any(map(is_unreadable, container.streams)):
        # A track may begin later than libav looks by default.
        container.close()
        container = _open(path, allow_playlist=allow_playlist, options=_DEEP_PROBE)
    with container:
        try:
            yield container
        finally:
            park_decoders(container)


def _open(
    path: Path, *, allow_playlist: bool, options: Mapping[str, str] | None = None
) -> InputContainer:
    try:
        # Metadata in other encodings than UTF-8 is common in old AVI files and must not stop us.
        # The prefix keeps names such as "a:b.mp4" from being read as a protocol.
        return av.open(
            f"{FILE_PREFIX}{path}",
            "r",
            metadata_errors="replace",
            container_options={**format_limits(allow_playlist=allow_playlist), **(options or {})},
            # A live playlist has no end, and may wait for its next part for ever.
            timeout=(_OPEN_SECONDS, _PLAYLIST_READ_SECONDS if allow_playlist else None),
        )
    except (av.FFmpegError, OSError, ValueError) as error:
        if lacks_index(path):
            raise InputVideoError(
                f"{path} is an mp4 or mov without its index, which comes last: the recording, copy "
                "or download was cut short, or still goes on",
                hint="wait for its end, or get the whole file; of a recording that broke off, "
                "untrunc can rebuild the index by another one of the same camera",
            ) from error
        raise InputVideoError(
            f"{path} is not a video that can be read ({describe_error(error)})",
            hint="check that the file is complete and plays in a video player",
        ) from error


def is_unreadable(stream: Stream) -> bool:
    """Return whether nothing of a stream has come that says what its samples or pixels are."""
    if isinstance(stream, AudioStream):
        return _has_decoder(stream) and not stream.codec_context.sample_rate
    if isinstance(stream, VideoStream):
        return _has_decoder(stream) and not stream.codec_context.width
    return False


def _has_decoder(stream: Stream) -> bool:
    # None if this build of FFmpeg has no decoder, whatever the stubs declare.
    return cast("CodecContext | None", stream.codec_context) is not None


@cache
def _plain_formats() -> str:
    """Return the names of all formats whose files stand alone, as libav's option takes them."""
    names = (name for format_name in av.formats_available for name in format_name.split(","))
    return ",".join(sorted(set(names) - PLAYLIST_FORMATS - _SCRIPTS))


def format_limits(*, allow_playlist: bool) -> dict[str, str]:
    """Return the options that keep libav from opening anything but what it is given.

    Args:
        allow_playlist: Whether a list of other local files may be followed.
    """
    formats = {} if allow_playlist else {"format_whitelist": _plain_formats()}
    return {"protocol_whitelist": "file,pipe", **formats}


def _refuse_playlist(path: Path) -> None:
    with path.open("rb") as file:
        beginning = file.read(HEADER_BYTES * 4).lstrip(b"\xef\xbb\xbf \t\r\n")
    is_dash = beginning.startswith(b"<") and b"<MPD" in beginning
    if is_dash or beginning.startswith((b"ffconcat version", b"#EXTM3U")):
        raise InputVideoError(
            f"{path} is a playlist: it names other files, which would be opened",
            hint="give the video itself, or let upscale open them with --allow-playlist",
        )


def _refuse_animated_webp(path: Path) -> None:
    with path.open("rb") as file:
        beginning = file.read(_WEBP_FLAGS + 1)
    is_webp = beginning[:4] == b"RIFF" and beginning[8:16] == b"WEBPVP8X"
    if is_webp and len(beginning) > _WEBP_FLAGS and beginning[_WEBP_FLAGS] & _WEBP_IS_ANIMATED:
        raise InputVideoError(
            f"{path} is an animated WebP, of which FFmpeg reads no frame",
            hint="convert it first, with ImageMagick for example: magick IN.webp OUT.gif",
        )


def read_header(path: Path) -> bytes:
    """Return the first bytes of a file.

    Raises:
        InputVideoError: It cannot be read.
    """
    check_readable(path)
    with path.open("rb") as file:
        return file.read(HEADER_BYTES)


def check_readable(path: Path) -> None:
    """Refuse a missing file, a folder or an empty file in plain words.

    Raises:
        InputVideoError: One of these.
    """
    try:
        if path.is_dir():
            raise InputVideoError(
                f"{path} is a folder, and holds no pictures to be read as a sequence",
                hint="give a video file, or a folder with nothing but numbered pictures",
            )
        with path.open("rb") as file:
            empty = not file.read(1)
    except FileNotFoundError as error:
        raise _missing(path) from error
    except (OSError, ValueError) as error:
        raise InputVideoError(
            f"{path} cannot be read: {describe_error(error)}",
            hint="check the name, and the permissions of the file",
        ) from error
    if empty:
        raise InputVideoError(f"{path} is empty", hint="copy or download the file again")


def _missing(path: Path) -> InputVideoError:
    """Return the error for an input that is not there, or is no file at all."""
    if found := _ADDRESS.match(str(path)):
        # A path has lost one of the slashes.
        address = f"{found[0]}/{str(path)[found.end() :]}"
        return InputVideoError(
            f"{address} is an address, and only files and pipes are read",
            hint="download it first, or pipe it: ffmpeg -i ADDRESS -c copy -f matroska - | dscvsr "
            "upscale - ...",
        )
    if path.suffix.lower() in _UNREAD_PICTURES:
        return InputVideoError(
            f"sequences of {path.suffix.lower()[1:].upper()} pictures are not read",
            hint="convert them first: ffmpeg -i IN%04d.exr -pix_fmt rgb48be frames/%05d.png",
        )
    return InputVideoError(
        f"{path} does not exist", hint="check the spelling, and the folder you are in"
    )
