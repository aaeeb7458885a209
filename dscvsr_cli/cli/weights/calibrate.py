"""``dscvsr weights calibrate``: prepare weights for eight-bit arithmetic."""

from pathlib import Path
from typing import Annotated

import typer

from dscvsr_cli.cli.console import open_terminal
from dscvsr_cli.cli.options import QuietOption
from dscvsr_cli.cli.weights.release import OverwriteOption, WeightsFileOption, check_free
from dscvsr_cli.errors import DatasetError
from dscvsr_cli.wording import counted


def calibrate_command(
    spec: Annotated[str, typer.Argument(metavar="NAME|FILE", help="Weights, as for `upscale -w`.")],
    *,
    data: Annotated[
        list[Path],
        typer.Option(
            "--data", metavar="DIR|FILE", help="Videos like those to enlarge; may be repeated."
        ),
    ],
    output: WeightsFileOption,
    overwrite: OverwriteOption = False,
    quiet: QuietOption = False,
) -> None:
    """Find the ranges of a network's features, for `upscale --dtype int8`."""
    check_free(output, overwrite=overwrite)
    from dscvsr_cli.datasets.sources import find_sources
    from dscvsr_cli.training.calibration import CLIPS, calibrate
    from dscvsr_cli.training.validation import choose_clips
    from dscvsr_cli.weights.load import load_network
    from dscvsr_cli.weights.network_file import read_network, save_network

    terminal = open_terminal(quiet=quiet)
    loaded = load_network(spec, device="cpu", show_progress=not quiet)
    clips = choose_clips(find_sources(data).sources, most=CLIPS)
    if not clips:
        raise DatasetError(
            f"no video to calibrate with in {', '.join(map(str, data))}",
            hint="give videos of two frames or more, with sides of 64 pixels or more",
        )
    ranges = calibrate(loaded.network, clips)
    # The file's own tensors, which may be of half precision.
    state, config, record = read_network(loaded.path)
    save_network(state, config, output, record=record, ranges=ranges)
    terminal.print(f"{output}: {loaded.name}, calibrated with {counted(len(clips), 'clip')}")
