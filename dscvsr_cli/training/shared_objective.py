"""SharedObjective: the objective, with gradients that are the mean over all processes."""

import gc

from torch import Tensor
from torch.nn.parallel import DistributedDataParallel

from dscvsr_cli.training.data.sampler import Batch
from dscvsr_cli.training.objective.blockwise import TeacherTrace
from dscvsr_cli.training.objective.objective import Losses, Objective
from dscvsr_cli.training.parallel import Parallel
from dscvsr_cli.training.schedule import TrainingPhase


class SharedObjective:
    """Calls an objective, through DistributedDataParallel where several processes train.

    Args:
        objective: On its device.
        parallel: This process's place.
    """

    def __init__(self, objective: Objective, parallel: Parallel) -> None:
        self._objective = objective
        self._parallel = parallel
        self._wrapped: DistributedDataParallel | None = None
        self._searches = False
        """Whether the wrapper looks for weights without a gradient, which takes time."""

    def __call__(
        self, batch: Batch, *, iteration: int, phase: TrainingPhase, trace: TeacherTrace | None
    ) -> Losses:
        """Return the losses of a batch; all processes call this with the same phase.

        Args:
            batch: This process's share of the clips.
            iteration: As ``Objective.forward`` takes it, and so the others.
            phase: What learns.
            trace: The teacher's features, in phase "apart".
        """
        losses: dict[str, Tensor] = self._judge(phase)(
            batch.low, batch.high, iteration=iteration, phase=phase, flow=batch.flow, trace=trace
        )
        return losses

    def _judge(self, phase: TrainingPhase) -> Objective | DistributedDataParallel:
        if self._parallel.world == 1:
            return self._objective
        searches = self._objective.leaves_weights_out(phase)
        if self._wrapped is None or searches is not self._searches:
            # A wrapper that is still there would wait for gradients too.
            self._wrapped = None
            gc.collect()
            self._wrapped = DistributedDataParallel(
                self._objective, find_unused_parameters=searches
            )
            self._searches = searches
        return self._wrapped
