"""libav's log: off, except when it is the only way to learn something.

It goes through Python, which is dangerous: a decoder's thread that logs waits for Python's global
lock, while PyAV holds that lock to free a decoder and waits for the decoder's threads. So the log
is on for one question at a time, and ``park_decoders`` lets threads come to rest before they are
freed. Nothing else in the package may set its level.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any, Final, cast

import av.logging
from av.codec.context import CodecContext
from av.container import InputContainer

_ASKING: Final = Lock()
"""Two questions at once would each restore the level that the other has set."""


@contextmanager
def libav_log() -> Iterator[list[str]]:
    """Turn the log on and collect what this thread makes libav say; the list fills up meanwhile."""
    said: list[str] = []
    with _ASKING:
        before = av.logging.get_level()
        av.logging.set_level(av.logging.INFO)
        try:
            with av.logging.Capture() as lines:
                yield said
        finally:
            av.logging.set_level(before)
            said.extend(text for _, _, text in lines)


def described_format(container: InputContainer) -> str:
    """Return libav's own description of an opened file: its streams, and what they carry."""
    with libav_log():
        # The stubs leave it out.
        text: str = cast("Any", container).dumps_format()
    return text


def park_decoders(container: InputContainer) -> None:
    """Wait, without Python's global lock, until no thread of a file's decoders works any more."""
    for stream in container.streams:
        # None if this build of FFmpeg has no decoder, whatever the stubs declare.
        context = cast("CodecContext | None", stream.codec_context)
        if context is not None:
            context.flush_buffers()
