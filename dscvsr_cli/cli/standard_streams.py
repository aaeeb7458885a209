"""hold_standard_streams(): no file that is opened later passes for standard input or output."""

import os

_FIRST_FREE = 3


def hold_standard_streams() -> None:
    """Let standard streams that the caller has closed lead to nowhere.

    A system gives the lowest free number to the next file that is opened. If 1 or 2 is free, that
    is the video being written or read, and what encoders and libav write to the terminal by
    themselves ends up inside it. Python's own ``sys.stdout`` stays None.
    """
    while (number := os.open(os.devnull, os.O_RDWR)) < _FIRST_FREE:
        # Programs that are started from here have the same need.
        os.set_inheritable(number, True)
    os.close(number)
