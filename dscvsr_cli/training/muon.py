"""Muon: Adam whose steps of weight matrices are made orthogonal.

A convolution's gradient has a few strong directions; Adam follows those and leaves the many weak
ones behind. Muon (Jordan et al., 2024) takes the momentum of the matrix output channels x inputs
and moves along its nearest orthogonal matrix, so that every direction learns at the same pace.
Steps are scaled to the size of Adam's (Liu et al., "Muon is Scalable for LLM Training", 2025), so
both share a learning rate. Biases and depthwise filters, which mix no channels, stay with Adam.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
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
            learning = [weight for weight in group["params"] if weight.grad is not None]
            matrices = defaultdict(list)
            for weight in learning:
                if is_matrix(weight):
                    matrices[weight.shape].append(weight)
            # Weights of one shape together: a GPU would spend the step on starting small products.
            for alike in matrices.values():
                _step_orthogonal(alike, [self.state[weight] for weight in alike], group["lr"])
            others = [weight for weight in learning if not is_matrix(weight)]
            if others:
                _step_adam(others, [self.state[weight] for weight in others], group["lr"])
        return loss


def is_matrix(weight: Tensor) -> bool:
    """Return whether a weight mixes channels, seen as output channels x all its inputs."""
    return weight.ndim > 1 and weight.shape[1] > 1 and weight.shape[0] > 1


def orthogonalise(matrices: Tensor) -> Tensor:
    """Return about the nearest matrices whose singular values are 1 -> the same ``(..., m, n)``.

    Five Newton-Schulz steps bring singular values to between about 0.7 and 1.2, which is as good.
    """
    tall = matrices.shape[-2] > matrices.shape[-1]
    made: Tensor = matrices.float().mT if tall else matrices.float()
    made = made / torch.linalg.matrix_norm(made, keepdim=True).clamp_min(1e-12)
    a, b, c = QUINTIC
    for _ in range(ITERATIONS):
        gram = made @ made.mT
        made = a * made + (b * gram + c * gram @ gram) @ made
    return made.mT if tall else made


def _gradients(weights: Sequence[Tensor]) -> list[Tensor]:
    return [weight.grad for weight in weights if weight.grad is not None]


def _step_orthogonal(
    weights: Sequence[Tensor], states: Sequence[dict[str, Any]], rate: float
) -> None:
    """Move weights of one shape."""
    gradients = _gradients(weights)
    for state, gradient in zip(states, gradients, strict=True):
        if not state:
            state["momentum"] = torch.zeros_like(gradient)
    momenta = [state["momentum"] for state in states]
    torch._foreach_lerp_(momenta, gradients, 1.0 - MOMENTUM)
    ahead = torch._foreach_lerp(gradients, momenta, MOMENTUM)
    shape = weights[0].shape
    steps = orthogonalise(torch.stack(ahead).reshape(len(ahead), shape[0], -1))
    size = STEP_SIZE * max(steps.shape[1:]) ** 0.5
    moved = list(steps.reshape(len(ahead), *shape).to(weights[0].dtype).unbind())
    torch._foreach_add_(list(weights), moved, alpha=-rate * size)


def _step_adam(weights: Sequence[Tensor], states: Sequence[dict[str, Any]], rate: float) -> None:
    gradients = _gradients(weights)
    for state, gradient in zip(states, gradients, strict=True):
        if not state:
            # On the CPU, if it can be looked at without waiting for a GPU.
            state["step"] = torch.zeros(())
            state["mean"] = torch.zeros_like(gradient)
            state["square"] = torch.zeros_like(gradient)
        state["step"] += 1
    first, second = ADAM_BETAS
    means = [state["mean"] for state in states]
    squares = [state["square"] for state in states]
    torch._foreach_lerp_(means, gradients, 1.0 - first)
    torch._foreach_lerp_(squares, torch._foreach_mul(gradients, gradients), 1.0 - second)
    steps = [int(state["step"]) for state in states]
    divisors = torch._foreach_div(squares, [1.0 - second**count for count in steps])
    torch._foreach_sqrt_(divisors)
    torch._foreach_add_(divisors, ADAM_EPSILON)
    ahead = torch._foreach_div(means, [1.0 - first**count for count in steps])
    torch._foreach_mul_(ahead, -rate)
    torch._foreach_addcdiv_(list(weights), ahead, divisors)
