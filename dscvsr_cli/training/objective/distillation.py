"""Distillation (paper section 3.3, Eq. 5): the student's blocks learn the teacher's features.

Eq. 5 is the mean over the n feature blocks of the L1 distance between what the i-th block of
teacher and student give. Both run on the same clips; block i of a direction is compared with block
i of the same direction, for every frame. A teacher with k times as many blocks is compared after
every k-th. If the widths differ, a learned 1x1 convolution widens the student's features for the
comparison only; it is not part of the network.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import torch
from torch import Tensor, nn

from dscvsr_cli.models.network import RecurrentNetwork
from dscvsr_cli.models.network_config import NetworkConfig
from dscvsr_cli.training.training_config import Distance

DIRECTIONS = ("backward_pass", "forward_pass")

Features = dict[tuple[str, int], list[Tensor]]
"""By direction and block: what it gave for every frame, ``(B, C, H, W)``, in order of running."""


def matched_blocks(teacher: NetworkConfig, student: NetworkConfig) -> list[int]:
    """Return, for every block of the student, the teacher's block that it learns from.

    Raises:
        ValueError: The teacher's blocks cannot be shared out among the student's.
    """
    if teacher.blocks % student.blocks:
        raise ValueError(
            f"the teacher's {teacher.blocks} blocks cannot be matched with the student's "
            f"{student.blocks}, which must divide them"
        )
    ratio = teacher.blocks // student.blocks
    return [(i + 1) * ratio - 1 for i in range(student.blocks)]


@contextmanager
def collect_features(network: RecurrentNetwork, blocks: Sequence[int]) -> Iterator[Features]:
    """Collect the outputs of the given blocks of both directions while the ``with`` block runs."""
    features: Features = {}
    with ExitStack() as stack:
        for direction in DIRECTIONS:
            stages = network.get_submodule(f"{direction}.extraction.blocks")
            for block in blocks:
                collected = features.setdefault((direction, block), [])

                def collect(
                    _: nn.Module, __: object, given: Tensor, into: list[Tensor] = collected
                ) -> None:
                    into.append(given)

                stage = stages.get_submodule(str(block))
                stack.callback(stage.register_forward_hook(collect).remove)
        yield features


class FeatureDistillation(nn.Module):
    """Eq. 5 for one pair of networks; holds the widening convolutions if it needs them."""

    def __init__(
        self, teacher: NetworkConfig, student: NetworkConfig, *, distance: Distance = "l1"
    ) -> None:
        """Match the blocks of both.

        Args:
            teacher: The config of the network to learn from.
            student: The config of the network that learns.
            distance: "l1" is Eq. 5. "relative-l1" divides each block's distance by the mean size
                of the teacher's features, so that blocks of any scale count the same.

        Raises:
            ValueError: They cannot be matched block by block.
        """
        super().__init__()
        self.teacher_blocks = matched_blocks(teacher, student)
        self.student_blocks = list(range(student.blocks))
        self.distance = distance
        widths = student.channels, teacher.channels
        self.widening = nn.ModuleDict()
        if widths[0] != widths[1]:
            for direction in DIRECTIONS:
                convolutions = (nn.Conv2d(*widths, 1) for _ in self.student_blocks)
                self.widening[direction] = nn.ModuleList(convolutions)

    def forward(self, taught: Features, learned: Features) -> Tensor:
        """Compare what ``collect_features`` returned for both networks -> a scalar."""
        total: Tensor | None = None
        for direction in DIRECTIONS:
            for block, teacher_block in zip(self.student_blocks, self.teacher_blocks, strict=True):
                wanted = torch.stack(taught[direction, teacher_block])
                given = torch.stack(learned[direction, block])
                if direction in self.widening:
                    widen = self.widening[direction].get_submodule(str(block))
                    given = widen(given.flatten(0, 1)).unflatten(0, given.shape[:2])
                gap = feature_gap(given, wanted, self.distance)
                total = gap if total is None else total + gap
        if total is None:
            raise ValueError("there are no blocks to compare")
        return total / (len(DIRECTIONS) * len(self.student_blocks))


def feature_gap(given: Tensor, wanted: Tensor, distance: Distance) -> Tensor:
    """Return how far features are from the teacher's ``wanted`` ones, of one shape -> a scalar."""
    gap = (given.float() - wanted.float()).abs().mean()
    if distance == "relative-l1":
        gap = gap / wanted.float().abs().mean().clamp_min(1e-6)
    return gap
