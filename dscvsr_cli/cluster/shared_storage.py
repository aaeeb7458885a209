"""Shared storage: seen before work begins that all machines read and write the same files."""

import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final

from dscvsr_cli.cluster.pool import WorkerPool
from dscvsr_cli.durable import write_durably
from dscvsr_cli.errors import OutputVideoError, UsageError
from dscvsr_cli.pipelines.resume.manifest import identify_input
from dscvsr_cli.pipelines.upscale.job import UpscaleJob

_HINT: Final = (
    "put input and output on storage that all machines share under the same path, such as NFS, "
    "and give paths on it"
)


def check_storage(pool: WorkerPool, job: UpscaleJob, folder: Path, name: str) -> None:
    """Refuse storage that a machine of the cluster does not share.

    Args:
        pool: Has a worker on every machine.
        job: Whose input is read.
        folder: Where the workers are to write.
        name: Beginning of the names of the files that show it, which are removed again.

    Raises:
        UsageError: A machine reads another input, does not see the folder, or writes elsewhere.
        OutputVideoError: Nothing can be written here.
    """
    start_number = job.reading.start_number
    wanted = secrets.token_hex(8)
    token = folder / f"{name}-{secrets.token_hex(4)}"
    identity = sorted(identify_input(job.source, start_number=start_number).items())
    try:
        write_durably(token, wanted.encode())
    except OSError as error:
        raise OutputVideoError(
            f"nothing can be written in {folder}: {error.strerror or error}",
            hint="check the permissions of the folder and the space on the disk",
        ) from error
    reply = folder / f"{name}-{secrets.token_hex(4)}"
    try:
        for worker, answer in pool.ask_each_machine(
            "share", job.source, start_number, token, reply
        ):
            host = worker.facts.host
            if answer.error is not None or not isinstance(answer.value, str):
                said = answer.error.message if answer.error else answer.bug.strip().splitlines()[-1]
                raise UsageError(f"{host} does not share this storage: {said}", hint=_HINT)
            if answer.value != f"{wanted} {identity}":
                raise UsageError(f"{job.source} is another file on {host}", hint=_HINT)
            if _content(reply) != wanted:
                raise UsageError(
                    f"what {host} writes in {folder} does not appear on this machine", hint=_HINT
                )
            reply.unlink()
    finally:
        for path in (token, reply):
            with suppress(OSError):
                path.unlink()


def _content(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
