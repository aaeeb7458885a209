"""Objective: everything one step minimises (paper, Eq. 6), as one module.

It is one module because DistributedDataParallel needs every gradient of a step to run through one
``forward``.
"""

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

import torch
from torch import Tensor, nn

from dscvsr_cli.geometry import Size
from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.training.capture import Passes, run_passes
from dscvsr_cli.training.objective.blockwise import (
    TeacherTrace,
    apart_losses,
    check_apart,
    trace_teacher,
)
from dscvsr_cli.training.objective.distillation import FeatureDistillation, collect_features
from dscvsr_cli.training.objective.losses import (
    change_loss,
    charbonnier,
    endpoint_distance,
    photometric,
)
from dscvsr_cli.training.objective.perceptual import PerceptualLoss
from dscvsr_cli.training.schedule import TrainingPhase
from dscvsr_cli.training.training_config import TrainingConfig

Losses = dict[str, Tensor]
"""The parts by name, unweighted scalars; "total" is what is minimised."""


class Objective(nn.Module):
    """A network to train, its teacher, and the losses that it minimises."""

    def __init__(
        self,
        config: TrainingConfig,
        network: RecurrentNetwork,
        *,
        teacher: RecurrentNetwork | None = None,
        perceptual: PerceptualLoss | None = None,
    ) -> None:
        """Match teacher and student.

        Args:
            config: Weighs the losses.
            network: The network that learns.
            teacher: The network to learn from; it does not change.
            perceptual: Compares pictures; needed if ``config.vgg_weight`` is not zero.

        Raises:
            ValueError: Teacher and student cannot be matched, or a part that the config weighs is
                missing.
        """
        super().__init__()
        self.config = config
        self.network = network
        self.teacher = teacher.requires_grad_(requires_grad=False) if teacher else None
        self.distillation: FeatureDistillation | None = None
        if teacher is not None and config.distill_weight:
            self.distillation = FeatureDistillation(
                teacher.config, network.config, distance=config.distill_distance
            )
        if teacher is None and config.target == "teacher":
            raise ValueError('target = "teacher" needs a teacher')
        if config.apart_first:
            if teacher is None or self.distillation is None:
                raise ValueError("apart_first needs a teacher and a distill_weight above zero")
            check_apart(teacher, network)
        if perceptual is None and config.vgg_weight:
            raise ValueError("vgg_weight needs the VGG-19 network")
        self.perceptual = perceptual if config.vgg_weight else None
        self.passes: Callable[[Tensor], Passes] = partial(run_passes, network)
        """Runs the network's passes: one by one, or as captured graphs."""

    def forward(
        self,
        low: Tensor,
        high: Tensor,
        *,
        iteration: int,
        phase: TrainingPhase = "whole",
        flow: Tensor | None = None,
        trace: TeacherTrace | None = None,
    ) -> Losses:
        """Run the networks on a batch and compare.

        Args:
            low: ``(B, T, 3, h, w)`` in [0, 1].
            high: ``(B, T, 3, H, W)`` in [0, 1].
            iteration: Chooses the pair of frames whose flow is judged.
            phase: "motion" judges the flow of all neighbouring frames and nothing else, "apart"
                every part by the teacher's features, "whole" the network's pictures and
                features, "alone" its pictures.
            flow: The true flow, if it is known (see ``Batch``); needed if
                ``config.camera_weight`` is not zero.
            trace: Some of the teacher's features, in phase "apart" (see ``trace_teacher``).

        Raises:
            ValueError: The flow or the trace is needed and missing.
        """
        if self.config.camera_weight and flow is None and phase != "apart":
            raise ValueError("camera_weight needs the true flow of the batch")
        if phase == "motion":
            return self._flow_losses(low, flow)
        apart = phase == "apart"
        if apart:
            losses = self._apart_losses(trace)
        else:
            losses = self._picture_losses(low, high, flow, alone=phase == "alone")
        # Apart, the flow has no part in anything: it has learned before.
        if self.config.motion_weight and not apart:
            pair = iteration % (low.shape[1] - 1)
            target, source = _both_ways(low[:, pair], low[:, pair + 1])
            found = self.network.motion(target, source)
            losses["motion"] = self._flow_loss(found, target, source)
        weights = {
            "pictures": 1.0,
            "change": self.config.change_weight,
            "distillation": self.config.distill_weight,
            "state": self.config.distill_weight,
            "perceptual": self.config.vgg_weight,
            "motion": self.config.motion_weight,
            "camera": self.config.camera_weight,
        }
        parts = [weights[name] * loss for name, loss in losses.items()]
        losses["total"] = torch.stack(parts).sum()
        return losses

    def leaves_weights_out(self, phase: TrainingPhase) -> bool:
        """Return whether some of the weights that learn get no gradient in a phase."""
        if phase == "alone":
            return self.distillation is not None and any(
                weight.requires_grad for weight in self.distillation.parameters()
            )
        return phase in ("motion", "apart")

    def _picture_losses(
        self, low: Tensor, high: Tensor, flow: Tensor | None, *, alone: bool
    ) -> Losses:
        size = Size(high.shape[-2], high.shape[-1])
        distillation = None if alone else self.distillation
        with ExitStack() as stack:
            if distillation is not None:
                learned = stack.enter_context(
                    collect_features(self.network, distillation.student_blocks)
                )
            passes = self.passes(low)
            made = self.network.reconstruct(low, passes.backward, passes.forward, size=size)
        wanted, losses = high, {}
        if self.config.camera_weight and flow is not None:
            losses["camera"] = endpoint_distance(passes.flow, flow)
        if self.teacher is not None and (distillation or self.config.target == "teacher"):
            with torch.no_grad(), ExitStack() as stack:
                if distillation is not None:
                    taught = stack.enter_context(
                        collect_features(self.teacher, distillation.teacher_blocks)
                    )
                if self.config.target == "teacher":
                    wanted = self.teacher(low, size).clamp(0.0, 1.0)
                else:
                    # Only the features are asked for, so the pictures need not be made.
                    self.teacher.backward_features(low, first_index=0)
                    self.teacher.forward_features(low, first_index=0)
            if distillation is not None:
                losses["distillation"] = distillation(taught, learned)
        losses["pictures"] = charbonnier(made, wanted, self.config.charbonnier_epsilon)
        if self.config.change_weight:
            losses["change"] = change_loss(made, wanted, passes.flow[:, 0])
        if self.perceptual is not None:
            losses["perceptual"] = self.perceptual(made, wanted)
        return losses

    def trace_teacher(self, low: Tensor, high: Tensor) -> TeacherTrace:
        """Run the teacher on a batch and return its features, for phase "apart".

        Raises:
            ValueError: There is no teacher whose features count.
        """
        if self.teacher is None or self.distillation is None:
            raise ValueError("there is no teacher to learn from apart")
        return trace_teacher(self.teacher, low, high, self.distillation.teacher_blocks)

    def _apart_losses(self, trace: TeacherTrace | None) -> Losses:
        if trace is None or self.distillation is None:
            raise ValueError("to learn apart, a trace of the teacher is needed")
        epsilon = self.config.charbonnier_epsilon
        return apart_losses(self.network, self.distillation, trace, epsilon=epsilon)

    def _flow_losses(self, low: Tensor, true: Tensor | None) -> Losses:
        """Judge the flow of all neighbouring frames; where the true one is known, by that too."""
        target, source = _both_ways(low[:, :-1].flatten(0, 1), low[:, 1:].flatten(0, 1))
        flow = self.network.motion(target, source)
        if not self.config.camera_weight or true is None:
            loss = self._flow_loss(flow, target, source)
            return {"motion": loss, "total": loss}
        # In the order of the pairs: all to the next frame, then all to the one before.
        wanted = true.transpose(0, 1).flatten(0, 2)
        losses = {
            "motion": self._flow_loss(flow, target, source, true=wanted),
            "camera": endpoint_distance(flow, wanted),
        }
        losses["total"] = losses["motion"] + self.config.camera_weight * losses["camera"]
        return losses

    def _flow_loss(
        self, flow: Tensor, target: Tensor, source: Tensor, *, true: Tensor | None = None
    ) -> Tensor:
        """Judge a flow by the teacher's, unless the true one is known there, or by the frames."""
        if self.teacher is None or not self.config.motion_teacher:
            return photometric(flow, target, source)
        with torch.no_grad():
            wanted = self.teacher.motion(target, source)
        if true is not None:
            known = true.isfinite().all(dim=1, keepdim=True)
            wanted = wanted.masked_fill(known, torch.nan)
        return endpoint_distance(flow, wanted)


def _both_ways(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """Return targets and sources of the flow from ``first`` to ``second``, then of that back."""
    return torch.cat((first, second)), torch.cat((second, first))
