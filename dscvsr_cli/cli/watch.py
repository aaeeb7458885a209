"""``dscvsr watch``: enlarge what arrives in a folder, for as long as the program runs."""

import time
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dscvsr_cli.cli.console import open_terminal
from dscvsr_cli.cli.parsers import parse_path, parse_time
from dscvsr_cli.cli.settings.apply import naming_files, with_settings
from dscvsr_cli.cli.takes_options import takes_options
from dscvsr_cli.cli.upscale.job_options import JobOptions
from dscvsr_cli.cli.upscale.run_jobs import SOME_FAILED, open_follower, run_job
from dscvsr_cli.errors import UsageError

if TYPE_CHECKING:
    from dscvsr_cli.cli.upscale.follow import Follower
    from dscvsr_cli.pipelines.upscale.batch import FileResult
    from dscvsr_cli.pipelines.upscale.job import UpscaleJob
    from dscvsr_cli.pipelines.upscale.network_cache import NetworkCache

_SETTLE_SECONDS = 5.0
"""Time for which a file must stay as it is, unless another one is asked for."""

_PAUSE_SECONDS = 1.0
"""Time between two looks at the folder."""

_RETRY_SECONDS = 300.0
"""Time after which a job is tried again that failed for a reason that may pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchOptions(JobOptions):
    """The command line of ``dscvsr watch``."""

    folder: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER",
            parser=parse_path,
            help="Folder in which videos arrive; its subfolders count too.",
        ),
    ]
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            parser=parse_path,
            metavar="FOLDER",
            help="Where to write; files keep their names and their place in the folder tree.",
        ),
    ]
    settle: Annotated[
        Fraction | None,
        typer.Option(
            "--settle",
            parser=parse_time,
            metavar="TIME",
            help="Take a file once it has not changed for this long.",
            show_default="5s",
        ),
    ] = None
    once: Annotated[
        bool, typer.Option("--once", help="Enlarge what is in the folder now, then exit.")
    ] = False

    def __post_init__(self) -> None:
        """Refuse options that exclude each other."""
        # slots=True makes the class a second time, and a bare super() would mean the first one.
        JobOptions.__post_init__(self)
        if self.dry_run:
            raise UsageError(
                "watch cannot make a dry run: its files are still to come",
                hint=f"dscvsr upscale {self.folder} -o {self.output} --dry-run",
            )

    def job(self) -> "UpscaleJob":
        """Return the job for every file; it continues what an earlier run left unfinished."""
        return replace(self.job_for(self.folder), resume=not self.restart)


@takes_options(WatchOptions, fill=with_settings, within=naming_files)
def watch_command(options: WatchOptions) -> None:
    """Watch a folder and upscale every video in it once it has been fully written.

    Finished outputs are skipped and interrupted ones continued, so the program can be stopped and
    started at any time. A file that fails is tried again when it changes; or later, if the cause
    may pass, as a full disk does. A recording that goes on after a pause is enlarged again, whole.
    """
    terminal = open_terminal(quiet=options.quiet, json=options.json, files=options.files)

    from dscvsr_cli.pipelines.upscale.network_cache import NetworkCache
    from dscvsr_cli.pipelines.upscale.plan_batch import refuse_for_all
    from dscvsr_cli.pipelines.upscale.watched_folder import WatchedFolder

    settle = _SETTLE_SECONDS if options.settle is None else float(options.settle)
    watched = WatchedFolder(options.folder, options.output, settle_seconds=settle)
    follower = open_follower(terminal, jobs=None)
    job, cache = options.job(), NetworkCache()
    refuse_for_all(job)
    ends = " until everything in it is finished" if options.once else "; Ctrl-C ends it"
    terminal.note(f"watching {options.folder}{ends}")
    codes = {0}
    while True:
        for source in watched.look():
            result = _enlarge(source, options, job, follower, cache)
            codes.add(_exit_code(result))
            again = result.may_pass and not options.once
            watched.take(source, retry_after=_RETRY_SECONDS if again else None)
        if options.once and watched.is_settled:
            break
        time.sleep(min(_PAUSE_SECONDS, max(0.05, settle)))
    if any(codes):
        raise typer.Exit(SOME_FAILED if SOME_FAILED in codes else max(codes))


def _enlarge(
    source: Path,
    options: WatchOptions,
    job: "UpscaleJob",
    follower: "Follower",
    cache: "NetworkCache",
) -> "FileResult":
    from dscvsr_cli.pipelines.upscale.batch import run_batch
    from dscvsr_cli.pipelines.upscale.outgrown import taken_anew
    from dscvsr_cli.pipelines.upscale.output_name import job_for

    own = taken_anew(job_for(source, source.relative_to(options.folder), options.output, job))
    report = run_batch(
        [own],
        lambda job: run_job(job, follower, cache),
        on_job=follower.begin,
        on_result=follower.end,
    )
    return report.files[0]


def _exit_code(result: "FileResult") -> int:
    if result.outcome == "failed":
        return SOME_FAILED
    return 0 if result.report is None else result.report.exit_code
