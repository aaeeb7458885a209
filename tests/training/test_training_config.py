"""Recipes: every key checked, mistakes told with the file's name."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dscvsr_cli.errors import UsageError
from dscvsr_cli.models.network_config import NetworkConfig
from dscvsr_cli.training.training_config import RECIPES, TrainingConfig, load_recipe


def write(folder: Path, text: str) -> str:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    "name", sorted(Path(file.name).stem for file in RECIPES.iterdir() if file.is_file())
)
def test_every_built_in_recipe_loads_by_its_name(name: str) -> None:
    config = load_recipe(name)
    assert config.network.channels >= 1
    assert config.seed == 0


def test_the_recipe_of_the_bundled_network_is_there() -> None:
    assert load_recipe("lite").max_minutes is not None


def test_a_recipe_file_says_what_it_says_and_defaults_say_the_rest(tmp_path: Path) -> None:
    text = 'patch = 24\nsequence = [3, 5]\nmax_minutes = 5\n[network]\nblock = "dense"\n'
    expected = replace(
        TrainingConfig(),
        patch=24,
        sequence=(3, 5),
        max_minutes=5,
        network=NetworkConfig(block="dense"),
    )
    assert load_recipe(write(tmp_path, text)) == expected


def test_the_defaults_are_the_papers() -> None:
    config = TrainingConfig()
    assert (config.batch, config.patch, config.max_scale) == (8, 50, 4.0)
    assert (config.learning_rate, config.final_learning_rate) == (1e-4, 1e-6)


@settings(deadline=None)
@given(
    st.builds(
        TrainingConfig,
        seed=st.integers(0, 2**63 - 1),
        batch=st.integers(1, 64),
        patch=st.integers(8, 128),
        sequence=st.lists(st.integers(2, 30), min_size=1, max_size=4).map(tuple),
        max_minutes=st.none() | st.floats(0.1, 1e4),
        photo_share=st.floats(0, 1),
        dtype=st.sampled_from(["auto", "float32", "bfloat16"]),
    )
)
def test_a_config_survives_its_values(config: TrainingConfig) -> None:
    assert TrainingConfig.from_values(config.to_values()) == config


@pytest.mark.parametrize(("flag", "dtype"), [("true", "bfloat16"), ("false", "float32")])
def test_the_older_spelling_of_the_dtype_is_understood(
    tmp_path: Path, flag: str, dtype: str
) -> None:
    assert load_recipe(write(tmp_path, f"bfloat16 = {flag}")).dtype == dtype


def test_the_bundled_networks_train_in_what_suits_the_device_and_the_papers_in_float32() -> None:
    names = ("lite", "fast", "lite-teacher", "base", "basicvsr-head", "paper", "paper-teacher")
    assert [load_recipe(name).dtype for name in names] == ["auto"] * 5 + ["float32"] * 2


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("patchs = 48", "patchs"),
        ("[network]\nchanels = 8", "chanels"),
        ('[network]\nblock = "seperable"', "seperable"),
        ("network = 3", "table"),
        ("patch = 0", "patch"),
        ("patch = 48.0", "patch"),
        ('batch = "4"', "batch"),
        ("batch = true", "batch"),
        ("iterations = -1", "iterations"),
        ("seed = -1", "seed"),
        ("seed = 9223372036854775808", "seed"),
        ("learning_rate = 0.0", "learning_rate"),
        ("learning_rate = nan", "learning_rate"),
        ("final_learning_rate = -1e-6", "final_learning_rate"),
        ("gradient_norm = 0", "gradient_norm"),
        ("motion_weight = -0.1", "motion_weight"),
        ("motion_first = 1.5", "motion_first"),
        ("motion_rate = -1", "motion_rate"),
        ("photo_share = 1.5", "photo_share"),
        ("average_decay = -0.1", "average_decay"),
        ("max_minutes = 0", "max_minutes"),
        ("max_minutes = -5", "max_minutes"),
        ("sequence = []", "sequence"),
        ("sequence = [1]", "sequence"),
        ("sequence = [5.5]", "sequence"),
        ("sequence = 5", "not usable"),
        ("max_scale = 1.0", "max_scale"),
        ("max_scale = 1.01", "max_scale"),
        ("max_scale = inf", "max_scale"),
        ('dtype = "float16"', "dtype must be"),
        ("dtype = true", "dtype must be"),
        ("bfloat16 = 1", "bfloat16 must be true or false"),
        ('bfloat16 = true\ndtype = "auto"', "bfloat16 and dtype exclude each other"),
        ("patch = ", "not usable"),
        ("patch = 8\npatch = 9", "not usable"),
    ],
)
def test_a_recipe_that_cannot_work_is_refused_by_name(
    tmp_path: Path, text: str, complaint: str
) -> None:
    file = write(tmp_path, text)
    with pytest.raises(UsageError, match=complaint) as caught:
        load_recipe(file)
    assert file in caught.value.message
    assert caught.value.hint


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(b"patch = \xff\xfe")
    with pytest.raises(UsageError, match="not usable"):
        load_recipe(str(path))


@pytest.mark.parametrize("name", ["lite2", "missing.toml", "."])
def test_an_unknown_recipe_is_refused_and_the_known_ones_named(name: str) -> None:
    with pytest.raises(UsageError, match="no recipe") as caught:
        load_recipe(name)
    assert "lite" in caught.value.hint


@pytest.mark.parametrize(
    ("patch", "max_scale", "reach"), [(50, 2.3, 115), (50, 1.1, 55), (48, 4.0, 192), (7, 1.5, 10)]
)
def test_the_largest_side_is_exact_for_decimal_factors(
    patch: int, max_scale: float, reach: int
) -> None:
    # In binary 50 * 2.3 is a little under 115.
    assert TrainingConfig(patch=patch, max_scale=max_scale).reach(patch) == reach


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("vgg_weight", -1.0),
        ("distill_weight", math.nan),
        ("charbonnier_epsilon", 0.0),
        ("target", "both"),
        ("distill_distance", "l2"),
        ("cosine_period", 0),
        ("scale_step", 0.0),
        ("frozen", ("tail",)),
        ("codec_crf", (30, 20)),
        ("codec_crf", (18, 60)),
        ("codec_share", 1.5),
        ("noise", -1.0),
    ],
)
def test_losses_and_degradations_that_cannot_be_are_refused(key: str, value: object) -> None:
    with pytest.raises(ValueError, match=key):
        TrainingConfig.from_values({key: value})
