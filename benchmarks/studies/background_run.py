"""Train with what a processor has left while you work: start, look, stop, measure.

::

    run="python benchmarks/studies/background_run.py"
    $run start runs/fast -- --recipe fast --data FOOTAGE --init dscvsr-fast.safetensors
    $run look runs/fast
    $run stop runs/fast
    $run start runs/fast      # continues where it stopped
    $run measure runs/fast --data FOOTAGE --clip demo/clip.mp4

A run takes one core, at the lowest priority; start one for each core. It outlives the terminal.
`measure` exports the averaged weights, and prints their PSNR on held-out clips and, with a clip,
whether the recurrence stays calm by itself on it. Linux alone.
"""

import argparse
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

STUDIES = Path(__file__).resolve().parent
NOTE, LOG, OUTPUT = "background.json", "log.jsonl", "background.log"
PRIORITY = 19
STOP_SECONDS = 120.0
ENVIRONMENT = {
    # One core each, which waits without spinning and keeps the memory of a layer for the next.
    "OMP_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "PASSIVE",
    "MALLOC_MMAP_THRESHOLD_": str(2**30),
    "MALLOC_TRIM_THRESHOLD_": str(2**32),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("action", choices=("start", "look", "stop", "measure"))
    parser.add_argument("run", type=Path, help="folder of the run")
    parser.add_argument(
        "--data",
        type=Path,
        action="append",
        help="for measure: footage with held-out clips, as for dscvsr train",
    )
    parser.add_argument("--clip", type=Path, help="for measure: clip for stability.py")
    parser.add_argument("options", nargs="*", help="for start, after --: options of dscvsr train")
    given = parser.parse_args()
    if given.action == "start":
        start(given.run, given.options)
    elif given.action == "look":
        look(given.run)
    elif given.action == "stop":
        stop(given.run)
    else:
        if not given.data:
            parser.error("measure needs --data, the footage that the run learns from")
        measure(given.run, given.data, given.clip)


def start(run: Path, options: list[str]) -> None:
    """Start ``dscvsr train``, or continue what an earlier start began."""
    if pid := running(run):
        sys.exit(f"{run} is running already, as process {pid}")
    note = run / NOTE
    if not options:
        if not note.is_file():
            sys.exit("give the options of dscvsr train after --")
        options = json.loads(note.read_text(encoding="utf-8"))["options"]
    run.mkdir(parents=True, exist_ok=True)
    resume = ["--resume"] if (run / "checkpoint.pt").is_file() else []
    command = [sys.executable, "-m", "dscvsr_cli", "train", *options, "-o", str(run), *resume]
    with (run / OUTPUT).open("ab") as output:
        process = subprocess.Popen(  # noqa: S603  what the person asked for
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=os.environ | ENVIRONMENT,
            start_new_session=True,
        )
    os.setpriority(os.PRIO_PROCESS, process.pid, PRIORITY)
    note.write_text(json.dumps({"pid": process.pid, "options": options}), encoding="utf-8")
    print(f"process {process.pid}: {shlex.join(command)}")


def look(run: Path) -> None:
    """Print how far the run is, and its validations."""
    pid = running(run)
    print(f"runs as process {pid}" if pid else "does not run")
    for event in events(run):
        if event["event"] == "validation":
            scores = (f"x{one['scale']:g} {one['psnr_y']:.2f} dB" for one in event["scores"])
            print(f"step {event['iteration']}: {', '.join(scores)}")
    steps = [event for event in events(run) if event["event"] == "steps"]
    if steps:
        last = steps[-1]
        print(
            f"step {last['iteration']}: {last['progress']:.0%} of the schedule, "
            f"{last['samples_per_second']:.2f} clips/s, {last['seconds'] / 60:.0f} minutes"
        )


def stop(run: Path) -> None:
    """Ask the run to write a checkpoint and end, and wait for it."""
    pid = running(run)
    if not pid:
        sys.exit(f"{run} does not run")
    os.kill(pid, signal.SIGINT)
    until = time.monotonic() + STOP_SECONDS
    while running(run):
        if time.monotonic() > until:
            sys.exit(f"process {pid} has not ended within {STOP_SECONDS:g} s")
        time.sleep(0.5)
    look(run)


def measure(run: Path, data: list[Path], clip: Path | None) -> None:
    """Export the averaged weights, and print what they are worth."""
    weights = run / "measured.safetensors"
    footage = [part for path in data for part in ("--data", str(path))]
    commands = [
        ["-m", "dscvsr_cli", "weights", "export", str(run), "-o", str(weights), "--overwrite"],
        [str(STUDIES / "held_out.py"), *footage, f"1*{weights}"],
    ]
    if clip is not None:
        calm = ["-w", str(weights), "--no-limit"]
        commands.append([str(STUDIES / "stability.py"), str(clip), *calm])
    for command in commands:
        subprocess.run([sys.executable, *command], check=True)  # noqa: S603  our own scripts


def running(run: Path) -> int | None:
    """Return the number of the run's process; None where it has ended."""
    try:
        pid = int(json.loads((run / NOTE).read_text(encoding="utf-8"))["pid"])
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError, KeyError):
        return None
    # A number may have gone to another program since; of one that has just ended no words are left.
    return pid if b"train" in words and str(run).encode() in words else None


def events(run: Path) -> list[dict[str, Any]]:
    """Return what the run has logged."""
    try:
        lines = (run / LOG).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    return [json.loads(line) for line in lines]


if __name__ == "__main__":
    main()
