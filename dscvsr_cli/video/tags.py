"""Tags of files and streams: which describe the content, and which only the old file."""

from typing import Final

from av.stream import Disposition

_MUXER_OWNED_KEYS: Final = frozenset(
    {"alpha_mode", "encoder", "major_brand", "minor_version", "compatible_brands", "duration"}
)
"""Metadata that describes the old file and not its content; the muxer writes its own."""

_WRAPPING_KEYS: Final = frozenset(
    {
        *("application_platform", "file_package_umid", "generation_uid", "material_package_umid"),
        *("operational_pattern_ul", "product_uid", "product_version_num", "toolkit_version_num"),
        *("deviceconformancetemplate", "isvbr", "wmfsdkneeded", "wmfsdkversion"),
    }
)
"""Metadata of MXF and Windows Media that would not be true of another file: how the old one is
built, and what identifies it. Names that other programs may give to anything are left."""

_ENCODING_KEYS: Final = frozenset({"bps", "number_of_frames", "number_of_bytes", "source_id"})
"""Metadata that describes how a stream was encoded."""

WRITER_KEYS: Final = frozenset({"handler_name", "vendor_id"})
"""Metadata of a track that names the program that wrote it."""

TECHNICAL_KEYS: Final = frozenset({"creation_time", "timecode"})
"""Metadata of a track that only MP4 and MOV have fields for; it does not describe the content."""

COVER_KEYS: Final = frozenset({"filename", "mimetype"})
"""What Matroska says of an attached file; a cover elsewhere is known by its codec."""

_ROLES: Final = {
    "dub": Disposition.dub,
    "original": Disposition.original,
    "comment": Disposition.comment,
    "lyrics": Disposition.lyrics,
    "karaoke": Disposition.karaoke,
    "forced": Disposition.forced,
    "hearing_impaired": Disposition.hearing_impaired | Disposition.captions,
    "visual_impaired": Disposition.visual_impaired | Disposition.descriptions,
    "clean_effects": Disposition.clean_effects,
}
"""What a track can be for; containers that know one word for two flags set both."""

PHONE_PREFIX: Final = "com."
"""Begins the keys of phones, beyond the usual ones of MP4."""

_LINE_ENDS: Final = frozenset("\n\r\t\v\f\x1c\x1d\x1e\x85\u2028\u2029")

_UNSET_TIME: Final = "1970-01-01T00:00:00"
"""What programs without a clock write as the time at which they made a file."""


def one_line(text: str) -> str:
    r"""Return what a file says in a form that cannot pass for another line: "\\n" for its end."""
    return "".join(repr(sign)[1:-1] if sign in _LINE_ENDS else sign for sign in text)


def says_nothing(key: str, value: str) -> bool:
    """Return whether a tag, its name in lower case, means the same as no tag."""
    return (key, value[:19]) in {("language", "und"), ("creation_time", _UNSET_TIME)}


def is_statistic(key: str) -> bool:
    """Return whether a tag says how a stream was encoded, not what it is.

    mkvmerge writes them with the language behind the name: "BPS-eng".
    """
    name = key.lower()
    return name.partition("-")[0] in _ENCODING_KEYS or name.startswith("_statistics")


def is_muxer_owned(key: str, value: str) -> bool:
    """Return whether a tag describes the old file, with or without a language behind its name."""
    name = key.lower()
    # AVI's word for the program that wrote the file; elsewhere it is the one that made the content.
    by_libav = name == "software" and value.startswith("Lavf")
    return by_libav or name in _WRAPPING_KEYS or name.partition("-")[0] in _MUXER_OWNED_KEYS


def roles_of(disposition: Disposition) -> tuple[str, ...]:
    """Return what a track is for, in words: "forced", "hearing_impaired", ..."""
    return tuple(name for name, flags in _ROLES.items() if disposition & flags)


def track_keys(tags: dict[str, str], *, is_cover: bool = False) -> tuple[str, ...]:
    """Return the names, in lower case, of the tags of a track that describe its content.

    Its language is not among them, and its title is called "title" however it is stored.
    """
    ignored = WRITER_KEYS | TECHNICAL_KEYS | {"language"} | (COVER_KEYS if is_cover else set())
    keys = (key for key in content_keys(tags) if key not in ignored and not is_statistic(key))
    return tuple(dict.fromkeys("title" if key == "name" else key for key in keys))


def content_keys(tags: dict[str, str]) -> tuple[str, ...]:
    """Return the names, in lower case, of the tags that describe a file's content."""
    small = {key.lower(): value for key, value in tags.items()}
    return tuple(
        one_line(key)
        for key, value in small.items()
        if not is_muxer_owned(key, value) and not says_nothing(key, value)
    )
