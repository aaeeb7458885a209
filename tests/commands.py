"""Runs of ``dscvsr upscale`` in this process, as tests ask for them."""

from pathlib import Path

from dscvsr_cli.cli.app import main
from dscvsr_cli.own_outputs import RECORD_NAME


def run_upscale(*arguments: str | Path) -> int:
    """Run ``dscvsr upscale`` with exactly these arguments -> the exit code."""
    return main(["upscale", *map(str, arguments)])


def upscale(source: Path, target: Path, *options: str) -> int:
    """Enlarge a video twice, with the default network and a fast encoder -> the exit code."""
    fixed = ["-s", "2", "--encoder-preset", "ultrafast"]
    return run_upscale(source, "-o", target, *fixed, *options)


def upscale_with(weights: Path, *arguments: str | Path) -> int:
    """Enlarge what the arguments name twice, on the processor -> the exit code."""
    fixed = ["-s", "2", "--device", "cpu", "--encoder-preset", "ultrafast"]
    return run_upscale(*arguments, "-w", weights, *fixed)


def files_in(folder: Path) -> set[str]:
    """Return the files that a person sees; the record of what is finished is hidden."""
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path.name != RECORD_NAME
    }
