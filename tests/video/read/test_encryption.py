"""Encrypted files are refused as such, and not enlarged as noise."""

from dataclasses import replace
from pathlib import Path

import av
import pytest
from av.container import OutputContainer

from dscvsr_cli.errors import InputVideoError, UsageError
from dscvsr_cli.video.passthrough.passthrough_plan import plan_passthrough
from dscvsr_cli.video.passthrough.trial_copy import try_copying
from dscvsr_cli.video.read.probe import probe
from tests.clips import Clip, render
from tests.video.outputs import container_named

KEY = "00112233445566778899aabbccddeeff"


def encrypted(source: Path) -> Path:
    """Write a clip again as DRM would, under a name of its own."""
    target = source.with_name("locked.mp4")
    options = {"encryption_scheme": "cenc-aes-ctr", "encryption_key": KEY, "encryption_kid": KEY}
    with av.open(str(source)) as old, av.open(str(target), "w", container_options=options) as new:
        twins = {one.index: new.add_stream_from_template(one, opaque=True) for one in old.streams}
        for packet in old.demux():
            if packet.size:
                packet.stream = twins[packet.stream_index]
                new.mux(packet)
    return target


def add_picture(output: OutputContainer) -> None:
    output.add_stream("libx264", rate=25)


def test_an_encrypted_video_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputVideoError, match=r"locked\.mp4 is encrypted"):
        probe(encrypted(render(Clip(), tmp_path)))


def test_encrypted_audio_beside_a_clear_video_is_not_copied(tmp_path: Path) -> None:
    clear = render(Clip(sound_seconds=0.3), tmp_path)
    info, container = probe(clear), container_named("matroska")
    plan = plan_passthrough(info, container)
    assert try_copying(info, plan, container, add_picture=add_picture) == plan
    locked = replace(info, path=encrypted(clear))
    with pytest.raises(UsageError, match="encrypted"):
        try_copying(locked, plan, container, add_picture=add_picture)
