"""Recordings that went on after they were taken for finished: they are made anew, whole."""

import logging
from contextlib import suppress
from dataclasses import replace
from typing import Final

from dscvsr_cli.errors import DscvsrError
from dscvsr_cli.pipelines.resume.manifest import has_grown
from dscvsr_cli.pipelines.resume.work_folder import read_manifest
from dscvsr_cli.pipelines.upscale.finished import is_outgrown, is_there
from dscvsr_cli.pipelines.upscale.job import UpscaleJob
from dscvsr_cli.pipelines.upscale.output_name import default_target

_log: Final = logging.getLogger(__name__)


def taken_anew(job: UpscaleJob) -> UpscaleJob:
    """Return a job that replaces what was made of its source before that has grown.

    An output that was made with the same settings is replaced by the new one, once that is whole;
    unfinished work on the shorter source is thrown away, for nothing can continue it. Everything
    else stays as the job wants it: a source that is another one has not grown.
    """
    target = job.target or default_target(job)
    # What cannot be read or found is said when the job runs.
    with suppress(OSError, DscvsrError):
        if is_there(target) and is_outgrown(job, target):
            _log.warning("%s has grown since %s was made: making it anew", job.source, target)
            job = replace(job, overwrite=True)
        unfinished = read_manifest(target)
        if unfinished is not None and has_grown(job.source, unfinished.fingerprint):
            _log.warning("%s has grown since its work was begun: starting over", job.source)
            job = replace(job, resume=False, restart=True)
    return job
