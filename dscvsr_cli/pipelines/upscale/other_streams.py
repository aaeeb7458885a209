"""Everything in the input but the pixels: what of it the output of a job keeps."""

from dataclasses import replace

from dscvsr_cli.pipelines.upscale.job import UpscaleJob
from dscvsr_cli.pipelines.upscale.target import Target
from dscvsr_cli.video.info import VideoInfo
from dscvsr_cli.video.passthrough.left_out import LeftOut
from dscvsr_cli.video.passthrough.passthrough_plan import (
    PassthroughPlan,
    picture_only,
    plan_passthrough,
)
from dscvsr_cli.video.passthrough.picture_losses import lost_colours, lost_shape


def plan_others(job: UpscaleJob, source: VideoInfo, target: Target) -> PassthroughPlan:
    """Return what is copied, converted and lost of everything but the frames' pixels.

    Args:
        job: What a person asked for.
        source: The probed input.
        target: Where the output goes.
    """
    encoder = target.options.encoder
    shape = lost_shape(target.picture.sample_aspect_ratio, target.container, encoder)
    colours = lost_colours(source, target.container, encoder)
    if target.names is not None:
        # Nobody expects of pictures what a video holds, so nothing that is lost is refused.
        losses = (loss and replace(loss, refused=False) for loss in (shape, colours))
        return _also_lost(picture_only(source, target.container, job.streams), *losses)
    if target.container.frames_only:
        # A person who asks for bare frames knows that nothing else is kept.
        others = picture_only(source, target.container, job.streams)
        return _also_lost(others, colours and replace(colours, refused=False))
    others = plan_passthrough(source, target.container, job.streams)
    return _also_lost(others, shape, colours)


def _also_lost(others: PassthroughPlan, *losses: LeftOut | None) -> PassthroughPlan:
    return replace(others, left_out=(*others.left_out, *filter(None, losses)))
