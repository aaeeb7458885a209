"""An MP4 whose index has not been written is told from files that are no video."""

from pathlib import Path

import pytest

from dscvsr_cli.errors import InputVideoError
from dscvsr_cli.video.read.boxes import lacks_index
from dscvsr_cli.video.read.probe import probe
from tests.clips import Clip, render


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_a_recording_that_broke_off_is_named_with_its_reason(suffix: str, tmp_path: Path) -> None:
    path = render(Clip(suffix=suffix), tmp_path)
    assert not lacks_index(path)
    content = path.read_bytes()
    path.write_bytes(content[: content.index(b"moov") - 4])

    with pytest.raises(InputVideoError, match="without its index, which comes last") as refused:
        probe(path)
    assert "untrunc" in refused.value.hint


@pytest.mark.parametrize("content", [b"", b"ftyp", b"\0\0\0\1ftyp", b"not a video at all\n" * 99])
def test_what_is_no_mp4_has_none_to_lack(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    assert not lacks_index(path)
