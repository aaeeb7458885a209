"""Transport streams bent into the shapes that recordings have, from clips rendered for a test."""

from dataclasses import replace
from pathlib import Path
from typing import Final

import av

from tests.clips import SAMPLE_RATE, Clip, render

_PACKET_BYTES: Final = 188
_OTHER_PIDS: Final = {"mpegts_start_pid": "0x200", "mpegts_copyts": "1"}


def joined(clips: list[Clip], folder: Path, *, name: str = "joined") -> Path:
    """Render clips and append the files byte by byte, as cat does."""
    parts = [render(clip, folder, name=f"part{number}") for number, clip in enumerate(clips)]
    path = folder / f"{name}{clips[0].suffix}"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


def without_pid(path: Path, pid: int, *, until: float = 1.0) -> Path:
    """Return a copy of a transport stream that announces a track and sends nothing of it.

    Args:
        path: The file.
        pid: Of the track.
        until: The share of the file from which on the track is there.
    """
    data = path.read_bytes()
    kept = []
    for at in range(0, len(data), _PACKET_BYTES):
        packet = data[at : at + _PACKET_BYTES]
        if at >= until * len(data) or (packet[1] & 0x1F) << 8 | packet[2] != pid:
            kept.append(packet)
    silent = path.with_name(f"silent_{path.name}")
    silent.write_bytes(b"".join(kept))
    return silent


def other_pids_midway(folder: Path) -> Path:
    """Return 2.4 seconds of which the second half has its video and audio under other PIDs."""
    clips = [
        Clip(
            suffix=".ts",
            pts=tuple(range(start * 512, (start + 30) * 512, 512)),
            sound_seconds=1.2,
            sound_start=start * SAMPLE_RATE // 25,
            sound_encoder="ac3",
        )
        for start in (0, 30)
    ]
    first, second = (render(clip, folder, name=str(number)) for number, clip in enumerate(clips))
    moved = folder / "moved.ts"
    with av.open(str(second)) as old, av.open(str(moved), "w", options=_OTHER_PIDS) as new:
        twins = [new.add_stream_from_template(one, opaque=True) for one in old.streams]
        for packet in [packet for packet in old.demux() if packet.size]:
            packet.stream = twins[packet.stream_index]
            new.mux(packet)
    path = folder / "changed.ts"
    path.write_bytes(first.read_bytes() + moved.read_bytes())
    return path


def late_track(folder: Path) -> Path:
    """Return ten seconds of which the fourth alone has a second audio track."""
    parts = [_part(0, 3, tracks=1), _part(3, 1, tracks=2), _part(4, 6, tracks=1)]
    return joined(parts, folder, name="late")


def _part(start: int, seconds: int, *, tracks: int) -> Clip:
    return Clip(
        suffix=".ts",
        rate=10,
        width=64,
        height=64,
        pts=tuple(range(start * 12800, (start + seconds) * 12800, 1280)),
        sound_seconds=float(seconds),
        sound_start=start * SAMPLE_RATE,
        sound_tracks=tracks,
        sound_encoder="ac3",
    )


def programs_apart(folder: Path) -> Path:
    """Return two seconds of two programs whose clocks are an hour apart, packet by packet."""
    clips = [Clip(suffix=".ts", pts=tuple(range(0, 50 * 512, 512))) for _ in range(2)]
    later = replace(clips[1], pts=tuple(pts + 3600 * 12800 for pts in clips[1].pts))
    paths = [render(clip, folder, name=str(n)) for n, clip in enumerate([clips[0], later])]
    made = folder / "programs.ts"
    copy_times = {"mpegts_copyts": "1"}
    with (
        av.open(str(paths[0])) as first,
        av.open(str(paths[1])) as second,
        av.open(str(made), "w", container_options=copy_times) as new,
    ):
        twins = [
            new.add_stream_from_template(one.streams[0], opaque=True) for one in (first, second)
        ]
        for pair in zip(first.demux(), second.demux(), strict=True):
            for packet, twin in zip(pair, twins, strict=True):
                if packet.size:
                    packet.stream = twin
                    new.mux_one(packet)
    return made
