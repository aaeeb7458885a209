"""Build a run's trainer, with its teacher and VGG-19 if the recipe asks for them."""

from pathlib import Path

import torch

from dscvsr_cli.errors import UsageError
from dscvsr_cli.training.checkpoint import recipe_of
from dscvsr_cli.training.loop import Trainer
from dscvsr_cli.training.objective.perceptual import PerceptualLoss
from dscvsr_cli.training.parallel import ALONE, Parallel
from dscvsr_cli.training.training_config import TrainingConfig, load_recipe
from dscvsr_cli.weights.external.teacher import load_teacher
from dscvsr_cli.weights.external.vgg import load_vgg19

STUDENT_RECIPES = ("lite", "paper")
"""Recipes of students, the default first."""


def recipe_for(teacher: Path | None) -> str:
    """Return the built-in recipe whose network has the teacher's blocks and width, or the default.

    Raises:
        WeightsError: The teacher's file is missing, damaged or unknown.
    """
    if teacher is None:
        return STUDENT_RECIPES[0]
    for name in STUDENT_RECIPES:
        student = load_recipe(name).network
        config = load_teacher(teacher, student).config
        if (config.blocks, config.channels) == (student.blocks, student.channels):
            return name
    return STUDENT_RECIPES[0]


def build_trainer(
    config: TrainingConfig,
    *,
    device: torch.device,
    checkpoint: Path | None = None,
    parallel: Parallel = ALONE,
) -> Trainer:
    """Return a run at its start, or where its checkpoint left it.

    Args:
        config: The recipe; a checkpoint brings its own.
        device: Where to train.
        checkpoint: Where to continue from.
        parallel: This process's place among those that train together.

    Raises:
        UsageError: The teacher does not match, or the batch cannot be shared out.
        WeightsError: The teacher's file is missing, damaged or unknown, or VGG-19 is not to be had.
        DatasetError: The checkpoint is missing or broken.
    """
    if checkpoint is not None:
        config = recipe_of(checkpoint)
    teacher = None
    if config.teacher is not None:
        teacher = load_teacher(Path(config.teacher), config.network)
        # torch's stubs leave out this form of to().
        teacher.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    perceptual = PerceptualLoss(load_vgg19()) if config.vgg_weight else None
    try:
        if checkpoint is None:
            return Trainer(
                config, device=device, teacher=teacher, perceptual=perceptual, parallel=parallel
            )
        return Trainer.resume(
            checkpoint, device=device, teacher=teacher, perceptual=perceptual, parallel=parallel
        )
    except ValueError as error:
        raise UsageError(
            f"this run is not possible: {error}",
            hint="choose a recipe that matches the teacher (--recipe), change the batch "
            "(-O batch=8), or learn without its features (-O distill_weight=0)",
        ) from error
