"""The process is set up once, before torch, and never against the user's own wishes."""

import json
import os
import subprocess
import sys

import pytest

_TUNED = """
import dataclasses, json, os, sys
from dscvsr_cli.runtimes.process import tune_process
tuning = tune_process()
assert "torch" not in sys.modules
print(json.dumps([dataclasses.asdict(tuning), os.environ.get("OMP_WAIT_POLICY")]))
"""
_FAULTS = """
import resource, sys
if sys.argv[1] == "tuned":
    from dscvsr_cli.runtimes.process import tune_process
    tune_process()
import torch
with torch.inference_mode():
    def work():
        plane = torch.ones(12_000_000)
        for _ in range(20):
            plane = plane + 1.0
    work()
    work()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    work()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
_OURS = (
    "OMP_WAIT_POLICY",
    "GLIBC_TUNABLES",
    "MALLOC_MMAP_THRESHOLD_",
    "MALLOC_TRIM_THRESHOLD_",
    "MALLOC_MMAP_MAX_",
)


def run(code: str, *arguments: str, **variables: str) -> str:
    environment = {name: value for name, value in os.environ.items() if name not in _OURS}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=environment | variables,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_threads_wait_passively_unless_the_user_says_otherwise() -> None:
    tuning, policy = json.loads(run(_TUNED))
    assert tuning["passive_waiting"]
    assert policy == "PASSIVE"
    tuning, policy = json.loads(run(_TUNED, OMP_WAIT_POLICY="ACTIVE"))
    assert not tuning["passive_waiting"]
    assert policy == "ACTIVE"


def test_an_allocator_that_the_user_has_set_up_is_left_alone() -> None:
    tuning, _ = json.loads(run(_TUNED, MALLOC_TRIM_THRESHOLD_="1000000"))
    assert not tuning["allocator"]


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only glibc can be told")
def test_large_blocks_are_kept_instead_of_faulted_in_again() -> None:
    tuning, _ = json.loads(run(_TUNED))
    if not tuning["allocator"]:
        pytest.skip("this is not glibc")
    assert int(run(_FAULTS, "tuned")) * 10 < int(run(_FAULTS, "plain"))


def test_the_command_line_sets_the_process_up() -> None:
    code = (
        "import os; from dscvsr_cli.cli.app import main; main(['weights', 'list']);"
        "print(os.environ['OMP_WAIT_POLICY'])"
    )
    assert run(code).splitlines()[-1] == "PASSIVE"
