"""What a container cannot say about a file and its tracks: languages, roles, tags, chapters."""

from collections.abc import Iterator, Sequence

from dscvsr_cli.video.container import Container
from dscvsr_cli.video.display_matrix import is_quarter_turn
from dscvsr_cli.video.info import StreamInfo, VideoInfo
from dscvsr_cli.video.languages import is_language
from dscvsr_cli.video.passthrough.left_out import LeftOut, describe_stream
from dscvsr_cli.video.tags import PHONE_PREFIX


def lost_properties(
    source: VideoInfo, container: Container, kept: Sequence[StreamInfo]
) -> Iterator[LeftOut]:
    """Yield what the container cannot store, although the streams themselves are kept.

    Args:
        source: The probed file.
        container: What the output is.
        kept: The streams that the output will have beside its video.
    """
    name = container.label
    languages = list(_lost_languages(source, container, kept))
    if languages:
        yield LeftOut(
            what=f"the language of the streams ({', '.join(dict.fromkeys(languages))})",
            reason=f"{name} files cannot store it",
            fixes=("-o out.mkv",),
            refused=False,
        )
    yield from _lost_roles(container, kept)
    yield from _lost_track_tags(source, container, kept)
    tags = _lost_tags(source, container)
    if tags:
        yield LeftOut(
            what=f"the tags of the file ({', '.join(tags)})",
            reason=f"{name} files have no place for them",
            fixes=("-o out.mkv",),
            refused=False,
        )
    if source.chapter_count and not container.chapters:
        yield LeftOut(
            what=f"{source.chapter_count} chapters",
            reason=f"{name} files cannot store them",
            fixes=("-o out.mkv",),
        )
    turned = None if container.rotation else lost_rotation(source, f"{name} files")
    if turned is not None:
        yield turned


def lost_rotation(source: VideoInfo, what: str) -> LeftOut | None:
    """Return the loss of the rotation in an output that has none, or None if nothing is lost.

    Quarter turns are not: frames are turned before they are stored.

    Args:
        source: The probed file.
        what: The kind of output, as a plural: "pictures".
    """
    if is_quarter_turn(source.display_matrix):
        return None
    return LeftOut(
        what=f"the rotation by {source.rotation} degrees",
        reason=f"{what} cannot hold it, and the picture would be on its side",
        fixes=("-o out.mkv", "-o out.mp4"),
    )


def _lost_languages(
    source: VideoInfo, container: Container, kept: Sequence[StreamInfo]
) -> Iterator[str]:
    spoken = [("video", source.picture_language), *((one.kind, one.language) for one in kept)]
    for kind, code in spoken:
        if code is not None and is_language(code) and not container.stores_language(code, kind):
            yield code


def _lost_roles(container: Container, kept: Sequence[StreamInfo]) -> Iterator[LeftOut]:
    for stream in kept:
        lost = [role.replace("_", " ") for role in stream.roles if role not in container.roles]
        if lost:
            yield LeftOut(
                what=f"the mark of {describe_stream(stream)} as {' and '.join(lost)}",
                reason=f"{container.label} files cannot store it",
                fixes=("-o out.mkv",),
            )


def _lost_track_tags(
    source: VideoInfo, container: Container, kept: Sequence[StreamInfo]
) -> Iterator[LeftOut]:
    known = container.track_tags
    if known is None:
        return
    tracks = [("the video stream", source.picture_tags)]
    tracks += [(describe_stream(stream), stream.tags) for stream in kept]
    for what, tags in tracks:
        lost = [key for key in tags if key.partition("-")[0] not in known]
        if lost:
            yield LeftOut(
                what=f"the tags of {what} ({', '.join(lost)})",
                reason=f"{container.label} files have no place for them",
                fixes=("-o out.mkv",),
                refused=False,
            )


def _lost_tags(source: VideoInfo, container: Container) -> list[str]:
    # With keys of phones MP4 and MOV are written in the way that holds any key.
    any_key = container.phone_tags and any(key.startswith(PHONE_PREFIX) for key in source.tags)
    if container.tags is None or any_key:
        return []
    # The language may follow the name: "location-eng". The timecode has a loss of its own.
    known = container.tags | {"timecode"}
    return [key for key in source.tags if key.partition("-")[0] not in known]
