"""WatchedFolder: which videos of a folder are finished being written, and still to be enlarged.

The folder is looked at again and again. That works on every system and on network drives, where
notices of changes do not arrive, and costs little: a look reads names, sizes and times.
"""

import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from dscvsr_cli.errors import InputVideoError, UsageError
from dscvsr_cli.pipelines.upscale.being_written import is_being_written
from dscvsr_cli.pipelines.upscale.find_videos import find_videos

_log: Final = logging.getLogger(__name__)

_LONGEST_PAUSE_SECONDS: Final = 3600.0
"""Longest time after which a file is tried again."""

Version = tuple[int, int]
"""What a file is at one moment: its size, and when it was changed."""


@dataclass(slots=True, kw_only=True)
class _Seen:
    version: Version
    since: float
    """When the file was first seen like this."""
    retry_at: float = field(default=float("inf"))
    """When it is tried again although it has not changed."""
    is_taken: bool = False
    retries: int = 0
    """How often it was taken that way."""


class WatchedFolder:
    """The videos of a folder and of those below it, each given out once for every version of it.

    A file is finished when it has not changed for a while and, where the system can say so, when
    no program has it open for writing.

    Args:
        folder: Where files arrive.
        output: Where outputs go; it may be inside the folder, and is not searched then.
        settle_seconds: How long a file must stay as it is.
        clock: Seconds that only grow.

    Raises:
        InputVideoError: There is no such folder, or this user may not look into it.
        UsageError: It is a file; or outputs would go into it, and be taken for inputs.
    """

    def __init__(
        self,
        folder: Path,
        output: Path,
        *,
        settle_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if folder.is_file():
            raise UsageError(
                f"{folder} is a file, and only folders are watched",
                hint="give its folder; `dscvsr upscale` enlarges a single file",
            )
        if not folder.is_dir():
            raise InputVideoError(f"there is no folder {folder}", hint="create it first")
        as_who_runs = os.access in os.supports_effective_ids
        if not os.access(folder, os.R_OK | os.X_OK, effective_ids=as_who_runs):
            raise InputVideoError(
                f"{folder} cannot be read: permission denied", hint="check its permissions"
            )
        if output.resolve() == folder.resolve():
            raise UsageError(
                f"{folder} is watched, so outputs in it would be enlarged again",
                hint="give another folder with -o; one inside it will do",
            )
        self._folder = folder
        self._output = output
        self._settle_seconds = settle_seconds
        self._clock = clock
        self._seen: dict[Path, _Seen] = {}
        self._is_readable = True

    def look(self) -> list[Path]:
        """Look at the folder -> the files that are finished, those that came first at the front.

        A folder that cannot be read, such as one on a network drive that is away, holds nothing for
        now; what was taken from it is remembered until it is back.
        """
        now = self._clock()
        try:
            names = find_videos(self._folder, self._output)
        except OSError as error:
            if self._is_readable:
                _log.warning(
                    "%s cannot be read (%s); still trying", self._folder, error.strerror or error
                )
            self._is_readable = False
            return []
        self._is_readable = True
        versions = {name: version for name in names if (version := _version(name)) is not None}
        self._seen = {name: self._note(name, version, now) for name, version in versions.items()}
        ready = [
            name
            for name, seen in self._seen.items()
            if (not seen.is_taken and now - seen.since >= self._settle_seconds)
            or now >= seen.retry_at
        ]
        finished = [name for name in ready if not is_being_written(name)]
        return sorted(finished, key=lambda name: (self._seen[name].since, name))

    def take(self, name: Path, *, retry_after: float | None = None) -> None:
        """Note that a file was given to a job, as it was at the last look.

        Args:
            name: One that ``look`` returned.
            retry_after: Seconds after which it is given out again even if it stays as it is; twice
                as many each time, up to an hour, for a reason that does not pass must not keep the
                machine busy.
        """
        seen = self._seen[name]
        seen.is_taken = True
        seen.retry_at = float("inf")
        if retry_after is not None:
            pause = min(retry_after * 2.0**seen.retries, _LONGEST_PAUSE_SECONDS)
            seen.retry_at = self._clock() + pause
            seen.retries += 1

    @property
    def is_settled(self) -> bool:
        """Whether the folder could be read, and every file was given to a job as it is now."""
        return self._is_readable and all(seen.is_taken for seen in self._seen.values())

    def _note(self, name: Path, version: Version, now: float) -> _Seen:
        seen = self._seen.get(name)
        if seen is None or seen.version != version:
            return _Seen(version=version, since=now)
        return seen


def _version(path: Path) -> Version | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns
