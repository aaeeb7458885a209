"""The names of what computes."""

from pathlib import Path

import pytest
import torch

from dscvsr_cli.pipelines.machine import hardware, machine, processor_name
from dscvsr_cli.wording import counted


def test_the_processor_is_named_as_the_system_names_it(tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("vendor_id : X\nmodel name\t: Some CPU @ 3 GHz\nmodel name\t: Other\n")
    assert processor_name(cpuinfo) == "Some CPU @ 3 GHz"
    cpuinfo.write_text("vendor_id : X\n")
    assert processor_name(cpuinfo) == processor_name(tmp_path / "absent") != ""


def test_a_processor_is_named_with_its_threads_and_a_card_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "Some Card")
    assert machine(torch.device("cuda")) == hardware(torch.device("cuda")) == "Some Card"
    cpu = torch.device("cpu")
    assert machine(cpu) == f"{hardware(cpu)}, {counted(torch.get_num_threads(), 'thread')}"
    assert machine(torch.device("mps")).startswith("mps of ")
