"""Nothing waits for ever because libav has something to say."""

import subprocess
import sys
from pathlib import Path

import av.logging
import pytest

import dscvsr_cli
from dscvsr_cli.video.read.libav_log import libav_log
from tests.clips import Clip, render

_LEAVE_EARLY = """
import logging, sys
from pathlib import Path
import av, av.logging
from dscvsr_cli.video.read.decoder import Decoding
from dscvsr_cli.video.read.open_input import open_input

av.logging.set_level(av.logging.ERROR)
logging.getLogger("libav").setLevel(logging.CRITICAL + 1)
path = Path(sys.argv[1])
for count in range(60):
    with open_input(path) as container:
        decoding = Decoding(container, path, threads=4)
        for _, _ in zip(range(4 + count % 5), decoding):
            pass
    del decoding, container
"""


def test_a_damaged_file_is_left_early_while_its_threads_complain(tmp_path: Path) -> None:
    clip = Clip(
        suffix=".mkv",
        width=320,
        height=240,
        pts=tuple(range(0, 40 * 512, 512)),
        options=(("crf", "4"), ("preset", "ultrafast")),
    )
    source = render(clip, tmp_path)
    content = bytearray(source.read_bytes())
    content[4000::900] = bytes(len(content[4000::900]))
    source.write_bytes(content)

    subprocess.run([sys.executable, "-c", _LEAVE_EARLY, str(source)], check=True, timeout=60)


def test_the_log_is_off_again_after_an_error() -> None:
    with pytest.raises(ValueError, match="meanwhile"), libav_log():
        raise ValueError("meanwhile")
    assert av.logging.get_level() is None


def test_only_one_module_touches_the_log() -> None:
    package = Path(dscvsr_cli.__file__).parent
    users = [path.name for path in package.rglob("*.py") if "av.logging" in path.read_text()]
    assert users == ["libav_log.py"]
