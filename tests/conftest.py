"""Fixtures for all tests: one thread, and a network small enough for any test."""

import functools
import subprocess
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.models.network_config import NetworkConfig
from tests.clips import Clip, render
from tests.ctrl_c import comes_from_a_test
from tests.networks import save_plain, save_smallest
from tests.scenes import SCENES, render_scenes


@pytest.fixture(autouse=True, scope="session")
def torch_runtime() -> Iterator[None]:
    """Let "auto" mean torch: converting a network for every size would take most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DSCVSR_RUNTIME", "torch")
        yield


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> Iterator[None]:
    """Compute with one thread, here and in programs that tests run.

    Tensors this small only make a second thread wait, which costs processor time all the same.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
            patch.setenv(name, "1")
        yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True, scope="session")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what dscvsr remembers of earlier runs, and its settings, away from the user's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "dscvsr_cli.cli.settings.settings_file.user_folder",
            lambda: tmp_path_factory.getbasetemp() / "settings",
        )
        patch.setattr(
            "dscvsr_cli.pipelines.upscale.known_speed.speed_file",
            lambda: tmp_path_factory.getbasetemp() / "speed.json",
        )
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, object, object]:
    """Let a test fail that does not catch its own Ctrl-C, which would end the whole session."""
    try:
        return (yield)
    except KeyboardInterrupt as interruption:
        if comes_from_a_test(interruption):
            raise AssertionError("the interruption was not handled as expected") from interruption
        raise


PROGRAM_SECONDS = 150.0
"""Time limit of every program that a test runs and sets no limit of its own for."""


@pytest.fixture(autouse=True, scope="session")
def programs_end() -> Iterator[None]:
    """Kill a program that a test runs, and fail the test, rather than wait for ever.

    ``subprocess.run`` and leaving ``with subprocess.Popen(...)`` wait by these two methods.
    """
    wait_for_end = subprocess.Popen.wait

    def limited(wait: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(wait)
        def wait_a_while(
            self: "subprocess.Popen[Any]", *given: Any, timeout: float | None = None
        ) -> Any:
            if timeout is not None:
                return wait(self, *given, timeout=timeout)
            try:
                return wait(self, *given, timeout=PROGRAM_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
                wait_for_end(self)
                raise

        return wait_a_while

    with pytest.MonkeyPatch.context() as patch:
        for name in ("wait", "communicate"):
            patch.setattr(subprocess.Popen, name, limited(getattr(subprocess.Popen, name)))
        yield


@pytest.fixture(scope="session")
def tiny_config() -> NetworkConfig:
    """Every part of the paper's network, each as small as it can be."""
    return NetworkConfig(
        channels=8,
        growth=8,
        blocks=1,
        layers=2,
        filling_blocks=1,
        motion_levels=2,
        motion_finest=0,
        motion_channels=(8,),
        motion_kernel=3,
        motion_consensus=True,
        head_hidden=8,
    )


@pytest.fixture
def tiny_network(tiny_config: NetworkConfig) -> RecurrentNetwork:
    """A network of ``tiny_config`` in evaluation mode, always with the same weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = RecurrentNetwork(tiny_config)
        # Fresh estimators see no motion and fresh heads add next to nothing: wake both up, so that
        # a test on the whole network cannot pass with either of them broken.
        for level in network.motion.levels:
            torch.nn.init.normal_(list(level.parameters())[-2], std=0.05)
        torch.nn.init.normal_(network.head.filters.weight, std=0.1)
    return network.eval().requires_grad_(requires_grad=False)


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The weights of a network for tests that need one but not what it makes."""
    return save_smallest(tmp_path_factory.mktemp("weights") / "smallest.safetensors")


@pytest.fixture(scope="session")
def plain_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The weights of a network whose outputs look like their inputs, enlarged by bicubic."""
    return save_plain(tmp_path_factory.mktemp("weights") / "plain.safetensors")


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of six scenes, which nobody may write to."""
    return render_scenes(SCENES, tmp_path_factory.mktemp("film") / "clip.mp4")


@pytest.fixture
def season(tmp_path: Path) -> Path:
    """Two whole videos in a folder and a folder below it, and one that is none."""
    clip = Clip(width=32, height=32, pts=(0, 512, 1024))
    folder = tmp_path / "season"
    (folder / "extras").mkdir(parents=True)
    render(clip, folder, name="e1")
    render(clip, folder / "extras", name="making of")
    (folder / "e2.mp4").write_text("not a video at all\n" * 99)
    (folder / "notes.txt").write_text("of the editor")
    return folder
