"""A cluster of machines, in processes, makes what one machine makes, whatever happens to it.

All machines of the cluster are on this one, with a core each. Every run starts workers, which
load torch; so there are few runs, and each looks at much.
"""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from dscvsr_cli.cli.app import main
from dscvsr_cli.cluster.run import run_on_cluster
from dscvsr_cli.pipelines.resume.work_folder import read_manifest, work_path
from dscvsr_cli.pipelines.upscale.batch import FileResult
from dscvsr_cli.pipelines.upscale.job import Interrupted, UpscaleJob, UpscalePlan
from dscvsr_cli.pipelines.upscale.progress import JobProgress
from dscvsr_cli.pipelines.upscale.run import upscale
from tests.ctrl_c import CtrlC
from tests.helpers import decoded_pts, packet_payloads
from tests.scenes import FRAMES, SCENES, film_job, render_scenes

ray = pytest.importorskip("ray", reason="Ray is not installed")
cluster_utils = pytest.importorskip("ray.cluster_utils", reason="Ray is not installed")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="Ray has no clusters of Windows machines"),
]

TIMES_LONGER = 8
"""A film of so many times the scenes is still being made when the first of them are finished."""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Three machines of one core each; one of them will leave."""
    store = {"object_store_memory": 100 * 2**20}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        cluster = cluster_utils.Cluster(
            initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False} | store
        )
        for _ in range(2):
            cluster.add_node(num_cpus=1, **store)
        yield cluster
        cluster.shutdown()


@pytest.fixture(scope="module")
def long_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return render_scenes(SCENES * TIMES_LONGER, tmp_path_factory.mktemp("long") / "clip.mp4")


@pytest.fixture
def job(tmp_path: Path, film: Path, weights: Path) -> UpscaleJob:
    return film_job(film, tmp_path / "out.mkv", weights, memory_bytes=8_100_000, encoder="ffv1")


@dataclass
class Follower:
    """Hears what happens, and does something once some frames are finished."""

    act: Callable[[], None] = lambda: None
    after_frames: int = 1
    most_tasks: int = 0
    acted: bool = False

    def workers(self, count: int, described: str) -> None:
        assert count >= 1
        assert "float32" in described

    def begin(self, film: int) -> None:
        pass

    def plan(self, film: int, plan: UpscalePlan) -> None:
        pass

    def progress(self, whole: JobProgress, films: dict[int, JobProgress]) -> None:
        assert all(film.frames_done <= TIMES_LONGER * FRAMES for film in films.values())
        self.most_tasks = max(self.most_tasks, whole.tasks_running or 0)
        if not self.acted and whole.frames_done >= self.after_frames:
            self.acted = True
            self.act()

    def end(self, film: int, result: FileResult) -> None:
        pass


def contents(path: Path) -> tuple[object, ...]:
    """Packets and times; a Matroska file also holds random numbers of its own."""
    return packet_payloads(path, "video"), packet_payloads(path, "audio"), decoded_pts(path)


def undisturbed(job: UpscaleJob) -> tuple[object, ...]:
    assert job.target is not None
    target = job.target.with_name("undisturbed.mkv")
    upscale(replace(job, target=target))
    return contents(target)


def test_a_cluster_makes_what_one_machine_makes(
    cluster: Any, job: UpscaleJob, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    films = tmp_path / "films"
    films.mkdir()
    for name in ("one.mkv", "two.mkv"):
        films.joinpath(name).write_bytes(job.source.read_bytes())
    out = tmp_path / "out"
    line = ["upscale", str(films), "-o", str(out), "-s", "2", "-w", str(job.weights)]
    line += ["--device", "cpu", "--dtype", "float32", "--memory", "8100000"]
    line += ["--encoder", "ffv1", "--checkpoint", "8", "--ray", cluster.address, "--json"]

    assert main(line) == 0

    lines = [json.loads(text) for text in capfd.readouterr().out.splitlines()]
    kinds = [one["type"] for one in lines]
    assert kinds.count("plan") == kinds.count("report") == 2
    assert lines[-1] == {"type": "summary", "done": 2, "skipped": 0, "failed": 0}
    reports = {one["job"]: one for one in lines if one["type"] == "report"}
    assert [reports[number]["target"] for number in (1, 2)] == [
        str(out / "one.mkv"),
        str(out / "two.mkv"),
    ]
    assert reports[1]["report"]["frames_out"] == FRAMES
    expected = undisturbed(job)
    assert contents(out / "one.mkv") == contents(out / "two.mkv") == expected
    assert sorted(path.name for path in out.iterdir()) == [".dscvsr.json", "one.mkv", "two.mkv"]


def test_a_run_that_was_interrupted_is_finished_although_a_machine_leaves(
    cluster: Any, job: UpscaleJob, long_film: Path
) -> None:
    job = replace(job, source=long_film)
    assert job.target is not None

    def interrupt() -> None:
        raise CtrlC

    with pytest.raises(Interrupted) as caught:
        run_on_cluster([job], address=cluster.address, follower=Follower(act=interrupt))
    manifest = read_manifest(job.target)
    assert manifest is not None
    assert manifest.frames == caught.value.frames_kept
    assert 0 < manifest.frames < TIMES_LONGER * FRAMES

    def remove_another() -> None:
        """Remove a machine, but not the one that this process is connected to."""
        mine = ray.get_runtime_context().get_node_id()
        cluster.remove_node(next(node for node in cluster.worker_nodes if node.node_id != mine))

    follower = Follower(act=remove_another)
    run_on_cluster([replace(job, resume=True)], address=cluster.address, follower=follower)
    assert follower.acted
    assert contents(job.target) == undisturbed(job)
    assert not work_path(job.target).exists()
