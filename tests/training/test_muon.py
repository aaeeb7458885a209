"""Muon: orthogonal steps against the singular value decomposition, Adam's against torch's."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from dscvsr_cli.training.muon import STEP_SIZE, Muon, is_matrix, orthogonalise


@settings(deadline=None, max_examples=30)
@given(st.integers(2, 40), st.integers(2, 40), st.integers(0, 1000))
def test_an_orthogonal_step_keeps_the_singular_vectors_and_evens_the_values(
    rows: int, columns: int, seed: int
) -> None:
    matrix = torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed))
    made = orthogonalise(matrix)
    left, values, right = torch.linalg.svd(matrix, full_matrices=False)
    inside = left.mT @ made @ right.mT
    # A singular value near zero needs more than five iterations.
    strong = values > 0.02 * values.sum()
    assert inside.diagonal()[strong].min() > 0.6
    assert inside.diagonal().max() < 1.3
    torch.testing.assert_close(
        inside, torch.diag(inside.diagonal()), atol=5e-3, rtol=0, check_stride=False
    )


def test_what_is_no_matrix_moves_as_with_adam() -> None:
    layers = [nn.Conv2d(4, 4, 3, groups=4), nn.Conv2d(4, 4, 3, groups=4)]
    layers[1].load_state_dict(layers[0].state_dict())
    assert not any(is_matrix(weight) for weight in layers[0].parameters())
    ours = Muon(layers[0].parameters(), lr=0.01)
    theirs = torch.optim.Adam(layers[1].parameters(), lr=0.01, betas=(0.9, 0.99))
    for seed in range(5):
        picture = torch.randn(1, 4, 6, 6, generator=torch.Generator().manual_seed(seed))
        for layer, optimizer in zip(layers, (ours, theirs), strict=True):
            optimizer.zero_grad()
            layer(picture).square().mean().backward()
            optimizer.step()
    torch.testing.assert_close(layers[0].weight, layers[1].weight)
    torch.testing.assert_close(layers[0].bias, layers[1].bias)


@pytest.mark.parametrize("shape", [(8, 8, 3, 3), (4, 16, 1, 1), (16, 4, 1, 1), (32, 6)])
def test_a_step_of_a_matrix_has_the_stated_size(shape: tuple[int, ...]) -> None:
    weight = nn.Parameter(torch.zeros(shape))
    weight.grad = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    Muon([weight], lr=0.1).step()
    size = weight.detach().square().mean().sqrt().item()
    flat = weight.detach().reshape(shape[0], -1)
    # The root mean square of an orthogonal matrix is one over the root of its longer side.
    assert size == pytest.approx(0.1 * STEP_SIZE, rel=0.25)
    assert torch.linalg.svdvals(flat).min() > 0.5 * torch.linalg.svdvals(flat).max()


def test_it_goes_on_from_its_state() -> None:
    def run(stop: int) -> torch.Tensor:
        layer = nn.Conv2d(3, 5, 3, bias=False)
        nn.init.constant_(layer.weight, 0.1)
        optimizer = Muon(layer.parameters(), lr=0.01)
        for step in range(6):
            if step == stop:
                fresh = Muon(layer.parameters(), lr=0.01)
                fresh.load_state_dict(optimizer.state_dict())
                optimizer = fresh
            optimizer.zero_grad()
            picture = torch.randn(1, 3, 6, 6, generator=torch.Generator().manual_seed(step))
            layer(picture).square().mean().backward()
            optimizer.step()
        return layer.weight.detach()

    assert torch.equal(run(3), run(99))
