"""Words that all messages share: counts of things, and sizes of files."""

_BYTE_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


def counted(number: int, thing: str) -> str:
    """Return a number with the name of what it counts: ``1 frame``, ``2 frames``."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


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
