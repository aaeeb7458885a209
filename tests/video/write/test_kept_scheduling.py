"""No encoder makes the process a real-time one."""

import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from dscvsr_cli.video.read.probe import probe
from dscvsr_cli.video.write.encoder_options import EncodeOptions
from dscvsr_cli.video.write.kept_scheduling import kept_scheduling, real_time_threads
from tests.clips import Clip, render
from tests.video.outputs import open_writer
from tests.video.write.writing import grey_frames

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's scheduling")


@pytest.fixture(autouse=True)
def ordinary_thread() -> Iterator[None]:
    """Run the test in a thread that is not real-time, whatever other tests have made of it."""
    policy, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    yield
    os.sched_setscheduler(0, policy, parameters)


def test_threads_that_become_real_time_inside_go_back() -> None:
    ends = threading.Event()
    try:
        with kept_scheduling():
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
            # It takes over what its maker has.
            thread = threading.Thread(target=ends.wait)
            thread.start()
            assert os.sched_getscheduler(thread.native_id or 0) == os.SCHED_FIFO
    except PermissionError:
        pytest.skip("this user may not make a thread real-time")
    try:
        assert os.sched_getscheduler(0) == os.SCHED_OTHER
        assert os.sched_getscheduler(thread.native_id or 0) == os.SCHED_OTHER
    finally:
        ends.set()
        thread.join()


def test_what_was_real_time_before_stays() -> None:
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except PermissionError:
        pytest.skip("this user may not make a thread real-time")
    with kept_scheduling():
        pass
    assert os.sched_getscheduler(0) == os.SCHED_FIFO


@pytest.mark.parametrize("encoder", ["libsvtav1", "libx264", "libx265", "libvpx-vp9"])
def test_an_encoder_leaves_all_threads_as_they_were(encoder: str, tmp_path: Path) -> None:
    source = probe(render(Clip(), tmp_path))
    before = real_time_threads()
    target, options = tmp_path / "out.mkv", EncodeOptions(encoder=encoder)
    with open_writer(target, source=source, height=96, width=128, options=options) as writer:
        writer.write(grey_frames([0], height=96, width=128)[0])
        assert real_time_threads() <= before
