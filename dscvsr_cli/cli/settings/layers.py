"""Put settings above each other: a higher layer wins, and voids below it what it excludes."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from dscvsr_cli.cli.settings import encoder_facts
from dscvsr_cli.cli.settings.settings_file import Layer

Excludes = Callable[[Any, Any], bool]
"""Whether a value of a higher layer excludes one of a lower layer."""


def _always(_above: Any, _below: Any) -> bool:
    return True


def _several(jobs: Any, _below: Any) -> bool:
    return bool(jobs > 1)


def _has_no_fields(above: Any, below: Any) -> bool:
    return "progressive" in (above, below)


def _say(option: str) -> Excludes:
    """Return whether further encoder options, above or below, say what an option of ours says."""
    return lambda above, below: encoder_facts.say_again(
        above if isinstance(above, list) else below, option
    )


COMMAND_LINE: Final = "command line"
"""The origin of what no file gives."""

_SIZES: Final = ("scale", "size", "width", "height")

_OF_AN_ENCODER: Final = ("crf", "encoder_preset", "encoder_options")
"""Scales and names of one encoder, which mean nothing to another."""

_REPLACES: Final[Mapping[str, Mapping[str, Excludes]]] = {
    **dict.fromkeys(_SIZES, dict.fromkeys(_SIZES, _always)),
    "encoder": {
        **dict.fromkeys(_OF_AN_ENCODER, _always),
        "lossless": lambda encoder, _: encoder_facts.always_loses(encoder),
        "pixel_format": encoder_facts.cannot_store,
    },
    "pixel_format": {
        "encoder": lambda pixel_format, encoder: encoder_facts.cannot_store(encoder, pixel_format)
    },
    "crf": {
        "lossless": _always,
        "encoder_options": _say("crf"),
        "encoder": lambda _, encoder: encoder_facts.has_no_quality(encoder),
    },
    "lossless": {
        "crf": _always,
        "encoder_options": _say("lossless"),
        "encoder": lambda _, encoder: encoder_facts.always_loses(encoder),
    },
    "encoder_preset": {"encoder_options": _say("encoder-preset")},
    "encoder_options": {
        "crf": _say("crf"),
        "lossless": _say("lossless"),
        "encoder_preset": _say("encoder-preset"),
    },
    "resume": {"restart": _always},
    "restart": {"resume": _always},
    "no_audio": {"audio_encoder": _always, "audio_bitrate": _always},
    "audio_encoder": {"no_audio": _always},
    "deinterlace": {"field_order": _has_no_fields},
    "field_order": {"deinterlace": _has_no_fields},
    "ray": {"jobs": _always},
    "jobs": {"ray": _several},
}
"""What a setting makes void in the layers below it, and with which values."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What a command runs with."""

    values: Mapping[str, Any]
    """The value of every parameter."""

    origins: Mapping[str, str]
    """Where each value comes from that is not built in."""


def settle(values: Mapping[str, Any], given: Iterable[str], layers: Sequence[Layer]) -> Settled:
    """Fill in from files what the command line leaves open.

    Args:
        values: Of every parameter: given or built in.
        given: Names of those that the command line gives.
        layers: Of files, the highest first.
    """
    settled = dict(values)
    origins = dict.fromkeys(given, COMMAND_LINE)
    for layer in layers:
        void = _void({name: settled[name] for name in origins}, layer.values)
        open_names = [name for name in layer.values if name not in origins and name not in void]
        settled |= {name: layer.values[name] for name in open_names}
        origins |= dict.fromkeys(open_names, layer.origin)
    return Settled(settled, origins)


def _void(above: Mapping[str, Any], below: Mapping[str, Any]) -> set[str]:
    """Return the names of a layer's settings that those above it exclude."""
    void = {
        name
        for higher, value in above.items()
        if value is not None and value is not False
        for name, excludes in _REPLACES.get(higher, {}).items()
        if name in below and excludes(value, below[name])
    }
    # What a layer says of its encoder goes with it.
    return void.union(_OF_AN_ENCODER) if "encoder" in void else void
