"""LeftOut: something of the source that the output will not have, in words."""

from dataclasses import dataclass

from dscvsr_cli.video.info import StreamInfo
from dscvsr_cli.video.languages import is_language
from dscvsr_cli.video.tags import one_line


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """Something of the source that the output will not have."""

    what: str
    """What it is, in words: "subtitle stream 2 (ass, eng)"."""

    reason: str
    """Why not, as half a sentence."""

    fixes: tuple[str, ...] = ()
    """Options that keep it, or that agree to its loss; () if nothing helps."""

    stream: StreamInfo | None = None
    """The stream, if it is one."""

    refused: bool = True
    """Whether the work must not start before somebody has agreed to the loss."""

    def __str__(self) -> str:
        """Say what will be lost, why, and what keeps it."""
        helps = f" ({' or '.join(self.fixes)})" if self.fixes else ""
        return f"{self.what} will be lost: {self.reason}{helps}"


def describe_stream(stream: StreamInfo) -> str:
    """Name a stream in words: "subtitle stream 2 (ass, eng)"."""
    kind: str = stream.kind
    if stream.is_cover or stream.is_timecode:
        kind = "cover picture" if stream.is_cover else "timecode"
    language = stream.language if is_language(stream.language) else None
    known = [one_line(part) for part in (stream.codec, language, stream.title) if part]
    return f"{kind} stream {stream.index}" + (f" ({', '.join(known)})" if known else "")
