"""WorkFolder: the hidden folder beside a target that holds its finished segments."""

import errno
import hashlib
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from dscvsr_cli.durable import write_durably
from dscvsr_cli.errors import OutputVideoError, UsageError
from dscvsr_cli.pipelines.resume.lock import ProcessLock
from dscvsr_cli.pipelines.resume.manifest import Manifest
from dscvsr_cli.video.ffmpeg_errors import describe_error, way_out

_LONGEST_NAME = 255
"""Bytes that common file systems allow."""
_KEPT_NAME = 40
"""Characters that are kept of a longer name."""
_MANIFEST = "manifest.json"
_LOCK = "lock"
JOINED = "joined.part"
"""The complete file before it is published."""

_OWN_NAME: Final = re.compile(
    r"lock|joined\.part|"
    r"(manifest\.json|shared-[0-9a-f]{8}|segment-\d{5,}(-[0-9a-f]{8})?\.packets|"
    r"state-\d{5,}\.safetensors)(\.[0-9a-f]{8}\.part)?"
)
"""Every name that this program gives to a file in a work folder; no other file is ever removed."""

_MANIFEST_LIMIT: Final = 1 << 26
"""Bytes; a larger file of that name is not a manifest of ours."""

_ATTEMPTS: Final = 100
"""How often the folder is created again, if another run keeps removing it."""


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
            UsageError: Another run holds it, or something else has its name.
            OutputVideoError: It cannot be written.
        """
        for _ in range(_ATTEMPTS):
            try:
                self.path.mkdir(exist_ok=True)
                check_is_ours(self.path)
                self._lock.acquire(str(self._target))
            except FileExistsError:
                check_is_ours(self.path)
            except FileNotFoundError as error:
                # The run before may have removed the folder between our two steps.
                if not self._target.parent.is_dir():
                    raise OutputVideoError(
                        f"the folder {self._target.parent} does not exist any more",
                        hint="create it again, or choose another name with -o",
                    ) from error
            except OSError as error:
                raise self._not_writable(error) from error
            else:
                return
        vanishes = "the work folder vanishes again and again"
        raise self._not_writable(FileNotFoundError(errno.ENOENT, vanishes))

    def check(self) -> None:
        """Refuse what ``acquire`` would refuse, and create nothing.

        Raises:
            UsageError: Another run holds the folder, or something else has its name.
            OutputVideoError: It cannot be read.
        """
        try:
            check_is_ours(self.path)
            self._lock.check(str(self._target))
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._not_writable(error) from error

    def _not_writable(self, error: OSError) -> OutputVideoError:
        return OutputVideoError(
            f"nothing can be written in {self._target.parent}: {describe_error(error)}",
            hint=way_out(error, otherwise="write elsewhere with -o"),
        )

    def release(self) -> None:
        """Let other runs in."""
        self._lock.release()

    def commit(self, manifest: Manifest, *, tidy: bool = True) -> None:
        """Replace the manifest, and remove files that the new one does not name.

        Args:
            manifest: What is finished.
            tidy: Whether to remove files; not while others are writing here.

        Raises:
            OSError: It cannot be written; the manifest before it stays.
        """
        write_durably(self.path / _MANIFEST, manifest.to_json().encode())
        if tidy:
            self.tidy(manifest)

    def tidy(self, manifest: Manifest) -> None:
        """Remove files that a manifest does not name; those that will not go stay."""
        segments = (segment.name for segment in manifest.all_segments)
        named = {_MANIFEST, _LOCK, JOINED, manifest.state, *segments}
        for path in self._own_files():
            if path.name not in named:
                with suppress(OSError):
                    path.unlink()

    def discard(self) -> None:
        """Remove our files, and the folder if nothing else is in it, and release it."""
        # The manifest last: a run that is killed meanwhile still knows what it has published.
        with suppress(OSError):
            for path in self._own_files():
                if path.name not in (_MANIFEST, _LOCK):
                    path.unlink()
        self._remove_rest()
        self.release()
        # Windows does not remove a file that is open.
        self._remove_rest()

    def _remove_rest(self) -> None:
        for name in (_MANIFEST, _LOCK):
            with suppress(OSError):
                (self.path / name).unlink()
        with suppress(OSError):
            self.path.rmdir()

    def _own_files(self) -> list[Path]:
        return [path for path in self.path.iterdir() if _OWN_NAME.fullmatch(path.name)]


def check_is_ours(folder: Path) -> None:
    """Refuse a folder that this program did not make, before anything in it is touched.

    Ours is a real folder in which every file of ours is a plain file, and which holds either a
    manifest of ours or nothing but our files.

    Raises:
        UsageError: It is something else.
        FileNotFoundError: It is gone.
        OSError: It cannot be read.
    """
    if folder.is_symlink() or not folder.is_dir():
        if not folder.is_symlink() and not folder.exists():
            raise FileNotFoundError(folder)
        what = "a symbolic link" if folder.is_symlink() else "not a folder"
        raise _foreign(folder, what)
    entries = list(folder.iterdir())
    own = [path for path in entries if _OWN_NAME.fullmatch(path.name)]
    for path in own:
        if path.is_symlink() or not (path.is_file() or not path.exists()):
            raise _foreign(folder, f"a folder whose {path.name} is no plain file")
    if len(own) < len(entries) and not _bears_manifest(folder):
        raise _foreign(folder, "a folder with files of another program")


def _bears_manifest(folder: Path) -> bool:
    path = folder / _MANIFEST
    try:
        if path.stat().st_size > _MANIFEST_LIMIT:
            return False
        values = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(values, dict) and {"format", "fingerprint", "segments"} <= values.keys()


def _foreign(folder: Path, what: str) -> UsageError:
    return UsageError(
        f"{folder} is {what}, and this run needs that name for its unfinished work",
        hint="move it away, or choose another name with -o; nothing in it was touched",
    )


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
    return manifest if manifest.frames or manifest.ended else None


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
