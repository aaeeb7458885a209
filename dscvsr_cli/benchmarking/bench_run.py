"""BenchRun: every method on every clip at every factor, one clip after the other.

A run can be broken off at any time; what is finished stands in its report, and another run can
take it over.
"""

from collections.abc import Callable, Iterator, Sequence

from dscvsr_cli.benchmarking.bench_protocol import BenchProtocol, statements
from dscvsr_cli.benchmarking.frame_meter import PictureDistance, TrueMotions
from dscvsr_cli.benchmarking.measure_clip import MeasuredFrameListener, measure_clip
from dscvsr_cli.benchmarking.methods import Method, MethodInfo
from dscvsr_cli.benchmarking.peers import Peer
from dscvsr_cli.benchmarking.report import BenchReport, ClipScore, MeanScore, mean_score
from dscvsr_cli.datasets.clips import Clip
from dscvsr_cli.errors import UsageError

REFERENCE = "bicubic"
"""The method that gains are counted from."""

ClipListener = Callable[[ClipScore], None]


class BenchRun:
    """What is to be measured, and what has been."""

    def __init__(
        self,
        clips: Sequence[Clip],
        methods: Sequence[Method],
        *,
        protocol: BenchProtocol,
        peers: Sequence[Peer] = (),
        scales: Sequence[float] = (4.0,),
        machine: str = "",
        lpips: PictureDistance | None = None,
    ) -> None:
        """Plan a run.

        Args:
            clips: At least one, of different names.
            methods: At least one, of different names.
            protocol: How to measure; its ``frames`` shorten the clips.
            peers: Pictures made by other tools, of names different from the methods'.
            scales: Factors, each above 1.
            machine: What the report says the methods ran on.
            lpips: The perceptual distance, if the protocol asks for it.

        Raises:
            ValueError: Nothing to measure, a name given twice, or LPIPS without its weights.
        """
        infos = [*(method.info for method in methods), *(peer.info for peer in peers)]
        names = [clip.name for clip in clips], [info.name for info in infos]
        if not scales or any(not part or len(set(part)) < len(part) for part in names):
            raise ValueError(f"need scales, clips and methods of different names, got {names}")
        if protocol.lpips and lpips is None:
            raise ValueError("the protocol asks for LPIPS, but it was not given")
        count = protocol.frames
        self._clips = [clip if count is None else clip.first(count) for clip in clips]
        self._methods = list(methods)
        self._peers = list(peers)
        self._infos = infos
        self._protocol = protocol
        self._scales = list(dict.fromkeys(scales))
        self._machine = machine
        self._lpips = lpips if protocol.lpips else None
        self._scores: dict[tuple[float, str, str], ClipScore] = {}

    @property
    def protocol(self) -> BenchProtocol:
        """How is measured."""
        return self._protocol

    @property
    def frames_total(self) -> int | None:
        """Frames still to be made by all methods, or None if a clip's length is not known."""
        counts = [clip.frame_count for _, clip, _ in self._todo()]
        known = [count for count in counts if count is not None]
        return sum(known) if len(known) == len(counts) else None

    def methods_at(self, scale: float) -> tuple[str, ...]:
        """Return the names of all that is measured at a factor, in the order of the report."""
        return tuple(method.info.name for method in self._methods_for(self._clips[0], scale))

    def take_over(self, older: BenchReport) -> int:
        """Keep the scores of a run that was broken off -> how many could be used.

        A method's scores are kept if its weights, device and dtype are the same; a peer's, if its
        pictures are.

        Raises:
            UsageError: The other run measured by another protocol.
        """
        if older.protocol != self._protocol:
            raise UsageError(
                "the earlier run used another protocol",
                hint="resume with the options of the earlier run, or write to another file",
            )
        same = {info.name for info in self._infos if info in older.methods}
        planned = {(scale, method.info.name, clip.name) for scale, clip, method in self._todo()}
        for score in older.scores:
            key = (score.scale, score.method, score.clip)
            if score.method in same and key in planned:
                self._scores[key] = score
        return len(self._scores)

    def run(
        self, *, on_frame: MeasuredFrameListener | None = None, on_clip: ClipListener | None = None
    ) -> BenchReport:
        """Measure what is not yet measured, and return the report.

        Args:
            on_frame: Called with every frame made.
            on_clip: Called with every score.

        Raises:
            UsageError: A factor that is not above 1.
            DatasetError: A clip is empty, unreadable or too small for a factor, or a peer's
                pictures do not fit it.
            ValueError: A method that breaks its contract.
        """
        motions: TrueMotions | None = None
        last: tuple[float, str] | None = None
        for scale, clip, method in self._todo():
            if last != (scale, clip.name):
                last = scale, clip.name
                motions = TrueMotions() if self._protocol.temporal else None
            score = measure_clip(
                clip,
                method,
                scale,
                self._protocol,
                motions=motions,
                lpips=self._lpips,
                on_frame=on_frame,
            )
            self._scores[scale, method.info.name, clip.name] = score
            if on_clip is not None:
                on_clip(score)
        return self.report()

    def report(self) -> BenchReport:
        """Return what has been measured so far."""
        scores: list[ClipScore] = []
        means: list[MeanScore] = []
        for scale in self._scales:
            for info in self._infos:
                found = self._found(scale, info.name)
                scores += found
                if found:
                    means.append(self._mean(scale, info, found))
        return BenchReport(
            protocol=self._protocol,
            statements=(*statements(self._protocol), *(peer.statement for peer in self._peers)),
            machine=self._machine,
            methods=tuple(self._infos),
            scores=tuple(scores),
            means=tuple(means),
            complete=not self._todo(),
        )

    def _todo(self) -> list[tuple[float, Clip, Method]]:
        return [
            (scale, clip, method)
            for scale in self._scales
            for clip in self._clips
            for method in self._methods_for(clip, scale)
            if (scale, method.info.name, clip.name) not in self._scores
        ]

    def _methods_for(self, clip: Clip, scale: float) -> Iterator[Method]:
        """Yield the methods, then the peers that have this factor."""
        yield from self._methods
        for peer in self._peers:
            method = peer.method(clip.name, scale)
            if method is not None:
                yield method

    def _found(self, scale: float, method: str) -> list[ClipScore]:
        keys = ((scale, method, clip.name) for clip in self._clips)
        return [self._scores[key] for key in keys if key in self._scores]

    def _mean(self, scale: float, info: MethodInfo, scores: list[ClipScore]) -> MeanScore:
        plain = mean_score(scores)
        reference = self._found(scale, REFERENCE)
        gain = None
        # A gain over another set of clips would mean nothing.
        if [score.clip for score in reference] == [score.clip for score in scores]:
            channel = self._protocol.channel
            bicubic = mean_score(reference).quality.psnr(channel)
            gain = plain.quality.psnr(channel) - bicubic
        counts = (method.multiply_adds for method in self._methods if method.info == info)
        count = next(counts, None)
        return mean_score(
            scores, gain_db=gain, multiply_adds=None if count is None else count(scale)
        )
