"""No test waits for ever: what the suite does about programs and threads that do not end."""

import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from tests import conftest

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


def ran() -> None:
    subprocess.run(SLEEP, check=False)


def ran_for_its_words() -> None:
    subprocess.run(SLEEP, check=False, capture_output=True)


def left() -> None:
    with subprocess.Popen(SLEEP):
        pass


@pytest.mark.parametrize("use", [ran, ran_for_its_words, left])
def test_a_program_that_does_not_end_is_killed(
    use: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conftest, "PROGRAM_SECONDS", 0.2)
    before = time.monotonic()
    with pytest.raises(subprocess.TimeoutExpired):
        use()
    assert time.monotonic() - before < 20


def test_a_thread_that_keeps_the_global_lock_ends_its_worker(
    pytestconfig: pytest.Config,
) -> None:
    # No signal and no other thread of Python's gets through to it; faulthandler needs neither.
    limit = float(pytestconfig.getini("timeout"))
    assert limit < float(pytestconfig.getini("faulthandler_timeout")) <= 2 * limit
    assert pytestconfig.getini("faulthandler_exit_on_timeout")
