"""Compare what two tracks say of themselves: tags, language, and what they are for."""

from collections.abc import Iterator

from av.stream import Disposition, Stream

from dscvsr_cli.video.languages import same_language
from dscvsr_cli.video.tags import (
    COVER_KEYS,
    TECHNICAL_KEYS,
    WRITER_KEYS,
    is_muxer_owned,
    is_statistic,
    one_line,
    roles_of,
    says_nothing,
)
from dscvsr_cli.video.verify.findings import Finding


def compare_track(
    old: Stream, new: Stream, subject: str, *, is_cover: bool = False
) -> Iterator[Finding]:
    """Yield a finding for every tag and role of a track that is missing or different.

    Args:
        old: The track of the source.
        new: Its twin.
        subject: The track in words.
        is_cover: Whether it is cover art, which only in Matroska is a file with a name.
    """
    yield from _compare_roles(old, new, subject)
    there = {key.lower(): value for key, value in new.metadata.items()}
    if "name" in there:
        # Where MP4 keeps the title of a track.
        there.setdefault("title", there["name"])
    # The timecode is compared for itself: it may be a track, or a tag of the file.
    ignored = WRITER_KEYS | {"timecode"} | (COVER_KEYS if is_cover else frozenset())
    for key, value in old.metadata.items():
        name = key.lower()
        if name in ignored or is_muxer_owned(name, value):
            continue
        if is_statistic(name) or says_nothing(name, value):
            continue
        name = "title" if name == "name" else name
        same = same_language if name == "language" else str.__eq__
        if name in there and same(value, there[name]):
            continue
        missing = name not in there
        yield Finding(
            level="lost" if missing and name not in TECHNICAL_KEYS else "changed",
            subject=f"{subject} tag {one_line(key)}",
            message=f"{value!r} is missing" if missing else f"{value!r} became {there[name]!r}",
        )


def _compare_roles(old: Stream, new: Stream, subject: str) -> Iterator[Finding]:
    before, after = roles_of(old.disposition), roles_of(new.disposition)
    missing = [role for role in before if role not in after]
    if missing:
        yield Finding(
            level="lost",
            subject=f"{subject} disposition",
            message=f"{' and '.join(missing)} is missing",
        )
    # Outside of Matroska a track is "default" because of its place, and not because of a flag.
    has_flag = "matroska" in new.container.format.name
    was, became = (bool(one.disposition & Disposition.default) for one in (old, new))
    surplus = [role for role in after if role not in before]
    if surplus or (has_flag and was != became):
        yield Finding(
            level="changed",
            subject=f"{subject} disposition",
            message=f"{old.disposition.name or 'none'} became {new.disposition.name or 'none'}",
        )
