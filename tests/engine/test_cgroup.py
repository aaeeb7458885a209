"""Limits of control groups of both versions, as Docker, Kubernetes and Slurm set them."""

import sys
from pathlib import Path

import pytest

from dscvsr_cli.engine.cgroup import cgroup_free_bytes

GIB = 2**30


def mount(tmp_path: Path, kind: str, *, root: str = "/", membership: str) -> Path:
    """Say what the kernel would: where control groups are mounted, and which one is ours."""
    proc = tmp_path / "proc"
    proc.mkdir(exist_ok=True)
    place = tmp_path / "groups"
    options = "rw" if kind == "cgroup2" else "rw,memory"
    other = "25 30 0:22 / /sys/fs/cgroup/cpu rw shared:9 - cgroup cgroup rw,cpu"
    ours = f"26 30 0:23 {root} {place} rw shared:9 - {kind} {kind} {options}"
    (proc / "mountinfo").write_text(f"{other}\n{ours}\nnonsense\n")
    (proc / "cgroup").write_text(f"4:cpu,cpuacct:/elsewhere\n{membership}\n")
    return proc


def group(folder: Path, **values: object) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in values.items():
        (folder / name.replace("__", ".")).write_text(f"{value}\n")


def second(folder: Path, *, limit: object, used: int, idle: int = 0, high: object = "max") -> None:
    stat = f"anon 1\ninactive_file {idle}\nactive_file 7"
    group(folder, memory__max=limit, memory__high=high, memory__current=used, memory__stat=stat)


def first(folder: Path, *, limit: int, used: int, idle: int = 0) -> None:
    stat = f"inactive_file 3\ntotal_inactive_file {idle}"
    group(
        folder,
        memory__limit_in_bytes=limit,
        memory__usage_in_bytes=used,
        memory__stat=stat,
    )


def test_a_limit_less_what_is_used_and_cannot_be_dropped(tmp_path: Path) -> None:
    proc = mount(tmp_path, "cgroup2", membership="0::/")
    second(tmp_path / "groups", limit=8 * GIB, used=3 * GIB, idle=GIB)
    assert cgroup_free_bytes(proc) == 6 * GIB


def test_limits_of_the_groups_above_hold_too(tmp_path: Path) -> None:
    proc = mount(tmp_path, "cgroup2", membership="0::/pods/pod/box")
    second(tmp_path / "groups" / "pods" / "pod" / "box", limit="max", used=GIB)
    second(tmp_path / "groups" / "pods" / "pod", limit=4 * GIB, used=3 * GIB)
    second(tmp_path / "groups" / "pods", limit=64 * GIB, used=60 * GIB)
    assert cgroup_free_bytes(proc) == GIB


def test_where_a_group_is_slowed_down_it_may_not_go_either(tmp_path: Path) -> None:
    proc = mount(tmp_path, "cgroup2", membership="0::/box")
    second(tmp_path / "groups" / "box", limit=8 * GIB, high=2 * GIB, used=GIB)
    assert cgroup_free_bytes(proc) == GIB


def test_the_first_version_with_a_mount_of_the_containers_own_group(tmp_path: Path) -> None:
    proc = mount(tmp_path, "cgroup", root="/docker/1f2e", membership="9:memory:/docker/1f2e/job")
    first(tmp_path / "groups" / "job", limit=2**63 - 4096, used=GIB)
    first(tmp_path / "groups", limit=2 * GIB, used=GIB, idle=GIB // 2)
    assert cgroup_free_bytes(proc) == 3 * GIB // 2


def test_a_group_that_is_not_under_its_mount_is_looked_for_there(tmp_path: Path) -> None:
    proc = mount(tmp_path, "cgroup", root="/", membership="9:memory:/docker/1f2e")
    first(tmp_path / "groups", limit=2 * GIB, used=GIB)
    assert cgroup_free_bytes(proc) == GIB


def test_more_used_than_allowed_leaves_nothing(tmp_path: Path) -> None:
    proc = mount(tmp_path, "cgroup2", membership="0::/")
    second(tmp_path / "groups", limit=GIB, used=2 * GIB)
    assert cgroup_free_bytes(proc) == 0


def test_no_limit_and_no_control_groups(tmp_path: Path) -> None:
    assert cgroup_free_bytes(tmp_path / "absent") is None
    proc = mount(tmp_path, "cgroup2", membership="0::/")
    assert cgroup_free_bytes(proc) is None
    second(tmp_path / "groups", limit="max", used=GIB)
    assert cgroup_free_bytes(proc) is None


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no control groups")
def test_what_this_kernel_says_can_be_read() -> None:
    left = cgroup_free_bytes()
    assert left is None or left > 0
