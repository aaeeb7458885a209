"""Setting single fields of a recipe: values as TOML, mistakes told by the key."""

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dscvsr_cli.errors import UsageError
from dscvsr_cli.models.network_config import NetworkConfig
from dscvsr_cli.training.overrides import apply_overrides
from dscvsr_cli.training.training_config import TrainingConfig

PLAIN = TrainingConfig()


@pytest.mark.parametrize(
    ("setting", "wanted"),
    [
        ("batch=16", replace(PLAIN, batch=16)),
        (" batch = 16 ", replace(PLAIN, batch=16)),
        ("learning_rate=1e-3", replace(PLAIN, learning_rate=1e-3)),
        ("gradient_norm=2", replace(PLAIN, gradient_norm=2.0)),
        ("dtype=bfloat16", replace(PLAIN, dtype="bfloat16")),
        ("sequence=5,7", replace(PLAIN, sequence=(5, 7))),
        ("sequence=[5, 7]", replace(PLAIN, sequence=(5, 7))),
        ("sequence=6", replace(PLAIN, sequence=(6,))),
        ("max_minutes=30", replace(PLAIN, max_minutes=30.0)),
        ("network.channels=48", replace(PLAIN, network=NetworkConfig(channels=48))),
        ("network.block=dense", replace(PLAIN, network=NetworkConfig(block="dense"))),
        ('network.block="dense"', replace(PLAIN, network=NetworkConfig(block="dense"))),
        (
            "network.motion_channels=8,16",
            replace(PLAIN, network=NetworkConfig(motion_channels=(8, 16))),
        ),
        ("frozen=motion,head", replace(PLAIN, frozen=("motion", "head"))),
    ],
)
def test_a_field_takes_its_value(setting: str, wanted: TrainingConfig) -> None:
    assert apply_overrides(PLAIN, [setting]) == wanted


def test_settings_hold_in_their_order_and_none_empties() -> None:
    config = apply_overrides(PLAIN, ["max_minutes=5", "batch=2", "batch=3"])
    assert (config.max_minutes, config.batch) == (5.0, 3)
    assert apply_overrides(config, ["max_minutes=none"]) == replace(PLAIN, batch=3)
    assert apply_overrides(replace(PLAIN, frozen=("motion",)), ["frozen=none"]) == PLAIN
    assert apply_overrides(config, []) == config


@pytest.mark.parametrize("name", [field.name for field in fields(TrainingConfig)])
def test_every_field_can_be_set_to_what_it_is(name: str) -> None:
    value = getattr(PLAIN, name)
    if isinstance(value, NetworkConfig):
        settings = [
            f"network.{part.name}={_written(getattr(value, part.name))}" for part in fields(value)
        ]
    else:
        settings = [f"{name}={_written(value)}"]
    assert apply_overrides(PLAIN, settings) == PLAIN


def _written(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(map(str, value)) or "none"
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value).lower()


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("batch", "a field and its value"),
        ("batsh=3", "no key 'batsh'"),
        ("network.chanels=3", "no key 'network.chanels'"),
        ("batch.size=3", "no key 'batch.size'"),
        ("network=3", "network is a table"),
        ("=3", "no key ''"),
        ("batch=3.5", "batch must be a whole number"),
        ("batch=true", "batch must be a whole number"),
        ("batch=many", "batch must be a whole number"),
        ("batch=", "batch must be a whole number"),
        ("batch=3,4", "batch must be a whole number"),
        ("batch=3\nseed=4", "batch must be a whole number"),
        ("learning_rate=fast", "learning_rate must be a number"),
        ("dtype=true", "dtype must be one of auto, float32, bfloat16"),
        ("bfloat16=true", "no key 'bfloat16'"),
        ("sequence=5,long", "sequence must be a whole number"),
        ("network.block=sparse", "network.block must be one of separable, dense"),
        ("batch=none", "batch must be a whole number"),
        ("batch=0", "batch must be positive"),
        ("sequence=1", "sequence must name lengths"),
    ],
)
def test_mistakes_name_the_key(setting: str, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        apply_overrides(PLAIN, [setting])
    assert told in caught.value.message
    assert caught.value.hint


def test_a_near_miss_is_suggested_with_its_table() -> None:
    with pytest.raises(UsageError) as caught:
        apply_overrides(PLAIN, ["network.chanels=3"])
    assert "did you mean network.channels?" in caught.value.hint


def test_the_key_that_replaced_another_is_suggested() -> None:
    with pytest.raises(UsageError) as caught:
        apply_overrides(PLAIN, ["bfloat16=true"])
    assert "did you mean dtype?" in caught.value.hint


@given(st.text(max_size=30), st.sampled_from(["batch", "sequence", "network.block", "max_minutes"]))
def test_any_text_gives_a_config_or_a_usage_error(text: str, key: str) -> None:
    try:
        config = apply_overrides(PLAIN, [f"{key}={text}"])
    except UsageError:
        return
    assert isinstance(config, TrainingConfig)
