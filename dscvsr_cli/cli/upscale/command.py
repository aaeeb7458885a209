"""``dscvsr upscale``: options in, one or many jobs out."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from dscvsr_cli.cli.console import Terminal, open_terminal, until_pipe_closes
from dscvsr_cli.cli.settings.apply import naming_files, with_settings
from dscvsr_cli.cli.takes_options import takes_options
from dscvsr_cli.cli.upscale import options as flags
from dscvsr_cli.cli.upscale.job_options import JobOptions
from dscvsr_cli.cli.upscale.run_jobs import is_folder_of_videos, run_many, run_single, show_dry_runs
from dscvsr_cli.cli.upscale.wildcards import files_named
from dscvsr_cli.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class UpscaleOptions(JobOptions):
    """The command line of ``dscvsr upscale``."""

    sources: flags.SourcesArgument
    output: flags.OutputOption = None
    ray: flags.RayOption = None

    def __post_init__(self) -> None:
        """Refuse options that exclude each other."""
        # slots=True makes the class a second time, and a bare super() would mean the first one.
        JobOptions.__post_init__(self)
        if self.to_stdout and self.json:
            raise UsageError(
                "both the video and --json want standard output", hint="leave out one of them"
            )
        if self.to_stdout and not self.dry_run and _stdout_is_a_terminal():
            raise UsageError(
                "-o - would write the video to the terminal",
                hint="pipe it into a program (-o - | ffplay -), or give the name of a file",
            )
        if self.ray is not None and self.jobs > 1:
            raise UsageError(
                "--ray already works on as many scenes as the cluster has room for",
                hint="leave out --jobs",
            ).about("ray", "jobs")

    @property
    def to_stdout(self) -> bool:
        """Whether the video goes to standard output."""
        return self.output == "-"

    @property
    def output_path(self) -> Path | None:
        """Where to write."""
        return None if self.output is None else Path(self.output)

    @property
    def output_is_folder(self) -> bool:
        """Whether the name given for the output ends as a folder's does."""
        return (self.output or "").endswith(("/", os.sep))

    def terminal(self) -> Terminal:
        """Open the terminal that these options ask for."""
        return open_terminal(
            quiet=self.quiet, stdout_is_taken=self.to_stdout, json=self.json, files=self.files
        )


def _stdout_is_a_terminal() -> bool:
    return sys.stdout is not None and sys.stdout.isatty()


@takes_options(UpscaleOptions, fill=with_settings, within=naming_files)
def upscale_command(options: UpscaleOptions) -> None:
    """Upscale videos by any factor; every frame, timestamp and other stream is kept.

    If one of several inputs fails, the others still run, and the exit code is 1.
    """
    terminal = options.terminal()
    # SVT-AV1 writes to the terminal by itself; 1 lets only its errors through.
    os.environ.setdefault("SVT_LOG", "1")

    from dscvsr_cli.pipelines.upscale.output_name import place_job
    from dscvsr_cli.pipelines.upscale.plan_batch import plan_batch, refuse_for_all

    sources = files_named(options.sources)
    job = options.job_for(sources[0])
    several = len(sources) > 1 or is_folder_of_videos(sources[0])
    output = options.output_path
    if several:
        refuse_for_all(job, runs_here=options.ray is None)
        jobs = plan_batch(sources, output, job)
    else:
        jobs = [place_job(job, output, is_folder=options.output_is_folder)]
    if options.dry_run:
        show_dry_runs(jobs, terminal, several=several)
    elif options.ray is not None:
        from dscvsr_cli.cli.upscale.run_cluster import run_cluster

        run_cluster(jobs, terminal, address=options.ray, several=several)
    elif several:
        run_many(jobs, terminal, at_once=options.jobs)
    else:
        with until_pipe_closes():
            run_single(jobs[0], terminal)
