"""The runtime suits the device, and what does not suit is refused with a way out."""

from typing import Final, get_args

import pytest
import torch

from dscvsr_cli.engine import device as device_module
from dscvsr_cli.engine.device import DtypeName, choose_dtype
from dscvsr_cli.engine.stream_plan import NetworkCost, StreamPlan, peak_bytes
from dscvsr_cli.errors import DeviceError, UsageError
from dscvsr_cli.geometry import Size
from dscvsr_cli.runtimes import choose
from dscvsr_cli.runtimes.choose import (
    AUTO_VARIABLE,
    Runtime,
    RuntimeName,
    choose_execution,
    choose_runtime,
    choose_runtime_dtype,
    runs_on_torch_device,
    runtime_cost,
    runtimes_to_compare,
    weights_dtype,
)

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choose, "is_openvino_installed", lambda: True)
    monkeypatch.delenv(AUTO_VARIABLE, raising=False)


@pytest.fixture
def missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choose, "is_openvino_installed", lambda: False)
    monkeypatch.delenv(AUTO_VARIABLE, raising=False)


LONG = 400 * 320 * 180
"""Pixels of a job that repays compiling."""


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("device", "dtype", "pixels", "expected"),
    [
        (CPU, torch.float32, LONG, "openvino"),
        (CPU, torch.float32, 24 * 320 * 180, "torch"),
        (CPU, torch.float32, None, "torch"),
        (CPU, torch.bfloat16, LONG, "torch"),
        (CPU, torch.float16, LONG, "torch"),
        (CUDA, torch.float32, LONG, "torch"),
    ],
)
def test_auto_takes_openvino_where_it_repays_its_start_and_else_torch(
    device: torch.device, dtype: torch.dtype, pixels: int | None, expected: str
) -> None:
    assert choose_runtime("auto", device=device, dtype=dtype, pixels=pixels) == expected


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("calibrated", [True, False])
def test_openvino_computes_in_int8_if_nobody_named_a_dtype_and_the_weights_are_calibrated(
    calibrated: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def chosen(
        runtime: RuntimeName, dtype: DtypeName, pixels: int, device: torch.device = CPU
    ) -> tuple[Runtime, torch.dtype]:
        found = choose_execution(
            runtime, dtype, device=device, pixels=pixels, calibrated=lambda: calibrated
        )
        return found.runtime, found.dtype

    integers = torch.int8 if calibrated else torch.float32
    monkeypatch.setattr(device_module, "has_native_bfloat16", lambda: False)
    assert chosen("auto", "auto", LONG) == ("openvino", integers)
    assert chosen("auto", "auto", 1) == ("torch", torch.float32)
    assert chosen("openvino", "auto", 1) == ("openvino", integers)
    assert chosen("openvino", "float32", LONG) == ("openvino", torch.float32)
    assert chosen("torch", "auto", LONG) == ("torch", torch.float32)
    monkeypatch.setattr(device_module, "has_native_bfloat16", lambda: True)
    assert chosen("auto", "auto", LONG) == ("torch", torch.bfloat16)
    assert chosen("openvino", "auto", 1)[1] == (torch.int8 if calibrated else torch.bfloat16)
    assert chosen("auto", "int8", 1) == ("openvino", torch.int8)


@pytest.mark.usefixtures("installed")
def test_a_named_runtime_is_taken_for_any_job() -> None:
    assert choose_runtime("torch", device=CPU, dtype=torch.float32, pixels=LONG) == "torch"
    assert choose_runtime("openvino", device=CPU, dtype=torch.bfloat16, pixels=1) == "openvino"


@pytest.mark.usefixtures("installed")
def test_on_processors_both_runtimes_are_worth_comparing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert runtimes_to_compare("auto", device=CPU) == ("torch", "openvino")
    assert runtimes_to_compare("auto", device=CUDA) == ("torch",)
    assert runtimes_to_compare("openvino", device=CPU) == ("openvino",)
    assert runtimes_to_compare("auto", device=CPU, dtype="int8") == ("openvino",)
    monkeypatch.setenv(AUTO_VARIABLE, "torch")
    assert runtimes_to_compare("auto", device=CPU) == ("torch",)


@pytest.mark.usefixtures("missing")
def test_without_openvino_auto_takes_torch_and_asking_for_it_says_how_to_install_it() -> None:
    assert choose_runtime("auto", device=CPU, dtype=torch.float32, pixels=LONG) == "torch"
    with pytest.raises(UsageError, match="not installed") as refused:
        choose_runtime("openvino", device=CPU, dtype=torch.float32)
    assert "openvino>=2025.4" in str(refused.value.hint)


@pytest.mark.usefixtures("installed")
def test_openvino_is_refused_where_it_does_not_run() -> None:
    for device, dtype in ((CUDA, torch.float32), (CPU, torch.float16)):
        with pytest.raises(UsageError, match="does not run"):
            choose_runtime("openvino", device=device, dtype=dtype)


@pytest.mark.usefixtures("installed")
def test_intels_gpu_and_npu_are_used_where_openvino_finds_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(choose, "processors_here", lambda: frozenset({"CPU", "GPU"}))
    assert choose_runtime_dtype("openvino-gpu", "auto", CPU) == torch.float16
    assert choose_runtime_dtype("openvino-gpu", "float32", CPU) == torch.float32
    for dtype in (torch.float16, torch.float32):
        assert choose_runtime("openvino-gpu", device=CPU, dtype=dtype) == "openvino-gpu"
        assert weights_dtype("openvino-gpu", dtype) == torch.float32
    with pytest.raises(UsageError, match="openvino-gpu does not run on cpu in bfloat16") as refused:
        choose_runtime("openvino-gpu", device=CPU, dtype=torch.bfloat16)
    assert "--dtype float16 or float32" in str(refused.value.hint)
    with pytest.raises(DeviceError, match="no Intel neural processor") as missing:
        choose_runtime("openvino-npu", device=CPU, dtype=torch.float16)
    assert "driver" in str(missing.value.hint)


def test_only_an_intel_gpu_or_npu_is_another_place_than_the_tensors() -> None:
    others = [name for name in get_args(Runtime) if not runs_on_torch_device(name)]
    assert others == ["openvino-gpu", "openvino-npu"]


def test_other_runtimes_compute_in_what_suits_the_device() -> None:
    usual = choose_dtype("auto", CPU)
    for name in ("auto", "torch", "openvino", "compiled"):
        assert choose_runtime_dtype(name, "auto", CPU) == usual
        assert choose_runtime_dtype(name, "float16", CPU) == torch.float16


@pytest.mark.usefixtures("installed")
def test_the_compiler_is_for_processors_and_cuda_and_only_who_names_it_gets_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    missing: list[str | None] = [None]
    monkeypatch.setattr(choose, "missing_for_compiling", lambda _: missing[0])
    for device in (CPU, CUDA):
        assert choose_runtime("auto", device=device, dtype=torch.bfloat16, pixels=LONG) == "torch"
        assert choose_runtime("compiled", device=device, dtype=torch.bfloat16) == "compiled"
    with pytest.raises(UsageError, match="does not run on mps"):
        choose_runtime("compiled", device=torch.device("mps"), dtype=torch.float32)
    missing[0] = "a C++ compiler (g++)"
    with pytest.raises(UsageError, match="needs a C\\+\\+ compiler"):
        choose_runtime("compiled", device=CPU, dtype=torch.float32)
    # Without Triton, steps can still be captured there.
    assert choose_runtime("compiled", device=CUDA, dtype=torch.bfloat16) == "compiled"
    monkeypatch.setenv(AUTO_VARIABLE, "compiled")
    assert choose_runtime("auto", device=CUDA, dtype=torch.bfloat16) == "compiled"


def test_a_plan_counts_what_a_runtime_keeps_on_a_gpu() -> None:
    cost = NetworkCost(feature_channels=8, workspace_channels=100, element_bytes=2)
    plan, source, size = StreamPlan(window=8), Size(100, 200), Size(200, 400)
    picture = 3 * 4 * size.height * size.width
    ways: Final[tuple[tuple[Runtime, torch.device], ...]] = (
        ("torch", CPU),
        ("torch", CUDA),
        ("compiled", CUDA),
    )
    bytes_by_runtime = {
        (runtime, device): peak_bytes(plan, source, size, runtime_cost(cost, runtime, device))
        for runtime, device in ways
    }
    usual = peak_bytes(plan, source, size, cost)
    assert bytes_by_runtime["torch", CPU] == usual
    # The pictures of a step on their way, and for graphs a working memory and four more pictures.
    assert bytes_by_runtime["torch", CUDA] == usual + 4 * picture
    kept = bytes_by_runtime["compiled", CUDA] - usual - 8 * picture
    assert kept > source.height * source.width * 2 * (100 + 8 + 8)


@pytest.mark.usefixtures("installed")
def test_the_environment_says_what_auto_means(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(AUTO_VARIABLE, "torch")
    assert choose_runtime("auto", device=CPU, dtype=torch.float32, pixels=LONG) == "torch"
    assert choose_runtime("openvino", device=CPU, dtype=torch.float32) == "openvino"
