"""Frames that went through a codec come back once, in order and as lossy as asked for."""

from fractions import Fraction
from pathlib import Path

import av
import pytest
import torch
from torch import Tensor

from dscvsr_cli.errors import OutputVideoError
from dscvsr_cli.imaging.luma import luma
from dscvsr_cli.video import codec_roundtrip as roundtrip
from dscvsr_cli.video.codec_roundtrip import compress
from tests.clips import picture


def frames(count: int, height: int = 48, width: int = 64) -> list[Tensor]:
    drawn = (picture(index, height, width) for index in range(count))
    return [torch.from_numpy(levels).permute(2, 0, 1).float() / 255 for levels in drawn]


@pytest.mark.parametrize(("height", "width"), [(48, 64), (47, 61), (36, 35)])
def test_every_frame_comes_back_once_in_order_and_in_its_size(height: int, width: int) -> None:
    sent = frames(9, height, width)
    back = [frame.pixels for frame in compress(sent, crf=10)]
    assert [tuple(frame.shape) for frame in back] == [(3, height, width)] * 9
    for place, frame in enumerate(back):
        errors = [(frame - other).square().mean().item() for other in sent]
        assert errors.index(min(errors)) == place
        assert 0 <= frame.min() <= frame.max() <= 1


def test_a_higher_crf_costs_more_quality() -> None:
    sent = frames(4)
    errors = [
        sum(
            (a - b.pixels).square().mean().item()
            for a, b in zip(sent, compress(sent, crf=crf), strict=True)
        )
        for crf in (5, 25, 45)
    ]
    assert errors[0] < errors[1] < errors[2]


def test_the_same_frames_give_the_same_result() -> None:
    once, twice = (list(compress(frames(5), crf=30)) for _ in range(2))
    assert all(torch.equal(a.pixels, b.pixels) for a, b in zip(once, twice, strict=True))


def test_a_file_written_by_pyav_alone_looks_alike(tmp_path: Path) -> None:
    sent = frames(6)
    path = tmp_path / "clip.mp4"
    options = {"crf": "30", "preset": "medium", "x264-params": "mbtree=0"}
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 25)
        for index in range(6):
            frame = av.VideoFrame.from_ndarray(picture(index, 48, 64), format="rgb24")
            frame.pts = index
            container.mux(stream.encode(frame.reformat(format="yuv420p")))
        container.mux(stream.encode(None))
    with av.open(str(path)) as container:
        shown = [frame.to_ndarray()[:48] for frame in container.decode(video=0)]
    for ours, theirs in zip(compress(sent, crf=30), shown, strict=True):
        difference = luma(ours.pixels.double()) - torch.from_numpy(theirs)
        # Only swscale's careless rounding lies between them; the compression itself is larger.
        assert difference.abs().mean() < 1.2


def test_no_frames_give_none_and_a_build_without_the_encoder_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert list(compress([], crf=20)) == []

    def absent(*_: object) -> None:
        av.Codec("libx264-that-is-absent", "w")

    monkeypatch.setattr(roundtrip, "_open_encoder", absent)
    with pytest.raises(OutputVideoError, match="could not be compressed"):
        list(compress(frames(1), crf=20))
