"""Words that messages of all rooms share: counts of things."""


def counted(number: int, thing: str) -> str:
    """Return a number with the name of what it counts: ``1 frame``, ``2 frames``."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
