r"""Train variants of a recipe for the same few minutes each and print the PSNR that each reaches.

::

    python benchmarks/studies/equal_time.py --minutes 4 -o runs/equal \
        --common "--recipe lite --data FOOTAGE -O sequence=5" \
        "as it is" "wide patches=-O patch=64" "Adam=-O optimizer=adam -O learning_rate=3e-3"

A variant is NAME or NAME=OPTIONS, with options of ``dscvsr train``. ``--at-once`` runs share the
processor with one thread each, so give no more than there are idle cores: a run that has to wait
gets fewer steps than the others, and the table is worthless.
"""

import argparse
import json
import os
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One row of the table."""

    name: str
    options: tuple[str, ...]

    @property
    def folder(self) -> str:
        """Name of the folder of its run."""
        return "".join(c if c.isalnum() else "-" for c in self.name)


def parse_variant(text: str) -> Variant:
    name, _, options = text.partition("=")
    return Variant(name=name.strip(), options=tuple(shlex.split(options)))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("variants", nargs="+", type=parse_variant, metavar="NAME[=OPTIONS]")
    parser.add_argument(
        "--minutes", type=float, default=4.0, help="minutes for each variant (default: %(default)s)"
    )
    parser.add_argument(
        "--common", default="", help="options of dscvsr train that all variants get"
    )
    parser.add_argument(
        "--at-once",
        type=int,
        default=1,
        help="variants to train at the same time, one thread each (default: %(default)s)",
    )
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder of the runs")
    given = parser.parse_args()
    common = shlex.split(given.common)

    def train(variant: Variant) -> str:
        folder = given.output / variant.folder
        folder.mkdir(parents=True)
        command = [
            *(sys.executable, "-m", "dscvsr_cli", "train", *common, *variant.options),
            *("--max-minutes", str(given.minutes), "-o", str(folder)),
        ]
        environment = os.environ | ({"OMP_NUM_THREADS": "1"} if given.at_once > 1 else {})
        with (folder / "printed.txt").open("w") as printed:
            subprocess.run(  # noqa: S603  ours
                command, env=environment, stdout=printed, stderr=subprocess.STDOUT, check=True
            )
        return row(variant, folder / "log.jsonl")

    given.output.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(given.at_once) as runs:
        rows = runs.map(train, given.variants)
        for number, line in enumerate(rows):
            if number == 0:
                print(f"| {given.minutes:g} minutes each | options | steps | PSNR on Y |")
                print("|---|---|---|---|")
            print(line, flush=True)


def row(variant: Variant, log: Path) -> str:
    events = [json.loads(line) for line in log.read_text().splitlines()]
    steps = max(event.get("iteration", 0) for event in events)
    last = [event for event in events if event["event"] == "validation"][-1]
    scores = ", ".join(
        f"x{s['scale']:g} {s['psnr_y']:.2f} (bicubic {s['bicubic_psnr_y']:.2f})"
        for s in last["scores"]
    )
    return f"| {variant.name} | {' '.join(variant.options)} | {steps} | {scores} |"


if __name__ == "__main__":
    main()
