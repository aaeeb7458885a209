"""``--jobs``: several scenes or files at once make what one after the other would have made."""

import json
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from dscvsr_cli.cli.app import main
from dscvsr_cli.pipelines.resume.work_folder import work_path
from dscvsr_cli.pipelines.upscale.job import Interrupted, UpscaleJob, UpscalePlan
from dscvsr_cli.pipelines.upscale.run import upscale
from tests.ctrl_c import ctrl_c_at

SCENES = (14, 9, 17, 11)
"""Frames of each scene."""

MEMORY = 27_000_000
"""Bytes for one scene in full windows, and for nothing beside it."""


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four scenes of coarse noise that pans."""
    path = tmp_path_factory.mktemp("scenes") / "cuts.mkv"
    generator = np.random.default_rng(1)
    with av.open(str(path), "w") as output:
        stream = output.add_stream("ffv1", rate=25, width=32, height=32, pix_fmt="yuv420p")
        for length in SCENES:
            blocks = generator.integers(0, 255, (8, 24, 3), dtype=np.uint8)
            wide = np.kron(blocks, np.ones((4, 4, 1), dtype=np.uint8))
            for place in range(length):
                shown = np.ascontiguousarray(wide[:, place : place + 32])
                output.mux(stream.encode(av.VideoFrame.from_ndarray(shown, format="rgb24")))
        output.mux(stream.encode(None))
    return path


@pytest.fixture
def job(tmp_path: Path, clip: Path, weights: Path) -> UpscaleJob:
    return UpscaleJob(
        source=clip,
        target=tmp_path / "out.mkv",
        scale=2,
        weights=str(weights),
        device="cpu",
        encoder="ffv1",
        checkpoint_frames=4,
    )


def command(job: UpscaleJob, *more: str) -> list[str]:
    assert job.target is not None
    return [
        *["upscale", str(job.source), "-o", str(job.target), "-s", "2", "-w", str(job.weights)],
        *["--device", "cpu", "--encoder", "ffv1", "--checkpoint", "4", *more],
    ]


Packets = list[tuple[int | None, bytes]]


def packets(path: Path | None) -> Packets:
    """Times and bytes of all packets; the identity of a Matroska file is drawn at random."""
    with av.open(str(path)) as container:
        return [(packet.pts, bytes(packet)) for packet in container.demux(video=0) if packet.size]


@pytest.fixture
def expected(job: UpscaleJob) -> Packets:
    """What scenes give that are made one after the other."""
    assert job.target is not None
    target = job.target.with_name("expected.mkv")
    upscale(replace(job, target=target))
    return packets(target)


def test_several_scenes_at_once_make_the_same_file_to_the_bit(
    job: UpscaleJob, expected: Packets, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command(job, "--jobs", "3")) == 0
    shown = capsys.readouterr().out
    assert ", 3 scenes at once" in shown
    assert "51 frames in = 51 frames out" in shown
    assert packets(job.target) == expected


@pytest.mark.parametrize(("before", "after"), [(3, 1), (1, 3), (2, 3)])
def test_a_run_may_be_resumed_with_another_number_of_scenes(
    job: UpscaleJob, expected: Packets, before: int, after: int
) -> None:
    assert job.target is not None
    with pytest.raises(Interrupted) as caught:
        upscale(replace(job, scenes_at_once=before), on_frame=ctrl_c_at(30, job.target))
    assert 0 < caught.value.frames_kept < 51
    report = upscale(replace(job, scenes_at_once=after, resume=True))
    assert report.frames_out == 51
    assert packets(job.target) == expected
    assert not work_path(job.target).exists()


def test_where_memory_is_scarce_scenes_are_fewer_and_the_frames_the_same(
    job: UpscaleJob, expected: Packets
) -> None:
    plans: list[UpscalePlan] = []
    scarce = replace(job, memory_bytes=MEMORY, scenes_at_once=4)
    upscale(scarce, on_plan=plans.append)
    assert plans[0].window == 48
    assert plans[0].scenes_at_once == 1
    assert packets(job.target) == expected


def test_no_scene_at_all_is_refused(job: UpscaleJob, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command(job, "--jobs", "0")) == 2
    assert "--jobs" in capsys.readouterr().err


def test_several_files_at_once_make_the_same_files(
    job: UpscaleJob,
    expected: Packets,
    tmp_path: Path,
    weights: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    season = tmp_path / "season"
    season.mkdir()
    for name in ("a", "b", "c"):
        (season / f"{name}.mkv").write_bytes(job.source.read_bytes())
    (season / "broken.mkv").write_bytes(b"no video")
    command = ["upscale", str(season), "-o", str(tmp_path / "out"), "-s", "2", "-w", str(weights)]
    command += ["--device", "cpu", "--encoder", "ffv1", "--checkpoint", "4", "--jobs", "3"]
    assert main([*command, "--json"]) == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines[-1] == {"type": "summary", "done": 3, "skipped": 0, "failed": 1}
    ends = {line["job"]: line for line in lines if line["type"] in ("report", "error")}
    assert {place: Path(line["source"]).name for place, line in ends.items()} == {
        1: "a.mkv",
        2: "b.mkv",
        3: "broken.mkv",
        4: "c.mkv",
    }
    assert all(packets(tmp_path / "out" / f"{name}.mkv") == expected for name in "abc")
    assert main(command) == 1
    shown = capsys.readouterr()
    assert shown.out.count("already finished") == 3
    assert "0 done, 3 skipped, 1 failed" in shown.out
