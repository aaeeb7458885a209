"""Out of memory: recognise it among other errors, for every library and device in one place."""

from typing import Final

from dscvsr_cli.errors import DeviceError

_SIGNS: Final = (
    "out of memory",
    "not enough memory",
    "allocate memory",
    "can't alloc",
    "bad alloc",
    "bad_alloc",
    "defaultcpuallocator",
    "cudnn_status_alloc_failed",
    "cublas_status_alloc_failed",
    # A library that does not fit any more, and a thread.
    "failed to map segment",
    "resource temporarily unavailable",
)
"""What libraries say in small letters; only some have an exception type of their own for it."""


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error says that memory ran out, on any device."""
    if isinstance(error, MemoryError):
        return True
    if isinstance(error, BlockingIOError):
        # A lock that another program holds, in the words for a thread that cannot be made.
        return False
        # torch's own type for CUDA is a RuntimeError too.
    may_say_so = isinstance(error, RuntimeError | ImportError | OSError)
    return may_say_so and any(sign in str(error).lower() for sign in _SIGNS)


def too_little_memory() -> DeviceError:
    """Return the error for memory that ran out if no smaller step was left."""
    return DeviceError(
        "there is too little memory",
        hint="close other programs, or raise the limit that is set for this one (ulimit -v)",
    )
