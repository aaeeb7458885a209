"""Memory limits of Linux control groups, as containers and batch systems set them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

_PROC: Final = Path("/proc/self")


@dataclass(frozen=True, slots=True)
class _Files:
    """Where one version of control groups keeps its figures about memory."""

    limits: tuple[str, ...]
    used: str
    idle: str
    """Name in ``memory.stat`` of cached file content that is dropped when memory is short."""


_VERSION_1: Final = _Files(
    ("memory.limit_in_bytes",), "memory.usage_in_bytes", "total_inactive_file"
)
# Above "high" a group is slowed down until it stands still, so it is a limit as well.
_VERSION_2: Final = _Files(("memory.max", "memory.high"), "memory.current", "inactive_file")


def cgroup_free_bytes(proc: Path = _PROC) -> int | None:
    """Return the bytes that this process may still take before a control group stops it.

    A group's limit holds for the groups below it together, so all groups above count too.

    Args:
        proc: What the kernel says of this process; other systems have no such folder.

    Returns:
        None if there is no limit.
    """
    rooms = [room for folder, files in _groups(proc) if (room := _room(folder, files)) is not None]
    return min(rooms, default=None)


def _groups(proc: Path) -> Iterator[tuple[Path, _Files]]:
    """Yield the group of the process and all groups above it that can be seen from here."""
    try:
        memberships = (proc / "cgroup").read_text(encoding="utf-8").splitlines()
        mounts = (proc / "mountinfo").read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return
    for membership in memberships:
        _, controllers, group = membership.split(":", 2)
        if controllers == "":
            files, kind = _VERSION_2, "cgroup2"
        elif "memory" in controllers.split(","):
            files, kind = _VERSION_1, "cgroup"
        else:
            continue
        for root, mount_point, options in _mounted(mounts, kind):
            if files is _VERSION_2 or "memory" in options:
                for folder in _upwards(mount_point, root, PurePosixPath(group)):
                    yield folder, files


def _mounted(mounts: list[str], kind: str) -> Iterator[tuple[PurePosixPath, Path, list[str]]]:
    """Yield what each mount of a file system shows, where, and its options."""
    for line in mounts:
        place, _, system = line.partition(" - ")
        fields, found = place.split(), system.split()
        if len(fields) > 4 and len(found) > 2 and found[0] == kind:
            mount_point = Path(fields[4].replace("\\040", " "))
            yield PurePosixPath(fields[3]), mount_point, found[2].split(",")


def _upwards(mount_point: Path, root: PurePosixPath, group: PurePosixPath) -> Iterator[Path]:
    """Yield the folders of a group and of those above it, up to the mount point."""
    # In a container the mount often shows only the container's own group.
    below = group.relative_to(root) if group.is_relative_to(root) else PurePosixPath()
    for part in (below, *below.parents):
        yield mount_point / part


def _room(folder: Path, files: _Files) -> int | None:
    limits = [limit for name in files.limits if (limit := _number(folder / name)) is not None]
    used = _number(folder / files.used)
    if not limits or used is None:
        return None
    return max(0, min(limits) - max(0, used - _idle_bytes(folder, files.idle)))


def _number(path: Path) -> int | None:
    """Return the number that a file holds; None if it is absent, or says "max"."""
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def _idle_bytes(folder: Path, name: str) -> int:
    try:
        lines = (folder / "memory.stat").read_text(encoding="ascii").splitlines()
    except (OSError, ValueError):
        return 0
    return next((int(line.split()[1]) for line in lines if line.split()[0] == name), 0)
