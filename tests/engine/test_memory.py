"""Free and used memory, as each system reports it."""

from pathlib import Path

import pytest
import torch

from dscvsr_cli.engine.memory import (
    UNKNOWN_FREE_BYTES,
    free_memory_bytes,
    memory_budget_bytes,
    peak_held_bytes,
    release_cached_memory,
)

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def unlimited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the machine's own limits, which differ from place to place, not count."""
    monkeypatch.setattr("dscvsr_cli.engine.memory.cgroup_free_bytes", lambda: None)


def test_the_kernels_figure_is_taken(tmp_path: Path) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal:  900 kB\nMemFree:  10 kB\nMemAvailable:   300 kB\n")
    assert free_memory_bytes(CPU, meminfo=meminfo) == 300 * 1024


def test_what_a_container_leaves_is_all_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemAvailable:   300 kB\n")
    for left, free in ((5000, 5000), (0, 0), (10**9, 300 * 1024)):
        monkeypatch.setattr("dscvsr_cli.engine.memory.cgroup_free_bytes", lambda left=left: left)
        assert free_memory_bytes(CPU, meminfo=meminfo) == free


def test_half_of_the_installed_memory_is_taken_without_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    values = {"SC_PHYS_PAGES": 1000, "SC_PAGE_SIZE": 4096}
    monkeypatch.setattr("os.sysconf", values.__getitem__, raising=False)
    monkeypatch.setattr("os.sysconf_names", dict.fromkeys(values, 0), raising=False)
    assert free_memory_bytes(CPU, meminfo=tmp_path / "absent") == 500 * 4096


def test_a_system_that_tells_nothing_gets_the_documented_figure(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("os.sysconf_names", {}, raising=False)
    assert free_memory_bytes(CPU, meminfo=tmp_path / "absent") == UNKNOWN_FREE_BYTES


def test_cuda_memory_that_this_process_keeps_unused_counts_as_free(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (500, 9000))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda _: 70)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda _: 20)
    assert free_memory_bytes(torch.device("cuda:0")) == 550


def test_the_most_memory_held_is_the_kernels_high_water_mark(tmp_path: Path) -> None:
    status = tmp_path / "status"
    status.write_text("VmPeak:\t 900 kB\nVmHWM:\t 300 kB\nVmRSS:\t 10 kB\n")
    assert peak_held_bytes(CPU, status=status) == 300 * 1024
    status.write_text("VmRSS:\t 10 kB\n")
    assert peak_held_bytes(CPU, status=status) is None
    assert peak_held_bytes(CPU, status=tmp_path / "absent") is None


def test_releasing_on_the_processor_does_nothing_and_does_not_fail() -> None:
    release_cached_memory(CPU)


@pytest.mark.parametrize(("name", "share"), [("cpu", 0.6), ("cuda:0", 0.85)])
def test_a_plan_may_use_most_of_what_is_free_or_what_it_is_given(
    monkeypatch: pytest.MonkeyPatch, name: str, share: float
) -> None:
    monkeypatch.setattr("dscvsr_cli.engine.memory.free_memory_bytes", lambda _: 1000)
    assert memory_budget_bytes(torch.device(name)) == int(share * 1000)
    assert memory_budget_bytes(torch.device(name), memory_bytes=77) == 77
