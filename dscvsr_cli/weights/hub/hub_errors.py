"""Shared by download and upload: the Hub's errors, progress bars and address.

Imported only when something has to go over the network: bundled weights never load huggingface_hub.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from huggingface_hub import errors
from huggingface_hub.utils.tqdm import (
    are_progress_bars_disabled,
    disable_progress_bars,
    enable_progress_bars,
)

# Its first base is the error class of whichever HTTP library this huggingface_hub is built on.
HTTP_ERROR: type[Exception] = errors.HfHubHTTPError.__bases__[0]


def endpoint() -> str | None:
    """Return the Hub's address where it is not the usual one."""
    return os.environ.get("HF_ENDPOINT") or None


def is_offline() -> bool:
    """Return whether the network is forbidden."""
    return os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}


def first_line(error: Exception) -> str:
    """Return what went wrong, without the request id and the advice on further lines."""
    return str(error).partition("\n")[0] or type(error).__name__


@contextmanager
def progress_bars(*, shown: bool) -> Iterator[None]:
    """Let huggingface_hub draw its bars on stderr inside the block, or not."""
    if shown or are_progress_bars_disabled():
        yield
        return
    disable_progress_bars()
    try:
        yield
    finally:
        enable_progress_bars()
