"""Session: Ray started on this machine, or a running cluster joined; the only door to Ray."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from dscvsr_cli.errors import UsageError
from dscvsr_cli.extras import install_command
from dscvsr_cli.runtimes.process import available_cores

LOCAL: Final = "local"
"""The address that starts Ray on this machine alone."""

_STORE_BYTES: Final = 100 * 2**20
"""Room for messages between drivers and workers; frames never pass through Ray."""

_ANSWER_SECONDS: Final = 5.0
"""How long a cluster may take to answer. Left to itself, Ray tries for many minutes."""

_SETTINGS: Final = {
    # Ray reports usage to its makers unless it is told not to.
    "RAY_USAGE_STATS_ENABLED": "0",
    # Without it Ray warns of what it will do in a later release.
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    # "The cluster is full" and the like, in the middle of a bar.
    "RAY_SCHEDULER_EVENTS": "0",
    # What Ray says of dead workers goes to standard output, which may carry JSON; we say it too.
    "RAY_DEDUP_LOGS": "1",
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".",
}


@contextmanager
def ray_session(address: str) -> Iterator[Any]:
    """Start Ray here, or join a cluster, and give its module; leaving the block ends or leaves it.

    Args:
        address: ``LOCAL``, "auto", "HOST:PORT" or "ray://HOST:PORT".

    Raises:
        UsageError: Ray is not installed, or no cluster answers.
    """
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    try:
        import ray  # noqa: PLC0415  only if it is asked for
    except ImportError as error:
        raise UsageError(
            "Ray is not installed", hint=f"run: {install_command('ray')}, or leave out --ray"
        ) from error
    if ray.is_initialized():
        # Whoever started it, a notebook or a test, also ends it.
        yield ray
        return
    _connect(ray, address)
    try:
        yield ray
    finally:
        ray.shutdown()


def _connect(ray: Any, address: str) -> None:
    here: dict[str, Any] = {}
    _knock(address)
    if address == LOCAL:
        here = {
            "num_cpus": available_cores(),
            "include_dashboard": False,
            "object_store_memory": _STORE_BYTES,
        }
    try:
        ray.init(address=address, log_to_driver=False, logging_level="ERROR", **here)
    except (ConnectionError, TimeoutError, RuntimeError, ValueError) as error:
        if address != LOCAL:
            raise _unreachable(address, error) from error
        raise UsageError(
            f"Ray cannot be started on this machine: {_first_line(error)}",
            hint="leave out --ray to work without it",
        ) from error


def _knock(address: str) -> None:
    """Check that something listens at an address of the form ``[ray://]HOST:PORT``.

    Raises:
        UsageError: Nothing answers there.
    """
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdecimal():
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_ANSWER_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise _unreachable(address, error) from error


def _unreachable(address: str, error: Exception) -> UsageError:
    return UsageError(
        f"no Ray cluster can be reached at {address}: {_first_line(error)}",
        hint="start one with: ray start --head --port=6379, and give --ray HOST:6379; all "
        "machines need the same releases of Ray and Python",
    )


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".")
