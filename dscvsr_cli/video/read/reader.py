"""VideoReader: a video file, an image sequence or a pipe as an iterator of Frame."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from threading import RLock
from types import TracebackType
from typing import Final, Self

import av
from torch import Tensor

from dscvsr_cli.errors import InputVideoError
from dscvsr_cli.frames import Frame
from dscvsr_cli.video.info import USUAL_RATE, Crop, VideoInfo
from dscvsr_cli.video.pixels.convert import frame_to_alpha, frame_to_pixels, is_opaque
from dscvsr_cli.video.read.decoder import Decoding
from dscvsr_cli.video.read.image_sequence import sequence_pictures
from dscvsr_cli.video.read.interlacing import deinterlace
from dscvsr_cli.video.read.one_shape import Shape, frames_of_one_shape
from dscvsr_cli.video.read.open_input import input_name, source_kind
from dscvsr_cli.video.read.picture_reader import still_colour
from dscvsr_cli.video.read.pipe import Pipe
from dscvsr_cli.video.read.probe import describe, probe
from dscvsr_cli.video.read.quantiser import SteppedFrame, with_steps
from dscvsr_cli.video.read.read_options import ReadOptions
from dscvsr_cli.video.read.seek import FileOpener
from dscvsr_cli.video.read.sequence_frames import picture_frames
from dscvsr_cli.video.read.side_data import (
    CAPTIONS_EXTRA,
    PNG_CODECS,
    captions_of,
    extras_beside,
)
from dscvsr_cli.video.read.stated_quantiser import stated_step
from dscvsr_cli.video.span import TimeSpan
from dscvsr_cli.video.timestamps import FrameClock
from dscvsr_cli.wording import counted

_log: Final = logging.getLogger(__name__)

_DAMAGES_NAMED: Final = 10
"""Places of damage that are logged one by one; a file may have one for each of its frames."""


class VideoReader:
    """Decode every frame of an input, in the order shown, once.

    Use it as a context manager and iterate over it; a second loop starts from the beginning, unless
    the input is a pipe, which is probed and read in one go. One loop runs at a time: beginning
    another one, or closing the reader, ends those before, which then raise a ``ValueError`` when
    they are continued. Use one reader for each if several must run at once.

    Timestamps are the source's own. If a frame has none (raw streams, some AVI files) it gets
    its decoding time if that moves forward, and else the previous timestamp plus the previous
    duration. Timestamps that repeat or step back are passed on as they are: ``VideoWriter`` puts
    them in order, since only it knows what its container can hold.

    A frame that cannot be decoded is left out, counted in ``damaged_frames`` and logged, as are
    those that are missing where data was skipped; frames that decode with errors are kept, counted
    and logged as well.

    Args:
        path: A file; a pattern such as ``frames/%05d.png`` or a folder of pictures; ``-`` for
            standard input, or a named pipe.
        options: How to read it.
        quantisers: Whether frames say how coarsely a codec has rounded them, if that can be known.
            It costs some speed where several frames could be decoded at once.

    Raises:
        UsageError: From the constructor if an option does not fit the input.
        InputVideoError: From the constructor if ``probe`` complains; from the loop if not a
            single frame comes out, or at the first damaged one if ``options`` are strict.
    """

    def __init__(
        self, path: Path, options: ReadOptions | None = None, *, quantisers: bool = False
    ) -> None:
        self.frames_read = 0
        self.damaged_frames = 0
        self._damages = 0
        self._path = path
        self._options = options or ReadOptions()
        self._quantisers = quantisers
        self._span = self._options.span
        self._stack = ExitStack()
        # Loops may run in threads; nothing may be closed while one of them is inside libav.
        self._lock = RLock()
        self._turn = 0
        self._pipe: Pipe | None = None
        self._piped: Decoding | None = None
        self._warned_of_fields = self._warned_of_alpha = self._warned_of_shape = False
        kind = source_kind(path)
        if kind != "sequence":
            self._options.refuse_those_of_sequences(input_name(path))
        if kind == "pipe":
            self.info = self._open_pipe(path)
        else:
            self.info = probe(path, self._options)
        self._stated_step = stated_step(self.info) if quantisers else None
        self._known_extras = set(self.info.picture_extras)
        if self._options.strict and self.info.frames_cut_off:
            raise InputVideoError(
                f"{path} is cut short by {counted(self.info.frames_cut_off, 'frame')}",
                hint="copy or download it again, or leave out --strict to keep what there is",
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def interrupt(self) -> None:
        """Let a loop in another thread go that waits for a pipe, which is not read any more."""
        if self._pipe is not None:
            self._pipe.interrupt()

    def close(self) -> None:
        """Close the input; iterating again opens it again, unless it is a pipe."""
        with self._lock:
            self._turn += 1
            self._stack.close()
            if self._pipe is not None:
                self._pipe.close()

    def __iter__(self) -> Iterator[Frame]:
        return self.read(self._options.span)

    def read(self, span: TimeSpan) -> Iterator[Frame]:
        """Decode another part than the options say, once; a pipe has only theirs.

        Raises:
            InputVideoError: As the loop over the reader itself.
            ValueError: A later loop has begun, the reader was closed, or a pipe is read again.
        """
        with self._lock:
            if self.info.kind == "pipe" and self._piped is None:
                raise ValueError("a pipe can be read only once")
            self._turn += 1
            turn = self._turn
            self._stack.close()
            self._span = span
            self.frames_read = 0
            if self._piped is None:
                self.damaged_frames = self._damages = 0
            frames = with_steps(self._whole_pictures(), self.info.codec, self._stated_step)
        clock = FrameClock(self.info)
        while (found := self._next(frames, turn)) is not None:
            decoded, step = found
            pts, duration = clock.stamp(decoded)
            seconds = self._seconds(pts)
            if span.is_before(seconds):
                continue
            if span.is_past(seconds):
                break
            self.frames_read += 1
            yield self._frame(decoded, pts, duration, step)
        if self.frames_read == 0:
            self._refuse_empty()

    def _next(self, frames: Iterator[SteppedFrame], turn: int) -> SteppedFrame | None:
        with self._lock:
            if turn != self._turn:
                raise ValueError(
                    f"this loop over {input_name(self._path)} is over: another one has begun, or "
                    "the reader was closed; use one VideoReader for each loop"
                )
            return next(frames, None)

    def _open_pipe(self, path: Path) -> VideoInfo:
        pipe = self._pipe = Pipe(path)
        try:
            with pipe.heard():
                self._piped = Decoding(
                    pipe.container,
                    path,
                    on_damage=self._note_damage,
                    stream_index=self._options.video_stream,
                    quantisers=self._quantisers,
                )
                return describe(self._piped, path, self._options, header=pipe.header)
        except BaseException:
            pipe.close()
            raise

    def _whole_pictures(self) -> Iterator[av.VideoFrame]:
        if self.info.kind == "sequence":
            pictures = sequence_pictures(self.info.path, start_number=self._options.start_number)
            frames = picture_frames(pictures, self.info, self._options)
        else:
            frames = self._same_size(self._decoding())
        if not self._options.deinterlace:
            return frames
        # A person who asks for it on a video without any flag must know that the flags are wrong.
        order = self._options.field_order
        every = order != "auto" or not self.info.interlaced
        return deinterlace(frames, field_order=order, every=every)

    def _decoding(self) -> Decoding:
        if self._piped is not None:
            decoding, self._piped = self._piped, None
            return decoding
        self._stack.close()
        opener = FileOpener(
            self.info, self._stack, on_damage=self._note_damage, quantisers=self._quantisers
        )
        start = self._span.start
        if start == 0:
            return opener.from_beginning()
        if self._options.deinterlace:
            # One frame more, so that the first one of the span is made whole like all others.
            start -= 2 / (self.info.frame_rate or USUAL_RATE)
        return opener.from_keyframe(start + self.info.start_seconds)

    def _seconds(self, pts: int) -> Fraction:
        return pts * self.info.time_base - self.info.start_seconds

    def _frame(self, decoded: av.VideoFrame, pts: int, duration: int, step: float | None) -> Frame:
        # Frames of a sequence may differ in what their numbers mean.
        is_still = self.info.kind == "sequence"
        is_png = self.info.codec in PNG_CODECS
        if not is_png:
            self._watch_extras(decoded)
        colour = still_colour(decoded) if is_still else self.info.colour
        alpha = None
        if self.info.has_alpha:
            alpha = frame_to_alpha(decoded)
        else:
            self._watch_alpha(decoded)
        return Frame(
            pixels=self._cropped(frame_to_pixels(decoded, colour)),
            pts=pts,
            duration=duration,
            alpha=None if alpha is None else self._cropped(alpha),
            captions=b"" if is_png else captions_of(decoded),
            quantiser_step=step,
        )

    def _watch_extras(self, decoded: av.VideoFrame) -> None:
        for name in extras_beside(decoded, self.info.hdr):
            # Captions travel with their frames; a writer that cannot store them says so.
            if name not in self._known_extras and name != CAPTIONS_EXTRA:
                self._known_extras.add(name)
                _log.warning(
                    "%s: a later frame has %s, which will be lost", input_name(self._path), name
                )

    def _watch_alpha(self, decoded: av.VideoFrame) -> None:
        # In GIF and in sequences the first frame's alpha says nothing about the others'.
        varies = self.info.codec == "gif" or self.info.kind == "sequence"
        if varies and not self._warned_of_alpha and not is_opaque(decoded):
            self._warned_of_alpha = True
            _log.warning(
                "%s: some frames are transparent, although the first ones are not; this is lost",
                input_name(self._path),
            )

    def _cropped(self, planes: Tensor) -> Tensor:
        crop = self.info.crop
        if crop is None:
            return planes
        rows = slice(crop.top, crop.top + self.info.height)
        columns = slice(crop.left, crop.left + self.info.width)
        return planes[:, rows, columns].contiguous()

    def _same_size(self, frames: Decoding) -> Iterator[av.VideoFrame]:
        crop = self.info.crop or Crop()
        for frame in frames_of_one_shape(
            frames,
            width=self.info.width + crop.left + crop.right,
            height=self.info.height + crop.top + crop.bottom,
            pixel_format=self.info.pixel_format,
            on_change=self._note_shape,
        ):
            self._watch_fields(frame)
            yield frame

    def _note_shape(self, frame: av.VideoFrame, shape: Shape, first: Shape) -> None:
        if self._warned_of_shape:
            return
        self._warned_of_shape = True
        at = "" if frame.pts is None else f" at {float(self._seconds(frame.pts)):.3f} s"
        _log.warning(
            "%s: the frames change their shape%s, from %s to %s; such frames are scaled to fit "
            "into the first shape, with borders where needed",
            input_name(self._path),
            at,
            first,
            shape,
        )

    def _watch_fields(self, frame: av.VideoFrame) -> None:
        expected = (
            self.info.interlaced or self._options.deinterlace or self._options.field_order != "auto"
        )
        if frame.interlaced_frame and not (expected or self._warned_of_fields):
            self._warned_of_fields = True
            _log.warning(
                "%s: some frames are interlaced, although the first ones are not; "
                "--deinterlace makes them whole",
                input_name(self._path),
            )

    def _note_damage(self, trouble: str, pts: int | None, frames: int) -> None:
        if pts is not None and hasattr(self, "info") and not self._span.is_whole:
            begin, step = self._seconds(pts), 1 / (self.info.frame_rate or USUAL_RATE)
            frames = sum(self._span.holds(begin + number * step) for number in range(frames))
            if not frames:
                return
        self.damaged_frames += frames
        if self._options.strict:
            raise InputVideoError(
                f"a frame of {input_name(self._path)} is damaged or missing ({trouble})",
                hint="try another copy of the file, or leave out --strict to keep what there is",
            )
        self._damages += 1
        if self._damages > _DAMAGES_NAMED:
            return
        many = "damaged frame" if frames == 1 else f"{frames} damaged or missing frames"
        more = "; further ones are only counted" if self._damages == _DAMAGES_NAMED else ""
        _log.warning("%s: %s (%s); continuing%s", input_name(self._path), many, trouble, more)

    def _refuse_empty(self) -> None:
        if not self._span.is_whole:
            begins, length = float(self.info.begins_seconds), self.info.duration_seconds
            known = "" if length is None else f"; the video is {length:g} s long"
            if begins:
                known += f"{' and' if known else '; it'} begins at {begins:g} s, after the audio"
            raise InputVideoError(
                f"no frame of {input_name(self._path)} begins in the span asked for{known}",
                hint="--start and --end count from the start of the file, as players do",
            )
        raise InputVideoError(
            f"no frame of {input_name(self._path)} could be decoded",
            hint="the file is damaged or cut short; try another copy",
        )
