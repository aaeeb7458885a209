"""Container: what one kind of output file can hold, and how to drive its muxer."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from dscvsr_cli.video.info import StreamInfo, StreamKind
from dscvsr_cli.video.pixels.output_colour import ColourTags


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """One output container: every rule about it that the program knows."""

    name: str
    """FFmpeg's name of the muxer."""

    suffix: str
    """The usual file suffix."""

    other_suffixes: tuple[str, ...] = ()
    """Further suffixes that ask for it."""

    pipe_format: str = ""
    """What ``--format`` calls it; "" if it cannot be written without going back in the file."""

    muxer_options: tuple[tuple[str, str], ...] = ()
    """Options that its muxer always gets."""

    # Which streams it holds.

    video: frozenset[str] = frozenset()
    """Codecs of video streams."""

    audio: frozenset[str] = frozenset()
    """Codecs of audio."""

    subtitle: frozenset[str] = frozenset()
    """Codecs of subtitles."""

    data: frozenset[str] = frozenset()
    """Kinds of timed data."""

    attachments: bool = False
    """Whether files such as fonts can be attached."""

    covers: frozenset[str] = frozenset()
    """Whether a still picture can stand for the file."""

    text_subtitle: str = ""
    """Codec that text subtitles of other kinds are converted to, or "" if there is none."""

    frames_only: bool = False
    """Whether it can hold nothing but frames, so that nobody expects more."""

    # What it says about them.

    chapters: bool = True
    """Whether chapters can be listed."""

    tags: frozenset[str] | None = None
    """Names of the tags of a file that come back from it, or None if all do."""

    timecode_track: bool = False
    """Whether the muxer makes a timecode track of the video stream's tag."""

    phone_tags: bool = False
    """Whether a file that has a tag of a phone can hold any tag."""

    languages: frozenset[str] = frozenset({"video", "audio", "subtitle", "data"})
    """Kinds of streams that can say their language."""

    spell_language: Callable[[str], str | None] = str
    """Returns how it spells a language code, or None for one that it cannot store."""

    track_tags: frozenset[str] | None = None
    """Names of the tags of a track that come back from it, or None if all do."""

    roles: frozenset[str] = frozenset()
    """What tracks can say that they are for: "forced", "hearing_impaired" ..."""

    rotation: bool = True
    """Whether a display matrix can be stored."""

    stores_stereo: bool = False
    """Whether it stores how two views share a frame, for every codec."""

    stores_aspect: bool = False
    """Whether it stores the sample aspect ratio for every codec."""

    colour_tags: ColourTags = "codec"
    """Which colour tags it stores."""

    screen_colours: bool = False
    """Whether its colours are RGB as screens show it, so that ordinary video needs no tags."""

    vpx_alpha: bool = False
    """Whether VP8 and VP9 keep their alpha, which is a second stream beside each frame."""

    # How it counts time.

    constant_rate: bool = False
    """Whether all frames must last equally long."""

    clock: Fraction | None = None
    """Ticks per second that all times are rounded to, if the muxer does not do so itself."""

    free_clocks: bool = False
    """Whether its tracks and the file take clocks of any rate, so that every time is exact."""

    length_is_decoding: bool = False
    """Whether a video is as long as the decoding of its packets: it stores, for each packet, the
    time until the next one."""

    raw_audio: frozenset[str] = frozenset()
    """Codecs of copied audio whose packets must each count as one block. If the old file gives the
    size of a block, the muxer counts bytes instead, and loses the times of the packets."""

    pcm_says_speakers: bool = False
    """Whether PCM must say which speaker each channel is for; the muxer refuses it otherwise."""

    audio_is_gapless: bool = False
    """Whether audio has no times and so must begin at zero and never pause."""

    splits_pictures: bool = False
    """Whether subtitles of Blu-ray go in segment by segment, as discs have them. Readers cut a
    packet that is too long, wherever that is."""

    # How streams are encoded for it.

    picture_encoder: str = "libx264"
    """Encoder of the frames if the person names none."""

    for_players: bool = False
    """Whether its files go to players, since many of those show only 4:2:0."""

    clear_encoders: tuple[str, ...] = ()
    """Encoders that keep alpha, tried if ``picture_encoder`` does not; small files first."""

    audio_encoder: str = ""
    """Encoder to recommend for audio that cannot be copied, or "" if there is none."""

    hevc_tag: str = ""
    """Four letters that mark HEVC, if the muxer's own choice does not play everywhere."""

    @property
    def label(self) -> str:
        """Its name in messages: the suffix without the dot."""
        return self.suffix[1:]

    @property
    def is_upright(self) -> bool:
        """Whether frames are turned as they are to be seen before they are stored in it.

        If no display matrix can be stored, nothing else would keep them off their side.
        """
        return not self.rotation

    @property
    def is_pictures(self) -> bool:
        """Whether it stands for a folder in which every frame is a file of its own."""
        return self.name == "image2"

    def refusal(self, codec: str | None, encoder: str) -> str:
        """Say that it does not hold what an encoder makes."""
        made = encoder if codec in (None, encoder) else f"the {codec} that {encoder} makes"
        return f"{self.label} files cannot hold {made}"

    def stores_language(self, code: str, kind: StreamKind) -> bool:
        """Return whether a stream of this kind can say that it is in this language."""
        return kind in self.languages and self.spell_language(code) is not None

    def holds(self, stream: StreamInfo) -> bool:
        """Return whether the stream can be copied into this container."""
        if stream.kind == "attachment":
            return self.attachments
        if stream.is_cover:
            return stream.codec in self.covers
        codecs = {
            "video": self.video,
            "audio": self.audio,
            "subtitle": self.subtitle,
            "data": self.data,
        }
        return stream.codec in codecs.get(stream.kind, frozenset())
