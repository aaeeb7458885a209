"""Learn apart: every part of a student learns separately from what the teacher's part does.

A recurrent network that learns end to end sends every gradient through all frames, and its blocks
learn from states that are not worth much yet. While it learns apart nothing recurs. The teacher
runs over the clips once and its features are kept as a trace. The student's extractions are given
the teacher's aligned states and learn what it makes of them, block by block (Eq. 5) and as a whole;
the student's reconstruction learns to draw from the teacher's states. Frames do not depend on each
other then, so each is a sample of its own, and one run of the teacher serves many small steps. Put
together, the parts work as a recurrent network that uses its neighbours from the first joint step,
because the teacher does.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from dscvsr_cli.geometry import Size
from dscvsr_cli.models.filling import is_filled
from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.models.propagation import RecurrentPass
from dscvsr_cli.training.objective.distillation import (
    DIRECTIONS,
    FeatureDistillation,
    collect_features,
    feature_gap,
)
from dscvsr_cli.training.objective.losses import charbonnier
from dscvsr_cli.warping import warp


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PassTrace:
    """Inputs and outputs of one direction of the teacher for N frames, each its own sample."""

    neighbour: Tensor
    """(N, C, h, w) the state before alignment; zeros if a clip begins."""
    aligned: Tensor
    """(N, C, h, w) the same after it, what the extraction sees."""
    state: Tensor
    """(N, C, h, w) the output of the extraction."""
    blocks: tuple[Tensor, ...]
    """(N, C, h, w) each: the outputs of the matched blocks."""

    def take(self, chosen: Tensor) -> "PassTrace":
        """Return the chosen frames."""
        return PassTrace(
            neighbour=self.neighbour[chosen],
            aligned=self.aligned[chosen],
            state=self.state[chosen],
            blocks=tuple(block[chosen] for block in self.blocks),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TeacherTrace:
    """The teacher's features on the frames of a batch, or on some of them."""

    low: Tensor
    """(N, 3, h, w) frames."""
    high: Tensor
    """(N, 3, H, W) what they should become."""
    filled: Tensor
    """(N,) whether the student's information filling runs at a frame."""
    passes: dict[str, PassTrace]
    """By direction."""

    def parts(
        self, frames: int, repeats: int, generator: torch.Generator
    ) -> "Iterator[TeacherTrace]":
        """Yield parts of ``frames`` frames, drawn so that each frame comes ``repeats`` times.

        Within a part the frames to be filled come first.
        """
        for _ in range(repeats):
            order = torch.randperm(self.low.shape[0], generator=generator)
            for chosen in torch.split(order, frames):
                filled = self.filled[chosen]
                yield self._take(torch.cat((chosen[filled], chosen[~filled])))

    def _take(self, chosen: Tensor) -> "TeacherTrace":
        return TeacherTrace(
            low=self.low[chosen],
            high=self.high[chosen],
            filled=self.filled[chosen],
            passes={side: one_pass.take(chosen) for side, one_pass in self.passes.items()},
        )


def check_apart(teacher: RecurrentNetwork, student: RecurrentNetwork) -> None:
    """Refuse a pair that cannot learn apart.

    Raises:
        ValueError: The states that travel through time differ in width.
    """
    widths = teacher.config.channels, student.config.channels
    if widths[0] != widths[1]:
        raise ValueError(
            f"to learn apart, the student needs the teacher's {widths[0]} channels, not {widths[1]}"
        )


@torch.no_grad()
def trace_teacher(
    teacher: RecurrentNetwork, low: Tensor, high: Tensor, blocks: list[int]
) -> TeacherTrace:
    """Run the teacher over clips in both directions and keep its features.

    Args:
        teacher: The network to learn from.
        low: ``(B, T, 3, h, w)`` in [0, 1].
        high: ``(B, T, 3, H, W)`` in [0, 1], carried along.
        blocks: The teacher's blocks whose features the student learns.
    """
    seen: dict[str, list[tuple[Tensor, Tensor]]] = {direction: [] for direction in DIRECTIONS}
    with ExitStack() as stack:
        for direction in DIRECTIONS:

            def note(
                _: nn.Module,
                given: tuple[Tensor, Tensor | None, Tensor | None],
                into: list[tuple[Tensor, Tensor]] = seen[direction],
            ) -> None:
                into.append(_alignment(*given, channels=teacher.config.channels))

            one_pass = teacher.get_submodule(direction)
            stack.callback(one_pass.register_forward_pre_hook(note).remove)
        features = stack.enter_context(collect_features(teacher, blocks))
        states = {
            "backward_pass": teacher.backward_features(low, first_index=0),
            "forward_pass": teacher.forward_features(low, first_index=0),
        }
    filled = torch.tensor([is_filled(index) for index in range(low.shape[1])])
    return TeacherTrace(
        low=low.flatten(0, 1),
        high=high.flatten(0, 1),
        filled=filled.repeat(low.shape[0]),
        passes={
            direction: PassTrace(
                neighbour=_samples(direction, [neighbour for neighbour, _ in seen[direction]]),
                aligned=_samples(direction, [aligned for _, aligned in seen[direction]]),
                state=states[direction].flatten(0, 1),
                blocks=tuple(_samples(direction, features[direction, i]) for i in blocks),
            )
            for direction in DIRECTIONS
        },
    )


def _alignment(
    frame: Tensor, neighbour: Tensor | None, flow: Tensor | None, *, channels: int
) -> tuple[Tensor, Tensor]:
    """Return the state before and after alignment, as a recurrent pass has them inside."""
    if neighbour is None or flow is None:
        nothing = frame.new_zeros((frame.shape[0], channels, *frame.shape[-2:]))
        return nothing, nothing
    return neighbour, warp(neighbour, flow)


def _samples(direction: str, steps: list[Tensor]) -> Tensor:
    """Join what came in order of running -> ``(N, C, h, w)``, by clip, then by time."""
    ordered = steps[::-1] if direction == "backward_pass" else steps
    return torch.stack(ordered, dim=1).flatten(0, 1)


def apart_losses(
    student: RecurrentNetwork,
    distillation: FeatureDistillation,
    trace: TeacherTrace,
    *,
    epsilon: float,
) -> dict[str, Tensor]:
    """Compare each part of ``student`` with the teacher's trace -> unweighted scalars.

    Args:
        student: The network that learns.
        distillation: Compares the blocks (Eq. 5).
        trace: A part of what ``trace_teacher`` returned.
        epsilon: Constant of the Charbonnier loss on the pictures.

    Returns:
        "distillation" of the blocks, "state" of whole extractions, "pictures" reconstructed from
        the teacher's states.
    """
    gaps, taught = [], {}
    with collect_features(student, distillation.student_blocks) as learned:
        for direction, traced in trace.passes.items():
            one_pass = student.get_submodule(direction)
            if not isinstance(one_pass, RecurrentPass):
                raise TypeError(f"expected a recurrent pass, got {type(one_pass).__name__}")
            state = _extract(one_pass, trace, traced)
            gaps.append(feature_gap(state, traced.state, distillation.distance))
            for block, wanted in zip(distillation.teacher_blocks, traced.blocks, strict=True):
                taught[direction, block] = [wanted]
    states = [trace.passes[direction].state[:, None] for direction in DIRECTIONS]
    size = Size(trace.high.shape[-2], trace.high.shape[-1])
    made = student.reconstruct(trace.low[:, None], *states, size=size)[:, 0]
    return {
        "distillation": distillation(taught, learned),
        "state": torch.stack(gaps).mean(),
        "pictures": charbonnier(made, trace.high, epsilon),
    }


def _extract(one_pass: RecurrentPass, trace: TeacherTrace, traced: PassTrace) -> Tensor:
    """Run one extraction; the frames to be filled must come first."""
    aligned = traced.aligned
    count = int(trace.filled.sum())
    if one_pass.filling is not None and count:
        filled = one_pass.filling(traced.neighbour[:count], aligned[:count])
        aligned = torch.cat((filled.to(aligned.dtype), aligned[count:]))
    state: Tensor = one_pass.extraction(aligned, trace.low.to(aligned.dtype))
    return state
