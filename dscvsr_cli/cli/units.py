"""Numbers as people read them: sizes of files, and time spans."""

_BYTE_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


def format_bytes(size_bytes: int) -> str:
    """Write a number of bytes in decimal units with three digits: ``1.23 MB``."""
    value = float(size_bytes)
    for unit in _BYTE_UNITS:
        # 999.5 would be written as 1000 with three digits: the next unit reads better.
        if abs(value) < 999.5 or unit == _BYTE_UNITS[-1]:
            break
        value /= 1000
    if unit == "B":
        return f"{size_bytes} B"
    decimals = 2 if abs(value) < 9.995 else 1 if abs(value) < 99.95 else 0
    return f"{value:.{decimals}f} {unit}"


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
