"""What messages call a stream: its kind, its place, and what is known of it."""

import pytest

from dscvsr_cli.video.info import StreamInfo
from dscvsr_cli.video.passthrough.left_out import describe_stream


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("eng", "audio stream 1 (aac, eng)"),
        (None, "audio stream 1 (aac)"),
        # What a file says that nobody knows is not known.
        ("und", "audio stream 1 (aac)"),
    ],
)
def test_a_stream_is_named_by_what_is_known_of_it(language: str | None, words: str) -> None:
    stream = StreamInfo(index=1, kind="audio", codec="aac", language=language)
    assert describe_stream(stream) == words
