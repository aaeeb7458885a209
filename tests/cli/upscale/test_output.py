"""What a plan says about other weights."""

from types import SimpleNamespace
from typing import Any

import pytest

from dscvsr_cli.cli.upscale.output import describe_other_weights
from dscvsr_cli.pipelines.upscale.job import OtherWeights


def plan(other: OtherWeights | None, dtype: str = "bfloat16") -> Any:
    return SimpleNamespace(other_weights=other, device="cpu", dtype=dtype)


FASTER = OtherWeights(name="quick", seconds=1200, is_better=False)
BETTER = OtherWeights(name="fine", seconds=40, is_better=True)


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        (plan(None), None),
        (plan(FASTER), "quick would take about 20 min: -w quick"),
        (
            plan(FASTER, "float32"),
            "this processor computes in float32; quick would take about 20 min: -w quick",
        ),
        (plan(BETTER), "fine is better and would take about 40 s: -w fine"),
    ],
)
def test_other_weights_are_named_with_their_time_and_option(shown: Any, text: str | None) -> None:
    assert describe_other_weights(shown) == text
