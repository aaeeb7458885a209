"""Phase: how far an output is, in this run or in one that was killed, and what may follow.

::

    UNDECIDED --> FRESH -----> RESUMING ----> JOINING ----> PUBLISHED
        |                       ^  |             ^              ^
        |                       +--+             |              |
        +-- an earlier run left ----- off here --+--------------+

A frame count that does not add up leads from any phase with segments back to FRESH: what is wrong
with them would be wrong again.
"""

from collections.abc import Mapping
from enum import Enum, auto
from pathlib import Path

from dscvsr_cli.errors import UsageError
from dscvsr_cli.own_outputs import file_identity
from dscvsr_cli.pipelines.resume.manifest import Manifest
from dscvsr_cli.pipelines.resume.work_folder import check_fingerprint, read_manifest
from dscvsr_cli.wording import counted


class Phase(Enum):
    """How far an output is."""

    UNDECIDED = auto()
    """The work folder is not ours: another run may hold it, or its content may be refused."""

    FRESH = auto()
    """The folder is ours and holds nothing worth keeping; work starts at the first frame."""

    RESUMING = auto()
    """Some segments are finished; work continues after the last of them."""

    JOINING = auto()
    """Every frame is in a segment; the segments are still to be joined."""

    PUBLISHED = auto()
    """The joined file has its name; the work folder is still to be removed."""


_NEXT = {
    Phase.UNDECIDED: {Phase.FRESH, Phase.RESUMING, Phase.JOINING, Phase.PUBLISHED},
    Phase.FRESH: {Phase.RESUMING, Phase.JOINING},
    Phase.RESUMING: {Phase.RESUMING, Phase.JOINING, Phase.FRESH},
    Phase.JOINING: {Phase.PUBLISHED, Phase.FRESH},
    Phase.PUBLISHED: {Phase.FRESH},
}


def advance(now: Phase, then: Phase) -> Phase:
    """Return ``then``.

    Raises:
        ValueError: It cannot follow ``now``.
    """
    if then not in _NEXT[now]:
        raise ValueError(f"an output cannot go from {now.name} to {then.name}")
    return then


class EarlierWork(Enum):
    """What to do with the unfinished work of an earlier run."""

    REFUSE = auto()
    """Keep it, and start nothing."""

    RESUME = auto()
    """Continue after it, if there is some."""

    RESTART = auto()
    """Throw it away, unread."""


def phase_of(manifest: Manifest, target: Path) -> Phase:
    """Return the phase in which the run that wrote ``manifest`` for ``target`` ended."""
    if (
        manifest.joined is not None
        and target.is_file()
        and manifest.joined == file_identity(target)
    ):
        return Phase.PUBLISHED
    if manifest.ended:
        return Phase.JOINING
    return Phase.RESUMING if manifest.frames else Phase.FRESH


def is_published(target: Path) -> bool:
    """Return whether an earlier run published its file and was killed before it tidied up.

    Raises:
        DamagedWorkError: The manifest is damaged.
    """
    manifest = read_manifest(target)
    return manifest is not None and phase_of(manifest, target) is Phase.PUBLISHED


def earlier_manifest(
    target: Path, choice: EarlierWork, fingerprint: Mapping[str, str]
) -> Manifest | None:
    """Return the work of an earlier run to continue, or None to start at the first frame.

    Args:
        target: The file to make.
        choice: What to do with unfinished work.
        fingerprint: What decides the frames of this run.

    Raises:
        UsageError: There is unfinished work, and ``choice`` refuses to touch it, or it was started
            with other settings.
        DamagedWorkError: The manifest is damaged.
    """
    if choice is EarlierWork.RESTART:
        return None
    manifest = read_manifest(target)
    if manifest is None:
        return None
    if choice is EarlierWork.RESUME:
        check_fingerprint(target, manifest, fingerprint)
        return manifest
    if phase_of(manifest, target) is Phase.PUBLISHED:
        # Nothing is lost: the file is complete and only the folder is left.
        return None
    raise UsageError(
        f"an earlier run was interrupted after {counted(manifest.frames, 'frame')} of {target}",
        hint="add --resume to continue, or --restart to start over",
    )
