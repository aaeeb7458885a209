"""Record files: small JSON objects that several runs read, change and write back."""

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from dscvsr_cli.durable import write_durably
from dscvsr_cli.json_record import Record, read_record
from dscvsr_cli.pipelines.resume.lock import one_at_a_time


def change_record(path: Path, change: Callable[[Record], Mapping[str, object]]) -> None:
    """Read a record, change it and write it back, while no other run does the same.

    Args:
        path: The file.
        change: Given what the record holds now, returns what it is to hold.

    Raises:
        OSError: It cannot be written; the record is as it was.
    """
    with held_record(path):
        write_record(path, change(read_record(path)))


def held_record(path: Path) -> AbstractContextManager[None]:
    """Let nobody else change a record inside the block, or wait until nobody does.

    Raises:
        OSError: Nothing can be written beside it.
    """
    return one_at_a_time(path.with_name(f"{path.name}.lock"))


def write_record(path: Path, record: Mapping[str, object]) -> None:
    """Write a record that is held.

    Raises:
        OSError: It cannot be written; the record is as it was.
    """
    write_durably(path, json.dumps(record, indent=1).encode())
