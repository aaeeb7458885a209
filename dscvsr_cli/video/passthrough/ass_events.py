"""ASS events, in which libav's decoders give every text: what they say, and several as one."""

from collections.abc import Iterable
from typing import Final

_FIELDS_BEFORE_TEXT: Final = 8
"""ReadOrder, Layer, Style, Name, three margins and Effect stand before the text."""

_OVERRIDE_TAGS: Final = "{}"


def plain_text(event: bytes) -> str:
    """Return the text of an event, without styles."""
    text = event.decode("utf-8", "replace").split(",", _FIELDS_BEFORE_TEXT)[-1]
    depth, kept = 0, []
    for sign in text.replace(r"\N", "\n").replace(r"\n", "\n").replace(r"\h", "\u00a0"):
        depth += (sign == "{") - (sign == "}" and depth > 0)
        if depth == 0 and sign not in _OVERRIDE_TAGS:
            kept.append(sign)
    return "".join(kept).strip()


def joined_events(events: Iterable[bytes]) -> bytes:
    """Return one event that shows the texts of several, each on lines of its own.

    Equal texts, which films stack for a shadow or a glow, appear once. The style is that of the
    first; bold and italics of one do not reach into the next.
    """
    different: dict[str, bytes] = {}
    for event in events:
        different.setdefault(plain_text(event), event)
    first, *others = different.values()
    texts = [event.split(b",", _FIELDS_BEFORE_TEXT)[-1] for event in others]
    return rb"\N{\r}".join([first, *texts])
