"""The device and dtype that a name or "auto" means."""

from pathlib import Path

import pytest
import torch

from dscvsr_cli.engine.device import (
    choose_device,
    choose_dtype,
    dtype_for_cuda,
    has_native_bfloat16,
)
from dscvsr_cli.errors import DeviceError, UsageError

CPU = torch.device("cpu")


def without_accelerator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)


def with_cuda(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)


def test_auto_takes_the_processor_where_there_is_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without_accelerator(monkeypatch)
    assert choose_device("auto") == CPU


def test_auto_prefers_cuda_and_then_apples_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    without_accelerator(monkeypatch)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert choose_device() == torch.device("mps")
    with_cuda(monkeypatch, 1)
    assert choose_device() == torch.device("cuda:0")


def test_a_numbered_card_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    with_cuda(monkeypatch, 2)
    assert choose_device("cuda:1") == torch.device("cuda:1")
    assert choose_device("cuda") == torch.device("cuda:0")


@pytest.mark.parametrize("name", ["cuda", "cuda:1", "mps"])
def test_an_absent_device_is_an_error_with_a_way_out(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    without_accelerator(monkeypatch)
    with pytest.raises(DeviceError) as caught:
        choose_device(name)
    assert "--device cpu" in caught.value.hint


def test_a_card_number_too_high_names_the_cards(monkeypatch: pytest.MonkeyPatch) -> None:
    with_cuda(monkeypatch, 2)
    with pytest.raises(DeviceError, match="cuda:2") as caught:
        choose_device("cuda:2")
    assert "cuda:1" in caught.value.hint


@pytest.mark.parametrize("name", ["gpu", "", "cuda:x", "meta"])
def test_a_name_that_is_no_device_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="unknown device"):
        choose_device(name)


@pytest.mark.parametrize(
    ("capability", "card", "expected"),
    [
        ((9, 0), "NVIDIA H100", torch.bfloat16),
        ((8, 6), "NVIDIA GeForce RTX 3060", torch.bfloat16),
        ((7, 5), "NVIDIA GeForce RTX 2080 Ti", torch.float16),
        ((7, 5), "Tesla T4", torch.float16),
        ((7, 0), "Tesla V100-SXM2-16GB", torch.float16),
        ((7, 5), "NVIDIA GeForce GTX 1660 SUPER", torch.float32),
        ((7, 5), "NVIDIA T1000", torch.float32),
        ((6, 1), "NVIDIA GeForce GTX 1080", torch.float32),
    ],
)
def test_each_card_gets_the_numbers_it_is_good_at(
    capability: tuple[int, int], card: str, expected: torch.dtype
) -> None:
    assert dtype_for_cuda(capability, card) == expected


def test_a_named_dtype_is_taken_and_apples_gpu_gets_float32() -> None:
    assert choose_dtype("float16", CPU) == torch.float16
    assert choose_dtype("auto", torch.device("mps")) == torch.float32
    with pytest.raises(UsageError, match="float8"):
        choose_dtype("float8", CPU)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("machine", "text", "expected"),
    [
        ("x86_64", "flags\t\t: fpu avx2 avx512f avx512_bf16\n", True),
        ("x86_64", "flags\t\t: fpu avx2 amx_bf16 amx_tile\n", True),
        ("x86_64", "flags\t\t: fpu avx2 avx512f avx512bw\n", False),
        ("aarch64", "Features\t: fp asimd i8mm bf16\n", True),
        ("aarch64", "Features\t: fp asimd\n", False),
        ("x86_64", "model name\t: avx512_bf16 in a name\n", False),
    ],
)
def test_bfloat16_is_taken_where_the_processor_has_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, machine: str, text: str, *, expected: bool
) -> None:
    monkeypatch.setattr("platform.machine", lambda: machine)
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("processor\t: 0\n" + text)
    assert has_native_bfloat16(cpuinfo) is expected


def test_a_system_without_cpuinfo_counts_as_without_bfloat16(tmp_path: Path) -> None:
    assert not has_native_bfloat16(tmp_path / "absent")


@pytest.mark.parametrize(("native", "expected"), [(True, torch.bfloat16), (False, torch.float32)])
def test_the_processor_gets_bfloat16_only_natively(
    monkeypatch: pytest.MonkeyPatch, expected: torch.dtype, *, native: bool
) -> None:
    monkeypatch.setattr("dscvsr_cli.engine.device.has_native_bfloat16", lambda: native)
    assert choose_dtype("auto", CPU) == expected
