"""Containers: one entry says everything, and names lead to it."""

from pathlib import Path

import av
import pytest

from dscvsr_cli.errors import UsageError
from dscvsr_cli.video.container import Container
from dscvsr_cli.video.containers import (
    CONTAINERS,
    PIPE_FORMATS,
    container_of,
    names_container,
    picture_container,
    pipe_container,
)

WRITABLE = [one for one in CONTAINERS if one.picture_encoder in av.codecs_available]
"""Not every build of FFmpeg has libtheora."""


def suffixes(container: Container) -> tuple[str, ...]:
    return (container.suffix, *container.other_suffixes)


@pytest.mark.parametrize("container", WRITABLE, ids=lambda one: one.name)
def test_every_suffix_of_an_entry_leads_to_it_in_either_case(container: Container) -> None:
    for suffix in suffixes(container):
        assert container_of(Path(f"out{suffix}")) is container
        assert container_of(Path(f"OUT{suffix.upper()}")) is container
        assert names_container(Path(f"out{suffix}"))


@pytest.mark.parametrize(
    "container", [one for one in CONTAINERS if one not in WRITABLE], ids=lambda one: one.name
)
def test_a_container_whose_encoder_is_missing_is_refused(container: Container) -> None:
    with pytest.raises(UsageError, match=f"has no {container.picture_encoder}"):
        container_of(Path(f"out{container.suffix}"))


def test_no_two_entries_share_a_suffix_or_a_muxer_with_its_options() -> None:
    every = [suffix for container in CONTAINERS for suffix in suffixes(container)]
    assert len(every) == len(set(every))
    muxers = [(container.name, container.muxer_options) for container in CONTAINERS]
    assert len(muxers) == len(set(muxers))
    # The packets of M2TS are longer, and nothing else about it differs.
    assert [name for name, _ in muxers if [one for one, _ in muxers].count(name) > 1] == [
        "mpegts",
        "mpegts",
    ]


@pytest.mark.parametrize("container", CONTAINERS, ids=lambda one: one.name)
def test_every_entry_names_a_muxer_and_recommends_audio_that_it_holds(
    container: Container,
) -> None:
    assert av.ContainerFormat(container.name, "w").is_output
    if container.audio_encoder:
        codec = av.Codec(container.audio_encoder, "w").canonical_name
        assert codec in container.audio


def test_pipes_get_y4m_unless_another_format_is_named() -> None:
    assert PIPE_FORMATS == ("y4m", "matroska", "mpegts", "nut")
    assert [pipe_container(name).pipe_format for name in PIPE_FORMATS] == list(PIPE_FORMATS)
    with pytest.raises(UsageError, match="mp4 cannot be written to a pipe") as caught:
        pipe_container("mp4")
    assert "matroska" in caught.value.hint


def test_a_name_without_a_known_suffix_is_refused_with_all_that_are_known() -> None:
    with pytest.raises(UsageError, match="does not say which kind") as caught:
        container_of(Path("out.xyz"))
    assert all(suffix in caught.value.hint for one in CONTAINERS for suffix in suffixes(one))


def test_single_pictures_hold_frames_only() -> None:
    pictures = picture_container(".PNG")
    assert pictures.is_pictures
    assert pictures.frames_only
    with pytest.raises(UsageError, match="are not written"):
        picture_container(".svg")
