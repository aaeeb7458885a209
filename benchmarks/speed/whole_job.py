"""Time whole jobs, each in a process of its own, and show where their time goes."""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
from stages import NETWORK, STAGES

from dscvsr_cli.video.demo_clip import render_demo_clip


@dataclass(slots=True, kw_only=True)
class Case:
    """A way to run the job, and what its rounds took."""

    name: str
    options: tuple[str, ...] = ()
    variables: dict[str, str] = field(default_factory=dict)
    neighbours: int = 0
    """Processes that keep a core busy meanwhile."""
    seconds: list[float] = field(default_factory=list)
    """From the first frame to the published file."""
    rates: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    system: list[float] = field(default_factory=list)
    """Share of system time in the processor's."""
    memory: list[float] = field(default_factory=list)
    """Peak, in bytes."""
    stages: list[dict[str, float]] = field(default_factory=list)
    loads: list[float] = field(default_factory=list)

    def run(self, clip: Path, options: Sequence[str]) -> None:
        """Run one round."""
        target, noted = clip.with_name("out.mkv"), clip.with_name("stages.json")
        script = str(Path(__file__).with_name("stages.py"))
        command = [sys.executable, script, str(noted), "upscale", str(clip), "--json"]
        command += ["--overwrite", "--restart", "-o", str(target), *options, *self.options]
        self.loads.append(os.getloadavg()[0])
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        with _neighbours(self.neighbours):
            done = subprocess.run(  # noqa: S603
                command, check=True, capture_output=True, text=True, env=os.environ | self.variables
            )
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
        user, system = after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime
        report = last_report(done.stdout)
        self.seconds.append(report["seconds"])
        self.rates.append(report["frames_per_second"])
        self.memory.append(report["peak_memory_bytes"])
        self.processor.append(user + system)
        self.system.append(system / (user + system))
        self.stages.append(json.loads(noted.read_text(encoding="utf-8")))


def last_report(lines: str) -> dict[str, Any]:
    """Return the report among the JSON lines of ``dscvsr upscale --json``."""
    found = [json.loads(line) for line in lines.splitlines()]
    report: dict[str, Any] = next(line["report"] for line in found if line["type"] == "report")
    return report


@contextmanager
def _neighbours(count: int) -> Iterator[None]:
    """Keep so many cores busy with other processes inside the block."""
    spin = [sys.executable, "-c", "while True: pass"]
    processes = [subprocess.Popen(spin) for _ in range(count)]  # noqa: S603
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def compare_jobs(
    cases: Sequence[Case],
    *,
    options: Sequence[str],
    size: tuple[int, int],
    seconds: float,
    scenes: int,
    rounds: int,
) -> None:
    """Run every case once in every round, and print medians and ratios to the first.

    Args:
        cases: What to compare.
        options: Of every job.
        size: Rows and columns of the clip.
        seconds: Length of each scene.
        scenes: Scenes of the clip.
        rounds: Times that each case runs.
    """
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.mkv"
        render_scenes(clip, size=size, seconds=seconds, scenes=scenes)
        for _ in range(rounds):
            for case in cases:
                case.run(clip, options)
                print(
                    f"  {case.name}: {case.rates[-1]:.2f} frames/s, {case.processor[-1]:.0f} s of "
                    f"processor, load {case.loads[-1]:.1f}",
                    file=sys.stderr,
                    flush=True,
                )
    _show_table(cases)
    for case in cases:
        _show_stages(case)


def render_scenes(path: Path, *, size: tuple[int, int], seconds: float, scenes: int) -> None:
    """Write the demo clip several times over, every second time mirrored and inverted: cuts."""
    with tempfile.TemporaryDirectory() as folder:
        single = Path(folder) / "scene.mp4"
        render_demo_clip(single, height=size[0], width=size[1], seconds=seconds)
        with av.open(str(single)) as source:
            frames = [frame.to_ndarray(format="rgb24") for frame in source.decode(video=0)]
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=24, width=size[1], height=size[0])
        stream.pix_fmt, stream.options = "yuv420p", {"crf": "18", "preset": "veryfast"}
        for scene in range(scenes):
            for frame in frames:
                shown = 255 - frame[:, ::-1] if scene % 2 else frame
                shown = shown[::-1] if scene % 4 > 1 else shown
                picture = av.VideoFrame.from_ndarray(shown.copy(), format="rgb24")
                output.mux(stream.encode(picture))
        output.mux(stream.encode(None))


def _show_table(cases: Sequence[Case]) -> None:
    first = cases[0]
    print(f"\n{'whole job':34} frames/s  ratio  processor s  ratio  system  peak MB  load")
    for case in cases:
        rate, processor = (
            statistics.median(a / b for a, b in zip(mine, theirs, strict=True))
            for mine, theirs in ((case.rates, first.rates), (case.processor, first.processor))
        )
        print(
            f"{case.name:34} {statistics.median(case.rates):8.2f} {rate:6.2f} "
            f"{statistics.median(case.processor):12.1f} {processor:6.2f} "
            f"{statistics.median(case.system):7.1%} {statistics.median(case.memory) / 1e6:8.0f} "
            f"{statistics.median(case.loads):5.1f}"
        )


def _show_stages(case: Case) -> None:
    """Print the median share of each stage in the job's time."""
    print(f"\nwhere the time of {case.name} goes, in the share of the job's time")
    for stage, meaning in STAGES.items():
        shares = [
            stages.get(stage, 0.0) / seconds
            for stages, seconds in zip(case.stages, case.seconds, strict=True)
        ]
        if any(shares):
            print(f"  {meaning:38} {statistics.median(shares):6.1%}")
    network = [
        sum(stages.get(stage, 0.0) for stage in NETWORK) / seconds
        for stages, seconds in zip(case.stages, case.seconds, strict=True)
    ]
    print(f"  {'network in all':38} {statistics.median(network):6.1%}")
