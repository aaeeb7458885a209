"""Print how fast a recipe trains here, and how much of the time the making of clips takes.

::

    python benchmarks/speed/training_throughput.py lite --device cpu --steps 20

Footage is noise, so that nothing has to be fetched: what is in the pictures changes no time.
"""

import argparse
import time
from dataclasses import dataclass

import torch

from dscvsr_cli.engine.device import choose_device
from dscvsr_cli.pipelines.train.build_trainer import build_trainer
from dscvsr_cli.training.data.clip_pool import Footage
from dscvsr_cli.training.data.sampler import Sampler
from dscvsr_cli.training.loop import Trainer
from dscvsr_cli.training.overrides import apply_overrides
from dscvsr_cli.training.training_config import TrainingConfig, load_recipe

CLIPS, PHOTOS = 8, 8
FRAMES, HEIGHT, WIDTH = 15, 360, 640
WARM_UP_STEPS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Seconds of all steps of one length of clips."""

    length: int
    steps: int
    sampling: float
    learning: float

    def line(self, batch: int) -> str:
        """Write it as a row of the table."""
        whole = self.sampling + self.learning
        return (
            f"{self.length:6d} {self.steps * batch / whole:12.2f} "
            f"{self.sampling / self.steps * 1e3:15.1f} {self.learning / self.steps * 1e3:15.1f} "
            f"{self.sampling / whole:17.1%}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "recipe",
        nargs="?",
        default="lite",
        help="name of a built-in recipe, or a .toml file (default: %(default)s)",
    )
    parser.add_argument(
        "--device", default="auto", help="as for dscvsr train (default: %(default)s)"
    )
    parser.add_argument(
        "--steps",
        type=int,
        default=10,
        help="timed steps for each clip length (default: %(default)s)",
    )
    parser.add_argument(
        "--step-by-step",
        action="store_true",
        help="do not capture CUDA graphs, which training does on a GPU",
    )
    parser.add_argument(
        "-O",
        dest="override",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="change a field of the recipe, as for dscvsr train",
    )
    given = parser.parse_args()
    config = apply_overrides(load_recipe(given.recipe), given.override)
    device = choose_device(given.device)
    trainer = build_trainer(config, device=device)
    if not given.step_by_step:
        trainer.capture()
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"
    print(
        f"{given.recipe} on {name}, {torch.get_num_threads()} threads, {trainer.config.dtype}; "
        f"batch {config.batch}, patch {config.patch}, torch {torch.__version__}"
    )
    print("frames    samples/s    sampling, ms    learning, ms   share of sampling")
    sampler = Sampler(noise(config, device), config)
    for length in sorted(set(config.sequence)):
        print(measure(trainer, sampler, length, given.steps).line(config.batch))
    if device.type == "cuda":
        print(f"peak memory {torch.cuda.max_memory_reserved(device) / 1e9:.2f} GB")


def noise(config: TrainingConfig, device: torch.device) -> Footage:
    generator = torch.Generator().manual_seed(0)
    side = config.reach(config.patch)
    height, width = max(HEIGHT, side), max(WIDTH, side)

    def draw(*shape: int) -> torch.Tensor:
        return torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator).to(device)

    return Footage(
        clips=tuple(draw(max(FRAMES, *config.sequence), 3, height, width) for _ in range(CLIPS)),
        photos=tuple(draw(3, 2 * height, 2 * width) for _ in range(PHOTOS)),
    )


def measure(trainer: Trainer, sampler: Sampler, length: int, steps: int) -> Timing:
    sampling = learning = 0.0
    # Past the first part of the run, in which some recipes teach the flow alone.
    trainer.state.iteration = trainer.config.iterations // 2
    for step in range(-WARM_UP_STEPS, steps):
        start = time.perf_counter()
        batch = sampler.draw(length, trainer.generator)
        finish(trainer.device)
        drawn = time.perf_counter()
        trainer.step(batch, trainer.config.final_learning_rate)
        finish(trainer.device)
        if step >= 0:
            sampling += drawn - start
            learning += time.perf_counter() - drawn
    return Timing(length=length, steps=steps, sampling=sampling, learning=learning)


def finish(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


if __name__ == "__main__":
    main()
