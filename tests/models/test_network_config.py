"""NetworkConfig: what it refuses, and its way through JSON."""

import json
from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dscvsr_cli.models.network_config import DSCVSR_PAPER, METAVSR_PAPER, NetworkConfig

configs = st.builds(
    NetworkConfig,
    block=st.sampled_from(["separable", "dense"]),
    separable_order=st.sampled_from(["depthwise-first", "pointwise-first"]),
    channels=st.integers(1, 256),
    growth=st.integers(1, 256),
    blocks=st.integers(1, 64),
    layers=st.integers(1, 16),
    filling_blocks=st.integers(0, 30),
    motion_levels=st.integers(1, 8),
    motion_finest=st.integers(0, 4),
    motion_channels=st.lists(st.integers(1, 128), max_size=5).map(tuple),
    motion_kernel=st.integers(0, 5).map(lambda half: 2 * half + 1),
    motion_slope=st.floats(0, 0.5),
    motion_consensus=st.booleans(),
    state_limit=st.floats(0, 100),
    head_hidden=st.integers(1, 512),
)


@settings(deadline=None)
@given(configs)
def test_a_config_survives_json(config: NetworkConfig) -> None:
    text = config.to_json()
    assert NetworkConfig.from_json(text) == config
    assert set(json.loads(text)) == {field.name for field in fields(NetworkConfig)}


def test_a_config_hashes_like_its_equal_after_json() -> None:
    assert len({DSCVSR_PAPER, NetworkConfig.from_json(DSCVSR_PAPER.to_json())}) == 1


def test_keys_left_out_are_the_papers() -> None:
    assert NetworkConfig.from_json("{}") == DSCVSR_PAPER
    assert NetworkConfig.from_json('{"block": "dense", "filling_blocks": 0}') == METAVSR_PAPER


def test_the_paper_names_sixteen_blocks_of_eight_layers_for_both_networks() -> None:
    for config in (DSCVSR_PAPER, METAVSR_PAPER):
        assert (config.blocks, config.layers) == (16, 8)
    assert DSCVSR_PAPER.filling_blocks == 15


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"channels": 0}, "channels"),
        ({"growth": -1}, "growth"),
        ({"blocks": 0}, "blocks"),
        ({"layers": 0}, "layers"),
        ({"head_hidden": 0}, "head_hidden"),
        ({"motion_levels": 0}, "motion_levels"),
        ({"filling_blocks": -1}, "filling_blocks"),
        ({"motion_finest": -1}, "motion_finest"),
        ({"motion_kernel": 4}, "motion_kernel"),
        ({"motion_kernel": -3}, "motion_kernel"),
        ({"motion_channels": [16, 0]}, "motion_channels"),
        ({"motion_channels": 16}, "motion_channels"),
        ({"motion_slope": -0.1}, "motion_slope"),
        ({"motion_consensus": 1}, "motion_consensus"),
        ({"state_limit": -1.0}, "state_limit"),
        ({"state_limit": float("inf")}, "state_limit"),
        ({"state_limit": "6"}, "state_limit"),
        ({"motion_slope": "0.1"}, "motion_slope"),
        ({"channels": 8.5}, "channels"),
        ({"channels": "8"}, "channels"),
        ({"blocks": True}, "blocks"),
        ({"block": "seperable"}, "block"),
        ({"separable_order": "depthwise"}, "separable_order"),
        ({"chanels": 8}, "chanels"),
    ],
)
def test_what_no_network_can_have_is_refused_by_name(
    values: dict[str, object], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        NetworkConfig.from_values(values)


@pytest.mark.parametrize("text", ["[]", "3", '"dense"', "{", "null"])
def test_text_that_is_no_table_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # json's own words for broken text
        NetworkConfig.from_json(text)


def test_replacing_one_size_checks_again() -> None:
    with pytest.raises(ValueError, match="channels"):
        replace(DSCVSR_PAPER, channels=0)
