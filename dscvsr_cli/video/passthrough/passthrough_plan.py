"""The plan for everything beside the frames: what is copied, converted or lost."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import av

from dscvsr_cli.errors import UsageError
from dscvsr_cli.typed_values import take_fields
from dscvsr_cli.video.container import Container
from dscvsr_cli.video.containers import CONTAINERS, TEXT_SUBTITLES, recommend
from dscvsr_cli.video.encoder_names import encoder_called
from dscvsr_cli.video.info import StreamInfo, VideoInfo
from dscvsr_cli.video.passthrough.audio_transcode import AUDIO_ENCODERS_HINT
from dscvsr_cli.video.passthrough.left_out import LeftOut, describe_stream
from dscvsr_cli.video.passthrough.property_losses import lost_properties, lost_rotation

_OPTION_OF_KIND = {"audio": "--no-audio", "subtitle": "--no-subs", "video": "--no-other-videos"}


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamChoices:
    """What a person wants of the streams beside the video."""

    audio: bool = True
    """Whether audio is kept."""

    subtitles: bool = True
    """Whether subtitles are kept."""

    other_videos: bool = True
    """Whether further videos are kept, as they are; cover art always is."""

    audio_encoder: str | None = None
    """FFmpeg's name of the encoder for audio streams; None copies them. Those that are in its codec
    already are copied too, unless a bit rate is given."""

    audio_bitrate: int | None = None
    """Bits per second of each encoded audio stream; None decides by its channels."""

    drop_unsupported: bool = False
    """Whether to leave out what the container cannot hold, if it would be refused otherwise."""

    def __post_init__(self) -> None:
        """Refuse anything that is not an audio encoder."""
        take_fields(self)
        if self.audio_encoder is None:
            if self.audio_bitrate is not None:
                raise UsageError(
                    "--audio-bitrate without --audio-encoder would change nothing",
                    hint="add --audio-encoder aac, or another encoder",
                ).about("audio-bitrate")
            return
        if self.audio_bitrate is not None and self.audio_bitrate < 1000:
            raise UsageError(
                f"--audio-bitrate must be at least 1000 bit/s, got {self.audio_bitrate}",
                hint="write --audio-bitrate 192k",
            ).about("audio-bitrate")
        if audio_codec(self.audio_encoder) is None:
            raise UsageError(
                f"there is no audio encoder called {self.audio_encoder!r} here",
                hint=AUDIO_ENCODERS_HINT,
            ).about("audio-encoder")


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """A stream that is encoded again, because the container or the person wants it."""

    stream: StreamInfo
    """The stream."""

    encoder: str
    """FFmpeg's name of the encoder, which is its codec's name for subtitles."""

    channels: tuple[str, str] | None = None
    """Layout of audio that its encoder does not take, and the one that it gets; None where it stays
    as it is."""

    def __str__(self) -> str:
        """Say what will become of the stream."""
        costs = ""
        if self.stream.kind == "subtitle":
            costs = "; bold and italics are kept where it has them, other styling is lost"
        if self.channels is not None:
            before, after = self.channels
            costs = f", which takes no {before} audio; it becomes {after}"
        return f"{describe_stream(self.stream)} will be converted to {self.encoder}{costs}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PassthroughPlan:
    """What is kept beside the frames, and what cannot be."""

    copied: tuple[StreamInfo, ...] = ()
    """Streams that are copied packet by packet."""

    converted: tuple[Conversion, ...] = ()
    """Streams that are encoded again."""

    left_out: tuple[LeftOut, ...] = ()
    """What is lost although nobody asked for that, each with the reason."""

    chapters: bool = True
    """Whether chapters are kept (True if there are none)."""

    audio_bitrate: int | None = None
    """Bits per second of each encoded audio stream; None decides by its channels."""

    drop_unsupported: bool = False
    """Whether a stream that the muxer refuses is left out instead of being an error."""

    @property
    def streams(self) -> tuple[StreamInfo, ...]:
        """All streams that will be in the output beside the video, in file order."""
        converted = [conversion.stream for conversion in self.converted]
        return tuple(sorted([*self.copied, *converted], key=lambda stream: stream.index))


def plan_passthrough(
    source: VideoInfo, container: Container, choices: StreamChoices | None = None
) -> PassthroughPlan:
    """Decide what of a source goes into a container, before any work starts.

    Streams are copied if the container can hold them. Text subtitles of another kind are converted
    to the container's own. If an audio encoder is named, it encodes audio of other codecs, or all
    audio if a bit rate is given.

    Args:
        source: The probed file.
        container: What the output is.
        choices: What the person wants; None copies all that fits.

    Raises:
        UsageError: The container cannot hold what the wanted audio encoder makes.
    """
    choices = choices or StreamChoices()
    _check_audio(container, choices)
    copied: list[StreamInfo] = []
    converted: list[Conversion] = []
    left_out: list[LeftOut] = []
    for stream in _wanted_streams(source, choices):
        encoder = _encoder_for(stream, container, choices)
        if stream.is_unreadable and stream.begins_seconds is not None:
            left_out.append(_late_stream(stream, source))
        elif stream.is_unreadable:
            reason = "it is announced, but nothing of it comes within a minute: it is unreadable"
            left_out.append(LeftOut(what=describe_stream(stream), reason=reason, stream=stream))
        elif encoder is not None:
            converted.append(Conversion(stream=stream, encoder=encoder))
        elif container.holds(stream):
            copied.append(stream)
        else:
            left_out.append(_lost_stream(stream, container))
    kept = [*copied, *(one.stream for one in converted)]
    late = [stream for stream in source.late_streams if not is_unwanted(stream, choices)]
    left_out += [_late_stream(stream, source) for stream in late]
    left_out += _lost_timecode(source, container)
    left_out += lost_properties(source, container, kept)
    return PassthroughPlan(
        copied=tuple(copied),
        converted=tuple(converted),
        left_out=tuple(left_out),
        chapters=source.chapter_count == 0 or container.chapters,
        audio_bitrate=choices.audio_bitrate,
        drop_unsupported=choices.drop_unsupported,
    )


def picture_only(
    source: VideoInfo, container: Container, choices: StreamChoices | None = None
) -> PassthroughPlan:
    """Return the plan for an output that can hold nothing but frames.

    Nobody expects audio in a folder of pictures, so its loss is reported and not an error.

    Args:
        source: The probed file.
        container: What the output is.
        choices: What the person wants, and so would miss; None means all.
    """
    what = "pictures" if container.is_pictures else f"{container.label} streams"
    wanted = _wanted_streams(source, choices or StreamChoices())
    reason = f"{what} hold video only"
    losses = [
        LeftOut(what=describe_stream(one), reason=reason, stream=one, refused=False)
        for one in wanted
    ]
    if source.chapter_count:
        chapters = f"{source.chapter_count} chapters"
        losses.append(LeftOut(what=chapters, reason=reason, refused=False))
    turned = lost_rotation(source, what)
    if turned is not None:
        losses.append(replace(turned, refused=False))
    return PassthroughPlan(left_out=tuple(losses), chapters=False)


def refuse_losses(plan: PassthroughPlan, target_name: str, choices: StreamChoices) -> None:
    """Stop before any work if something would be lost that a person could keep.

    Data that no container here can hold does not stop the work: its loss is only reported.

    Raises:
        UsageError: Something would be lost, and ``choices.drop_unsupported`` is not given.
    """
    losses = [loss for loss in plan.left_out if loss.refused]
    if not losses or choices.drop_unsupported:
        return
    raise UsageError(
        f"{target_name} cannot hold everything of the input",
        details=[f"{loss.what}: {loss.reason}" for loss in losses],
        hint=_ways_out(losses),
    )


def _ways_out(losses: list[LeftOut]) -> str:
    """Say which one option settles everything, and which do so together."""
    drop = "--drop-unsupported"
    if not any(loss.fixes for loss in losses):
        return f"{drop} leaves {'it' if len(losses) == 1 else 'all of this'} out"
    for_all = [fix for fix in losses[0].fixes if all(fix in loss.fixes for loss in losses)]
    hint = "use one of " if for_all else "use "
    hint += ", ".join([*for_all, f"{drop} (leaves all of this out)"])
    for_each = dict.fromkeys(
        " or ".join(fix for fix in loss.fixes if fix not in for_all) or drop for loss in losses
    )
    return hint if [*for_each] == [drop] else f"{hint}; or for each one: {', and '.join(for_each)}"


def audio_codec(encoder: str) -> str | None:
    """Return the codec of an audio encoder ("opus" for libopus), or None if it is not one."""
    try:
        codec = av.Codec(encoder, "w")
    except ValueError:
        return None
    return codec.canonical_name if codec.type == "audio" else None


def _wanted_streams(source: VideoInfo, choices: StreamChoices) -> Iterator[StreamInfo]:
    for stream in source.other_streams:
        # MP4 keeps the names of chapters in a hidden text track, and the timecode in one of data.
        # The muxer makes new ones, so that copying the old ones as well would double them.
        is_remade = stream.is_chapter_text or stream.is_timecode
        if not is_remade and not is_unwanted(stream, choices):
            yield stream


def is_unwanted(stream: StreamInfo, choices: StreamChoices) -> bool:
    """Return whether a person has asked to leave a stream out."""
    return (
        (stream.kind == "audio" and not choices.audio)
        or (stream.kind == "subtitle" and not choices.subtitles)
        or (stream.is_moving_picture and not choices.other_videos)
    )


def _encoder_for(stream: StreamInfo, container: Container, choices: StreamChoices) -> str | None:
    if stream.kind == "audio" and stream.codec and choices.audio_encoder and container.audio:
        is_wanted = stream.codec == audio_codec(choices.audio_encoder) and container.holds(stream)
        # What is in the codec already would only get worse. If audio has no times, encoding
        # fills its pauses as well.
        can_stay = choices.audio_bitrate is None and not container.audio_is_gapless
        return None if is_wanted and can_stay else encoder_called(choices.audio_encoder)
    if stream.kind != "subtitle" or container.holds(stream):
        return None
    is_text = stream.codec in TEXT_SUBTITLES
    return container.text_subtitle or None if is_text else None


def _check_audio(container: Container, choices: StreamChoices) -> None:
    encoder = choices.audio_encoder
    if encoder is None or not container.audio:
        return
    codec = audio_codec(encoder)
    if codec not in container.audio:
        better = f"try --audio-encoder {container.audio_encoder}"
        holder = next((other for other in CONTAINERS if codec in other.audio), None)
        raise UsageError(
            container.refusal(codec, encoder),
            hint=better if holder is None else f"{better}, or write to {holder.suffix}",
            unfit="audio-encoder",
        )


def _lost_stream(stream: StreamInfo, container: Container) -> LeftOut:
    if not stream.codec and stream.kind != "attachment":
        reason = "its format is unknown here"
    else:
        what = "a cover picture" if stream.is_cover else stream.codec or f"this {stream.kind}"
        reason = f"{container.label} files cannot hold {what}"
    fixes = []
    better = recommend(stream)
    if better is not None:
        fixes.append(f"-o out{better.suffix}")
    if stream.kind == "audio" and stream.codec and container.audio_encoder:
        fixes.append(f"--audio-encoder {container.audio_encoder}")
    if stream.kind in _OPTION_OF_KIND and not stream.is_cover:
        fixes.append(_OPTION_OF_KIND[stream.kind])
    return LeftOut(
        what=describe_stream(stream),
        reason=reason,
        fixes=tuple(fixes),
        stream=stream,
        # Cameras and discs add private data that only they can read. None of our containers
        # can hold it, so asking about it would stop every such video without any use.
        refused=bool(fixes) or stream.kind not in ("data", "unknown"),
    )


def _lost_timecode(source: VideoInfo, container: Container) -> Iterator[LeftOut]:
    # The track itself is never copied: muxers that know such tracks make one of the tag.
    track = next((stream for stream in source.other_streams if stream.is_timecode), None)
    stays = source.timecode is not None and (
        container.timecode_track or (container.track_tags is None and track is None)
    )
    if stays or (track is None and source.timecode is None):
        return
    reason = f"{container.label} files have no such track"
    if source.timecode is not None and container.track_tags is None:
        reason += f"; {source.timecode} stays as a tag"
    yield LeftOut(
        what=f"the timecode {source.timecode or ''}".rstrip(),
        reason=reason,
        fixes=("-o out.mov", "-o out.mp4") if source.timecode is not None else (),
        stream=track,
        refused=False,
    )


def _late_stream(stream: StreamInfo, source: VideoInfo) -> LeftOut:
    begins = stream.begins_seconds
    at = "" if begins is None else f" at {begins - float(source.start_seconds):.3f} s"
    reason = f"it appears only{at}, after the file has been opened without it"
    is_video = stream.kind == "video"
    # Of a track that is known when the file is opened all frames can be read.
    by_itself = (f"--video-stream {stream.index} (enlarges it instead)",)
    return LeftOut(
        what=describe_stream(stream),
        reason=reason,
        fixes=by_itself if is_video and stream.is_unreadable else (),
        stream=stream,
        # No option keeps both, and the rest is worth having, unless this is the half of a film.
        refused=is_video,
    )
