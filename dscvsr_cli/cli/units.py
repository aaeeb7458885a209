"""Time spans as people read them."""


def format_duration(seconds: float) -> str:
    """Write a time span: ``4.2 s`` below ten seconds, else ``0:42``, else ``1:02:03``."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    minutes, whole_seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{whole_seconds:02}" if hours else f"{minutes}:{whole_seconds:02}"


def format_estimate(seconds: float) -> str:
    """Write a time that is only about right: ``40 s``, ``12 min``, ``3 h 20 min``, ``2 days``."""
    minutes = seconds / 60
    if minutes < 1.5:
        text = f"{max(1, round(seconds))} s"
    elif minutes < 90:
        text = f"{round(minutes)} min"
    elif minutes < 48 * 60:
        hours, rest = divmod(round(minutes / 10) * 10, 60)
        text = f"{hours} h {rest} min" if rest else f"{hours} h"
    else:
        text = f"{minutes / 60 / 24:.0f} days"
    return text
