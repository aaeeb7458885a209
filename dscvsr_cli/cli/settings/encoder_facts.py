"""What an encoder cannot do, for settings that exclude each other.

Libraries are loaded only if two settings may do so. An encoder that does not exist excludes
nothing; it is refused when the job runs.
"""

from dscvsr_cli.errors import UsageError


def has_no_quality(encoder: str) -> bool:
    """Return whether an encoder has no constant quality setting."""
    from dscvsr_cli.video.encoder_names import encoder_called
    from dscvsr_cli.video.write.encoder_quality import quality_options

    if not _formats(encoder):
        return False
    try:
        quality_options(encoder_called(encoder), 0.0)
    except UsageError:
        return True
    return False


def always_loses(encoder: str) -> bool:
    """Return whether an encoder cannot encode without loss."""
    from dscvsr_cli.video.encoder_names import encoder_called
    from dscvsr_cli.video.write.encoder_quality import lossless_options

    if not _formats(encoder):
        return False
    try:
        lossless_options(encoder_called(encoder))
    except UsageError:
        return True
    return False


def cannot_store(encoder: str, pixel_format: str) -> bool:
    """Return whether an encoder does not take a pixel format."""
    formats = _formats(encoder)
    return bool(formats) and pixel_format not in formats


def say_again(extra: list[str], option: str) -> bool:
    """Return whether ``KEY=VALUE`` options of an encoder say what an option of ours says.

    Args:
        extra: As ``--enc-opt`` gives them.
        option: Ours, without its dashes.
    """
    from dscvsr_cli.cli.parsers import parse_encoder_option
    from dscvsr_cli.video.write.said_twice import says_again

    return says_again([parse_encoder_option(one) for one in extra], option) is not None


def _formats(encoder: str) -> list[str]:
    """Return the pixel formats of an encoder; none if they are unknown, or it is."""
    from dscvsr_cli.video.encoder_names import encoder_called
    from dscvsr_cli.video.write.encoder_options import offered_formats

    try:
        return offered_formats(encoder_called(encoder))
    except UsageError:
        return []
