"""A trial before any work: which channels the encoder of every audio stream leaves it."""

from collections.abc import Iterator
from dataclasses import replace

from av.audio.stream import AudioStream
from av.container import InputContainer

from dscvsr_cli.errors import UsageError
from dscvsr_cli.video.info import VideoInfo
from dscvsr_cli.video.passthrough.audio_transcode import choose_settings
from dscvsr_cli.video.passthrough.channel_layouts import sound_alike, stated_layout
from dscvsr_cli.video.passthrough.left_out import LeftOut, describe_stream
from dscvsr_cli.video.passthrough.passthrough_plan import Conversion, PassthroughPlan
from dscvsr_cli.video.read.open_input import open_input


def try_audio_encoders(source: VideoInfo, plan: PassthroughPlan) -> PassthroughPlan:
    """Return the plan with what becomes of channels, and without audio that no encoder takes.

    Raises:
        UsageError: An encoder does not take a stream, whose loss is not agreed to.
    """
    if source.kind != "file" or not any(one.stream.kind == "audio" for one in plan.converted):
        return plan
    with open_input(source.path, allow_playlist=source.is_playlist) as opened:
        tried = list(_tried(opened, plan))
    return replace(
        plan,
        converted=tuple(one for one in tried if isinstance(one, Conversion)),
        left_out=(*plan.left_out, *(one for one in tried if isinstance(one, LeftOut))),
    )


def _tried(opened: InputContainer, plan: PassthroughPlan) -> Iterator[Conversion | LeftOut]:
    for conversion in plan.converted:
        template = opened.streams[conversion.stream.index]
        if not isinstance(template, AudioStream):
            yield conversion
            continue
        name = describe_stream(conversion.stream)
        try:
            settings = choose_settings(conversion.encoder, template.codec_context)
        except UsageError as error:
            if not plan.drop_unsupported:
                raise UsageError(
                    f"{name} cannot be brought over: {error.message}",
                    hint=f"{error.hint}; --drop-unsupported leaves it out",
                    unfit="audio-encoder",
                ) from error
            yield LeftOut(what=name, reason=error.message, stream=conversion.stream)
            continue
        wanted, given = stated_layout(template.codec_context.layout), settings.layout.name
        yield (
            conversion
            if sound_alike(given, wanted)
            else replace(conversion, channels=(wanted, given))
        )
