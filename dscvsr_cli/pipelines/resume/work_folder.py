"""WorkFolder: the hidden folder beside a target that holds its finished segments."""

import hashlib
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from dscvsr_cli.durable import write_durably
from dscvsr_cli.errors import OutputVideoError, UsageError
from dscvsr_cli.pipelines.resume.lock import ProcessLock
from dscvsr_cli.pipelines.resume.manifest import Manifest

_LONGEST_NAME = 255
"""Bytes that common file systems allow."""
_KEPT_NAME = 40
"""Characters that are kept of a longer name."""
_MANIFEST = "manifest.json"
_LOCK = "lock"
JOINED = "joined.part"
"""The complete file before it is published."""


class WorkFolder:
    """The work folder of a target, held by one run at a time.

    Only what the manifest names counts, and the manifest is replaced in one step. So a run that is
    killed at any moment leaves a folder from which another run can continue.
    """

    def __init__(self, target: Path) -> None:
        self._target = target
        self.path = work_path(target)
        self._lock = ProcessLock(self.path / _LOCK)

    def acquire(self) -> None:
        """Create the folder if it does not exist, and lock other runs out of it.

        Raises:
            UsageError: Another run holds it.
            OutputVideoError: It cannot be written.
        """
        while True:
            try:
                self.path.mkdir(exist_ok=True)
                self._lock.acquire(str(self._target))
            except OSError as error:
                # The run before may have removed the folder between our two steps.
                if isinstance(error, FileNotFoundError) and self._target.parent.is_dir():
                    continue
                raise OutputVideoError(
                    f"nothing can be written in {self._target.parent}: {error.strerror or error}",
                    hint="check the permissions of the folder and the space on the disk",
                ) from error
            return

    def release(self) -> None:
        """Let other runs in."""
        self._lock.release()

    def commit(self, manifest: Manifest) -> None:
        """Replace the manifest, and remove files that the new one does not name.

        Raises:
            OSError: It cannot be written; the manifest before it stays.
        """
        write_durably(self.path / _MANIFEST, manifest.to_json().encode())
        named = {_MANIFEST, _LOCK, JOINED, manifest.state, *(s.name for s in manifest.segments)}
        for path in self.path.iterdir():
            if path.name not in named:
                with suppress(OSError):
                    path.unlink()

    def discard(self) -> None:
        """Remove the folder and everything in it, and release it."""
        # The manifest last: a run that is killed meanwhile still knows what it has published.
        with suppress(OSError):
            for path in self.path.iterdir():
                if path.name not in (_MANIFEST, _LOCK):
                    path.unlink()
        shutil.rmtree(self.path, ignore_errors=True)
        self.release()
        # Windows does not remove a file that is open.
        shutil.rmtree(self.path, ignore_errors=True)


def work_path(target: Path) -> Path:
    """Return the name of a target's work folder: ``.out.mp4.dscvsr`` beside it."""
    name = f".{target.name}.dscvsr"
    if len(name.encode(errors="surrogateescape")) > _LONGEST_NAME:
        digest = hashlib.sha256(target.name.encode(errors="surrogateescape")).hexdigest()[:12]
        name = f".{target.name[:_KEPT_NAME]}.{digest}.dscvsr"
    return target.with_name(name)


def read_manifest(target: Path) -> Manifest | None:
    """Return the manifest of an earlier run for this target, or None if nothing is finished.

    Raises:
        DamagedWorkError: It is damaged.
    """
    path = work_path(target) / _MANIFEST
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    manifest = Manifest.from_json(text, path)
    return manifest if manifest.segments or manifest.ended else None


def file_identity(path: Path) -> str:
    """Return what stays the same when a file is renamed: its size and modification time."""
    status = path.stat()
    return f"{status.st_size} {status.st_mtime_ns}"


def check_fingerprint(target: Path, manifest: Manifest, now: Mapping[str, str]) -> None:
    """Check that an earlier run's work would be continued with the settings it was started with.

    Raises:
        UsageError: It was started with another input, other weights or other settings.
    """
    changed = list(manifest.differences(now))
    if changed:
        raise UsageError(
            f"{target} was started with other settings: {'; '.join(changed)}",
            hint="give the same input and options again, or start over with --restart",
        )
