"""Muon: Adam whose steps of weight matrices are made orthogonal.

A convolution's gradient has a few strong directions; Adam follows those and leaves the many weak
ones behind. Muon (Jordan et al., 2024) takes the momentum of the matrix output channels x inputs
and moves along its nearest orthogonal matrix, so that every direction learns at the same pace.
Steps are scaled to the size of Adam's (Liu et al., "Muon is Scalable for LLM Training", 2025), so
both share a learning rate. Biases and depthwise filters, which mix no channels, stay with Adam.
"""

from collections.abc import Callable
from typing import Any, Final

import torch
from torch import Tensor
from torch.optim import Optimizer

MOMENTUM: Final = 0.95
STEP_SIZE: Final = 0.2
"""Root mean square of a matrix's step over the learning rate, about Adam's."""

ADAM_BETAS: Final = (0.9, 0.99)
ADAM_EPSILON: Final = 1e-8

QUINTIC: Final = (3.4445, -4.7750, 2.0315)
"""Coefficients of the Newton-Schulz iteration, chosen by its authors to reach 1 fast."""

ITERATIONS: Final = 5


class Muon(Optimizer):
    """Orthogonal steps for matrices, Adam's for all else; one learning rate for both."""

    def __init__(self, parameters: Any, lr: float = 1e-3) -> None:
        """Take parameters or groups of them, as every optimiser does."""
        super().__init__(parameters, {"lr": lr})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Move every parameter that has a gradient."""
        loss = closure() if closure is not None else None
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                if is_matrix(weight):
                    _step_orthogonal(weight, weight.grad, self.state[weight], group["lr"])
                else:
                    _step_adam(weight, weight.grad, self.state[weight], group["lr"])
        return loss


def is_matrix(weight: Tensor) -> bool:
    """Return whether a weight mixes channels, seen as output channels x all its inputs."""
    return weight.ndim > 1 and weight.shape[1] > 1 and weight.shape[0] > 1


def orthogonalise(matrix: Tensor) -> Tensor:
    """Return about the nearest matrix whose singular values are 1 -> the same ``(rows, columns)``.

    Five Newton-Schulz steps bring singular values to between about 0.7 and 1.2, which is as good.
    """
    tall = matrix.shape[0] > matrix.shape[1]
    made: Tensor = matrix.float().mT if tall else matrix.float()
    made = made / torch.linalg.matrix_norm(made).clamp_min(1e-12)
    a, b, c = QUINTIC
    for _ in range(ITERATIONS):
        gram = made @ made.mT
        made = a * made + (b * gram + c * gram @ gram) @ made
    return made.mT if tall else made


def _step_orthogonal(weight: Tensor, gradient: Tensor, state: dict[str, Any], rate: float) -> None:
    if not state:
        state["momentum"] = torch.zeros_like(gradient)
    momentum: Tensor = state["momentum"]
    momentum.lerp_(gradient, 1.0 - MOMENTUM)
    ahead = gradient.lerp(momentum, MOMENTUM)
    step = orthogonalise(ahead.reshape(weight.shape[0], -1))
    size = STEP_SIZE * max(step.shape) ** 0.5
    weight.add_(step.reshape(weight.shape).to(weight.dtype), alpha=-rate * size)


def _step_adam(weight: Tensor, gradient: Tensor, state: dict[str, Any], rate: float) -> None:
    if not state:
        # On the CPU, where it can be looked at without waiting for a GPU.
        state["step"] = torch.zeros(())
        state["mean"] = torch.zeros_like(gradient)
        state["square"] = torch.zeros_like(gradient)
    state["step"] += 1
    first, second = ADAM_BETAS
    mean: Tensor = state["mean"].lerp_(gradient, 1.0 - first)
    square: Tensor = state["square"].lerp_(gradient.square(), 1.0 - second)
    steps = int(state["step"])
    mean = mean / (1.0 - first**steps)
    square = square / (1.0 - second**steps)
    weight.addcdiv_(mean, square.sqrt().add_(ADAM_EPSILON), value=-rate)
