"""Make one task of a film apart from the rest: decode its span, enlarge it, write its segments."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from dscvsr_cli.engine.background import Drain, Prefetch
from dscvsr_cli.engine.scene_tasks import KnownScenes
from dscvsr_cli.engine.state import StreamState
from dscvsr_cli.engine.stream import StreamProgress
from dscvsr_cli.engine.stream_plan import StreamPlan, work_per_frame
from dscvsr_cli.errors import FrameCountError, InputVideoError, OutputVideoError
from dscvsr_cli.frames import Frame
from dscvsr_cli.geometry import Size
from dscvsr_cli.pipelines.resume.manifest import Piece
from dscvsr_cli.pipelines.resume.segment_series import SegmentSeries
from dscvsr_cli.pipelines.resume.state_file import load_state
from dscvsr_cli.pipelines.upscale.make_frames import FRAMES_AHEAD, enlarge
from dscvsr_cli.pipelines.upscale.prepare import PreparedJob
from dscvsr_cli.pipelines.upscale.scan import FilmTask
from dscvsr_cli.video.segments.segment import Segment
from dscvsr_cli.video.span import TimeSpan


@dataclass(frozen=True, slots=True, kw_only=True)
class PieceSettings:
    """What all pieces of a film share."""

    folder: Path
    """The work folder, where segments go."""
    plan: StreamPlan
    """Window and tile sizes of the film."""
    segment_frames: int
    header: str
    """Digest of the encoder's parameter sets."""
    mark: str = ""
    """Added to the names of the segments, so that two attempts never write the same file."""


class _AnotherFrameError(Exception):
    """Seeking led to other frames than the scan saw."""


def make_piece(
    ready: PreparedJob,
    task: FilmTask,
    settings: PieceSettings,
    *,
    on_progress: Callable[[float], None] = lambda _: None,
) -> Piece:
    """Enlarge the frames of a task and encode them into segments.

    The span is found by its time if that is certain, and every decoded frame is compared with what
    the scan saw of it. If seeking gives other frames, as some files do without saying so, the film
    is decoded from its beginning.

    Args:
        ready: The job of the whole film.
        task: What to make.
        settings: What all pieces of the film share.
        on_progress: Called with the frames made so far, parts of frames included.

    Raises:
        InputVideoError: The film cannot be read, or decodes to other frames than the scan saw.
        OutputVideoError: Encoding or writing failed, or the encoder is another one.
        FrameCountError: Frames got lost.
        DamagedWorkError: The state to continue from is damaged.
        DeviceError: There is too little memory.
    """
    if task.can_seek:
        with suppress(_AnotherFrameError):
            return _make(ready, task, settings, on_progress, seek=True)
    try:
        return _make(ready, task, settings, on_progress, seek=False)
    except _AnotherFrameError:
        first = task.scenes.first_frame
        raise InputVideoError(
            f"{ready.job.source} decodes to other frames here than when its scenes were found, in "
            f"frames {first} to {first + task.scenes.frames - 1}",
            hint="give all machines the same file and the same release of PyAV",
        ) from None


def _make(
    ready: PreparedJob,
    task: FilmTask,
    settings: PieceSettings,
    on_progress: Callable[[float], None],
    *,
    seek: bool,
) -> Piece:
    first = task.scenes.first_frame
    series = SegmentSeries(
        settings.folder,
        ready.target.picture,
        replace(task.timeline),
        least_frames=settings.segment_frames,
        first_frame=first + task.done,
        task_start=first,
        mark=settings.mark,
    )
    segments: list[Segment] = []

    def encode(item: Frame | StreamState) -> None:
        if isinstance(item, Frame):
            series.write(item)
        elif series.is_due(item):
            segments.append(series.finish())
            _check_header(segments[-1], settings)

    def follow(step: StreamProgress) -> None:
        on_progress(min(step.made + step.forward, task.scenes.frames) - task.done)

    try:
        with (
            Prefetch(_frames(ready, task, seek=seek), depth=FRAMES_AHEAD) as frames,
            Drain(encode, depth=FRAMES_AHEAD) as encoder,
        ):
            for frame in enlarge(
                ready,
                frames,
                plan=_plan(ready, settings.plan, first),
                resume=_state(task, settings.folder),
                mark_scenes=KnownScenes(
                    starts=frozenset(start - first for start in task.scenes.scene_starts)
                ),
                on_boundary=encoder.put,
                on_progress=follow,
            ):
                encoder.put(frame)
        if series.open_frames:
            segments.append(series.finish())
            _check_header(segments[-1], settings)
        return _checked(task, segments, series)
    except BaseException:
        series.abandon()
        for segment in segments:
            with suppress(OSError):
                (settings.folder / segment.name).unlink()
        raise


def _frames(ready: PreparedJob, task: FilmTask, *, seek: bool) -> Iterator[Frame]:
    """Decode the frames of a task, each as the scan saw it."""
    span, source = ready.job.reading.span, ready.reader.info
    start = max(span.start, task.pts[0] * source.time_base - source.start_seconds)
    passed = 0 if seek else task.scenes.first_frame
    decoded = ready.reader.read(TimeSpan(start, span.end) if seek else span)
    seen = 0
    try:
        for frame in islice(decoded, passed, passed + task.scenes.frames):
            if not task.matches(seen, frame):
                raise _AnotherFrameError
            seen += 1
            yield frame
    except InputVideoError:
        if not seek or seen:
            raise
    if seen < task.scenes.frames:
        raise _AnotherFrameError


def _plan(ready: PreparedJob, common: StreamPlan, first_frame: int) -> StreamPlan:
    """Return the film's window and tile sizes, or those of this machine if it has less room."""
    size = Size(ready.reader.info.height, ready.reader.info.width)
    own = ready.network.stream_plan
    plan = own if work_per_frame(own, size) > work_per_frame(common, size) else common
    # Only the film has a first window, not each of its tasks.
    return replace(plan, first_window=None) if first_frame else plan


def _state(task: FilmTask, folder: Path) -> StreamState | None:
    if task.state is None:
        return None
    state = load_state(folder / task.state)
    return replace(state, made=state.made - task.scenes.first_frame)


def _check_header(segment: Segment, settings: PieceSettings) -> None:
    if segment.header != settings.header:
        raise OutputVideoError(
            "the encoder here writes a different header from that of the first machine",
            hint="install the same release of PyAV on all machines",
        )


def _checked(task: FilmTask, segments: list[Segment], series: SegmentSeries) -> Piece:
    timeline = series.timeline
    piece = Piece(
        first_frame=task.scenes.first_frame + task.done,
        segments=tuple(segments),
        shift=timeline.shift,
        last_pts=timeline.last or 0,
        moved_timestamps=timeline.moved,
    )
    expected = task.scenes.frames - task.done
    if piece.frames != expected or piece.last_pts != task.last_pts:
        raise FrameCountError(
            f"{expected} frames up to time {task.last_pts} were to be made, and {piece.frames} up "
            f"to {piece.last_pts} came out",
            hint="please report this with the file",
        )
    return piece
