"""No encoder makes the process a real-time one."""

import os
import sys
import threading
from pathlib import Path

import pytest

from dscvsr_cli.video.read.probe import probe
from dscvsr_cli.video.write.encoder_options import EncodeOptions
from dscvsr_cli.video.write.kept_scheduling import kept_scheduling, real_time_threads
from tests.clips import Clip, render
from tests.video.outputs import open_writer
from tests.video.write.writing import grey_frames

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's scheduling")


def test_threads_that_become_real_time_inside_go_back() -> None:
    ends = threading.Event()
    policy = os.sched_getscheduler(0)
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
        assert os.sched_getscheduler(0) == policy
        assert os.sched_getscheduler(thread.native_id or 0) == policy
    finally:
        ends.set()
        thread.join()


def test_what_was_real_time_before_stays() -> None:
    policy, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except PermissionError:
        pytest.skip("this user may not make a thread real-time")
    try:
        with kept_scheduling():
            pass
        assert os.sched_getscheduler(0) == os.SCHED_FIFO
    finally:
        os.sched_setscheduler(0, policy, parameters)


@pytest.mark.parametrize("encoder", ["libsvtav1", "libx264", "libx265", "libvpx-vp9"])
def test_an_encoder_leaves_all_threads_as_they_were(encoder: str, tmp_path: Path) -> None:
    source = probe(render(Clip(), tmp_path))
    target, options = tmp_path / "out.mkv", EncodeOptions(encoder=encoder)
    with open_writer(target, source=source, height=96, width=128, options=options) as writer:
        writer.write(grey_frames([0], height=96, width=128)[0])
        assert not real_time_threads()
