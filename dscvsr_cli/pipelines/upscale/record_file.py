"""Record files: small JSON objects that several runs read, change and write back."""

import json
from collections.abc import Callable, Mapping
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
    with one_at_a_time(path.with_name(f"{path.name}.lock")):
        write_durably(path, json.dumps(change(read_record(path)), indent=1).encode())
