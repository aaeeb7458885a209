"""Worker: what one process of a cluster does; it loads its weights once for all films."""

import hashlib
import logging
import platform
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Any, Final

import av
import torch

import dscvsr_cli
from dscvsr_cli.cluster.actor import pin
from dscvsr_cli.cluster.messages import Answer, FilmPlan, ScanTotals, WorkerFacts
from dscvsr_cli.durable import write_durably
from dscvsr_cli.engine.device import choose_device
from dscvsr_cli.engine.memory import memory_budget_bytes, peak_memory_bytes
from dscvsr_cli.errors import DscvsrError, OutputVideoError
from dscvsr_cli.pipelines.machine import processor_name
from dscvsr_cli.pipelines.resume.manifest import Piece, identify_input
from dscvsr_cli.pipelines.resume.segment_settings import SegmentSettings
from dscvsr_cli.pipelines.upscale.job import UpscaleJob, UpscaleReport
from dscvsr_cli.pipelines.upscale.job_group import JobGroup
from dscvsr_cli.pipelines.upscale.network_cache import NetworkCache
from dscvsr_cli.pipelines.upscale.open_source import open_source
from dscvsr_cli.pipelines.upscale.piece import PieceSettings, make_piece
from dscvsr_cli.pipelines.upscale.plan_segments import segment_settings
from dscvsr_cli.pipelines.upscale.prepare import PreparedJob, prepare
from dscvsr_cli.pipelines.upscale.preview import settle_preview
from dscvsr_cli.pipelines.upscale.progress import JobProgress
from dscvsr_cli.pipelines.upscale.run import JobListeners, upscale_in_group
from dscvsr_cli.pipelines.upscale.scan import FilmScan, FilmTask, see
from dscvsr_cli.pipelines.upscale.target import writes_in_one_go
from dscvsr_cli.runtimes.choose import choose_execution
from dscvsr_cli.version import __version__
from dscvsr_cli.video.timestamps import Timeline
from dscvsr_cli.weights.catalog import device_kind
from dscvsr_cli.weights.checksum import file_sha256
from dscvsr_cli.weights.locate import locate_weights
from dscvsr_cli.weights.network_file import read_ranges

_MANY_PIXELS: Final = 2**60
"""Input pixels of the longest film there could be."""

_FILMS_KEPT: Final = 4
"""Films that stay open between two of their tasks."""


class Worker:
    """Answers a driver's calls; one at a time makes frames, others may ask meanwhile."""

    def __init__(self) -> None:
        self.frames_made = 0.0
        self._cores = 1
        self._cache = NetworkCache()
        self._open: dict[UpscaleJob, PreparedJob] = {}
        self._opening = Lock()

    def describe(self, job: UpscaleJob) -> WorkerFacts:
        """Say what this worker is, and what it would choose for a job.

        Raises:
            DeviceError: The device that is asked for is not here.
            WeightsError: The weights are not here.
        """
        import ray  # noqa: PLC0415  it runs this process

        device = choose_device(job.device)
        weights = locate_weights(job.weights, kind=device_kind(device.type)).path
        # What a long film would take; each film decides for itself, and all workers follow.
        execution = choose_execution(
            job.runtime,
            job.dtype,
            device=device,
            pixels=_MANY_PIXELS,
            calibrated=lambda: bool(read_ranges(weights)),
        )
        return WorkerFacts(
            node=ray.get_runtime_context().get_node_id(),
            host=platform.node(),
            release=release(),
            device=device.type,
            card=_card(device),
            dtype=str(execution.dtype).removeprefix("torch."),
            runtime=execution.runtime,
            weights=file_sha256(weights),
            budget_bytes=memory_budget_bytes(device, memory_bytes=job.memory_bytes),
        )

    def settle(self, cores: int, slot: int) -> None:
        """Take a share of the machine's cores."""
        pin(cores, slot)
        self._cores = cores

    def plan(self, job: UpscaleJob) -> FilmPlan:
        """Decide everything that a job leaves open, and refuse what cannot work."""
        ready = prepare(settle_preview(job), load=self._cache)
        with ready.reader:
            in_one_go = ready.watch is None or writes_in_one_go(ready.target)
            settings = None if in_one_go else segment_settings(ready)
            return FilmPlan(job=ready.job, plan=ready.plan, settings=settings)

    def share(self, source: Path, start_number: int | None, token: Path, reply: Path) -> str:
        """Show that this machine reads and writes the same files: return the token's content.

        Raises:
            OutputVideoError: The file of the driver is not here, or nothing can be written.
        """
        try:
            seen = token.read_text(encoding="ascii")
            write_durably(reply, seen.encode())
            return f"{seen} {sorted(identify_input(source, start_number=start_number).items())}"
        except OSError as error:
            raise OutputVideoError(
                f"{error.filename}: {error.strerror or error}",
                hint="give files on storage that all machines share, by the same names",
            ) from error

    def make(self, job: UpscaleJob, task: FilmTask, settings: PieceSettings) -> Piece:
        """Make one task of a film."""

        def follow(frames: float) -> None:
            self.frames_made = frames

        self._begin()
        return make_piece(self._opened(job), task, settings, on_progress=follow)

    def whole(self, job: UpscaleJob, asked: UpscaleJob) -> UpscaleReport:
        """Make a film whose output is written in one go.

        Args:
            job: What to do, with everything settled that must be the same on all workers.
            asked: The same as the person asked for it.
        """

        def follow(progress: JobProgress) -> None:
            self.frames_made = (progress.share or 0.0) * (progress.frames_total or 0)

        self._begin()
        listeners = JobListeners(on_progress=follow)
        return upscale_in_group(job, JobGroup(), listeners, asked=asked, load=self._cache)

    def _begin(self) -> None:
        self.frames_made = 0.0
        # Of this thread: torch keeps the number for each.
        torch.set_num_threads(self._cores)

    def _opened(self, job: UpscaleJob) -> PreparedJob:
        with self._opening:
            ready = self._open.pop(job, None)
            if ready is None:
                # Whether an output may be replaced was decided when work began.
                ready = prepare(replace(job, resume=True, restart=False), load=self._cache)
            while len(self._open) >= _FILMS_KEPT:
                self._open.pop(next(iter(self._open))).reader.close()
            self._open[job] = ready
            return ready


def scan(
    job: UpscaleJob,
    settings: SegmentSettings,
    finished: tuple[range, ...],
    scene_starts: frozenset[int],
    threads: int = 1,
) -> Iterator[Answer]:
    """Find the tasks of a film: yield each ``FilmTask`` as an answer, and ``ScanTotals`` last."""
    torch.set_num_threads(threads)
    try:
        with open_source(job, to_enlarge=False) as reader:
            film = FilmScan(
                see(reader),
                timing=settings.spec.picture.timing,
                timeline=Timeline(name=job.source, shift=settings.first_shift),
                least_frames=settings.segment_frames,
                finished=finished,
                scene_starts=scene_starts,
            )
            for task in film:
                yield Answer(value=task)
            yield Answer(
                value=ScanTotals(frames_read=film.frames_read, damaged_frames=reader.damaged_frames)
            )
    except DscvsrError as error:
        yield Answer(error=error)
    except Exception:  # noqa: BLE001  told to the driver, which stops
        yield Answer(bug=traceback.format_exc())


def answer(function: Callable[..., Any], *arguments: Any) -> Answer:
    """Call a function and return what came of it, its errors included."""
    with _warnings() as said:
        try:
            value = function(*arguments)
        except DscvsrError as error:
            return Answer(error=error, warnings=tuple(said))
        except Exception:  # noqa: BLE001  told to the driver, which tries elsewhere
            return Answer(bug=traceback.format_exc(), warnings=tuple(said))
    peak = peak_memory_bytes(torch.device("cuda" if torch.cuda.is_available() else "cpu"))
    return Answer(value=value, warnings=tuple(said), peak_memory_bytes=peak)


def release() -> str:
    """Return what must be equal on all machines: versions, and a digest of the program's code."""
    root = Path(dscvsr_cli.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(f"{path.relative_to(root).as_posix()} ".encode() + path.read_bytes())
    code = digest.hexdigest()[:12]
    return f"dscvsr {__version__} ({code}), torch {torch.__version__}, PyAV {av.__version__}"


@contextmanager
def _warnings() -> Iterator[list[str]]:
    """Collect what the library logs as warnings."""
    said: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage())

    logger, collector = logging.getLogger("dscvsr_cli"), Collector(logging.WARNING)
    logger.addHandler(collector)
    try:
        yield said
    finally:
        logger.removeHandler(collector)


def _card(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return processor_name()
