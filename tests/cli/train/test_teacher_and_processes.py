"""A teacher is trained, a student learns from it, and several processes train one network."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from dscvsr_cli.cli.app import main
from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.training.checkpoint import load_checkpoint
from dscvsr_cli.training.training_config import TrainingConfig, load_recipe
from dscvsr_cli.weights.network_file import read_network
from tests.clips import Clip, render

RECIPE = """
iterations = {iterations}
batch = 2
patch = 8
sequence = [3]
max_scale = 2.0
photo_share = 0.0
learning_rate = 3e-3
validations = 0
dtype = "float32"
[network]
block = "{block}"
channels = 8
growth = 8
blocks = {blocks}
layers = 2
filling_blocks = {filling}
motion_levels = 2
motion_channels = [8]
motion_kernel = 3
head_hidden = 8
"""


def recipe(folder: Path, block: str, *, blocks: int = 2, iterations: int = 3) -> str:
    path = folder / f"{block}-{blocks}-{iterations}.toml"
    filling = 1 if block == "separable" else 0
    path.write_text(
        RECIPE.format(block=block, blocks=blocks, filling=filling, iterations=iterations),
        encoding="utf-8",
    )
    return str(path)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("data")
    render(Clip(), folder)
    return str(folder)


@pytest.fixture(scope="module")
def teacher(data: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("teacher")
    arguments = ["--data", data, "-o", str(folder / "run"), "--recipe", recipe(folder, "dense")]
    assert main(["train", *arguments, "--device", "cpu", "--quiet"]) == 0
    return folder / "run" / "weights.safetensors"


def train(data: str, run: Path, *more: str) -> int:
    return main(["train", "--data", data, "-o", str(run), "--device", "cpu", "--quiet", *more])


def test_a_student_learns_from_a_trained_teacher(data: str, teacher: Path, tmp_path: Path) -> None:
    student = recipe(tmp_path, "separable")
    alone, taught = tmp_path / "alone", tmp_path / "taught"
    assert train(data, alone, "--recipe", student) == 0
    assert train(data, taught, "--recipe", student, "--teacher", str(teacher)) == 0
    (one, config, _), (other, again, record) = (
        read_network(run / "weights.safetensors") for run in (alone, taught)
    )
    assert config == again
    assert config.block == "separable"
    assert repr(teacher.name) in record["recipe"]
    # The same clips in the same order: only the teacher can have made the difference.
    assert not torch.equal(
        one["forward_pass.extraction.blocks.0.fusion.weight"],
        other["forward_pass.extraction.blocks.0.fusion.weight"],
    )


def test_a_pickled_teacher_gives_the_same_student(data: str, teacher: Path, tmp_path: Path) -> None:
    state, _, _ = read_network(teacher)
    pickled = tmp_path / "metavsr.pth"
    torch.save(state, pickled)
    student = recipe(tmp_path, "separable")
    made = []
    for name, file in (("a", teacher), ("b", pickled)):
        assert train(data, tmp_path / name, "--recipe", student, "--teacher", str(file)) == 0
        made.append(read_network(tmp_path / name / "weights.safetensors")[0])
    assert all(torch.equal(weight, made[1][key]) for key, weight in made[0].items())


def test_a_teacher_with_other_blocks_is_refused_with_the_reason(
    data: str, teacher: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    student = recipe(tmp_path, "separable", blocks=3)
    assert train(data, tmp_path / "run", "--recipe", student, "--teacher", str(teacher)) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "2 blocks cannot be matched with the student's 3" in said
    assert "--recipe" in said


def test_without_the_hub_a_recipe_with_the_perceptual_loss_says_what_to_do(
    data: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    student = recipe(tmp_path, "separable")
    assert train(data, tmp_path / "run", "--recipe", student, "-O", "vgg_weight=1e-4") == 4
    said = " ".join(capsys.readouterr().err.split())
    assert "VGG-19" in said
    assert "-O vgg_weight=0" in said


@pytest.mark.slow
def test_a_resumed_run_still_has_its_teacher_and_ends_as_if_never_stopped(
    data: str, teacher: Path, tmp_path: Path
) -> None:
    student = recipe(tmp_path, "separable", iterations=6)
    more = ("--recipe", student, "--teacher", str(teacher))
    assert train(data, tmp_path / "straight", *more) == 0
    halted = tmp_path / "halted"
    killer = (
        "import os, signal, sys\n"
        "import torch\n"
        # As in this process: another number of threads adds numbers up in another order.
        "torch.set_num_threads(1)\n"
        "from dscvsr_cli.training import loop\n"
        "from dscvsr_cli.cli.app import main\n"
        "loop.CHECKPOINT_SECONDS = -1.0\n"
        "save, seen = loop.Trainer.save, []\n"
        "def save_and_die(self, path):\n"
        "    save(self, path)\n"
        "    if self.state.iteration == 3:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "loop.Trainer.save = save_and_die\n"
        "main(sys.argv[1:])\n"
    )
    arguments = ["train", "--data", data, "-o", str(halted), "--device", "cpu", "--quiet", *more]
    died = subprocess.run([sys.executable, "-c", killer, *arguments], check=False)
    assert died.returncode == -9
    assert load_checkpoint(halted / "checkpoint.pt")["state"]["iteration"] == 3
    assert train(data, halted, "--resume") == 0
    one, other = (
        load_checkpoint(run / "checkpoint.pt")["network"] for run in (tmp_path / "straight", halted)
    )
    assert all(torch.equal(weight, other[name]) for name, weight in one.items())


@pytest.mark.slow
def test_two_processes_train_what_one_trains_with_the_whole_batch(
    data: str, teacher: Path, tmp_path: Path
) -> None:
    more = ("--recipe", recipe(tmp_path, "separable"), "--teacher", str(teacher))
    phases = ("-O", "motion_first=0.34", "-O", "motion_weight=0.1")
    assert train(data, tmp_path / "one", *more, *phases) == 0
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    command += ["--master-addr", "127.0.0.1", "--master-port", "0", "--rdzv-backend", "c10d"]
    command += ["--rdzv-endpoint", "127.0.0.1:0", "-m", "dscvsr_cli"]
    arguments = [
        "train",
        "--data",
        data,
        "-o",
        str(tmp_path / "two"),
        "--device",
        "cpu",
        *more,
        *phases,
    ]
    done = subprocess.run(
        [*command, *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=240,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    # Weights without a gradient are looked for only while there are some.
    assert "find_unused_parameters" not in done.stderr
    one, two = (load_checkpoint(tmp_path / run / "checkpoint.pt") for run in ("one", "two"))
    assert one["state"]["iteration"] == two["state"]["iteration"] == 3
    assert one["state"]["clips_seen"] == two["state"]["clips_seen"] == 6
    assert one["generator"].equal(two["generator"])
    for name, weight in one["network"].items():
        # Adam divides by the size of the gradient, which enlarges the last digits of small ones.
        torch.testing.assert_close(two["network"][name], weight, rtol=1e-2, atol=2e-4)


@pytest.mark.parametrize("name", ["lite", "fast", "lite-teacher", "paper", "paper-teacher"])
def test_every_built_in_recipe_can_be_read(name: str) -> None:
    config = load_recipe(name)
    assert config.network.block == ("dense" if name.endswith("teacher") else "separable")


def test_the_papers_recipe_is_the_papers() -> None:
    teacher, student = load_recipe("paper-teacher"), load_recipe("paper")
    for config in (teacher, student):
        assert (config.batch, config.patch, config.max_scale, config.scale_step) == (8, 50, 4, 0.1)
        assert (config.learning_rate, config.final_learning_rate) == (1e-4, 1e-6)
        assert (config.cosine_period, config.charbonnier_epsilon) == (300, 1e-6)
        assert (config.vgg_weight, config.target) == (1e-4, "truth")
        assert (config.network.blocks, config.network.layers) == (16, 8)
    assert (student.distill_weight, student.distill_distance) == (1.0, "l1")
    assert student.network.filling_blocks == 15


def test_the_head_recipe_leaves_the_public_weights_as_they_are() -> None:
    config: TrainingConfig = load_recipe("basicvsr-head")
    with torch.device("meta"):
        parts = {name for name, _ in RecurrentNetwork(config.network).named_children()}
    assert parts - set(config.frozen) == {"refinement", "head"}
    assert (config.network.block, config.network.blocks, config.network.channels) == (
        "residual", 30, 64,
    )  # fmt: skip
