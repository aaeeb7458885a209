"""Tags of files and streams: which describe the content, and which only the old file."""

from typing import Final

MUXER_OWNED_KEYS: Final = frozenset(
    {"alpha_mode", "encoder", "major_brand", "minor_version", "compatible_brands", "duration"}
)
"""Metadata that describes the old file and not its content; the muxer writes its own."""

_ENCODING_KEYS: Final = frozenset({"bps", "number_of_frames", "number_of_bytes"})
"""Metadata that describes how a stream was encoded."""

PHONE_PREFIX: Final = "com."
"""Begins the keys of phones, beyond the usual ones of MP4."""

_UNSET_TIME: Final = "1970-01-01T00:00:00"
"""What programs without a clock write as the time at which they made a file."""


def says_nothing(key: str, value: str) -> bool:
    """Return whether a tag, its name in lower case, means the same as no tag."""
    return (key, value[:19]) in {("language", "und"), ("creation_time", _UNSET_TIME)}


def is_statistic(key: str) -> bool:
    """Return whether a tag says how a stream was encoded, not what it is.

    mkvmerge writes them with the language behind the name: "BPS-eng".
    """
    name = key.lower()
    return name.partition("-")[0] in _ENCODING_KEYS or name.startswith("_statistics")


def is_muxer_owned(key: str) -> bool:
    """Return whether a tag describes the old file, with or without a language behind its name."""
    return key.lower().partition("-")[0] in MUXER_OWNED_KEYS


def content_keys(tags: dict[str, str]) -> tuple[str, ...]:
    """Return the names, in lower case, of the tags that describe a file's content."""
    small = {key.lower(): value for key, value in tags.items()}
    return tuple(
        key
        for key, value in small.items()
        if key not in MUXER_OWNED_KEYS and not says_nothing(key, value)
    )
