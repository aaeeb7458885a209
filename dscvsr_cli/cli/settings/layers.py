"""Put settings above each other: a higher layer wins, and voids below it what it excludes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from dscvsr_cli.cli.settings.settings_file import Layer

_SIZES: Final = frozenset({"scale", "size", "width", "height"})

_REPLACES: Final[Mapping[str, frozenset[str]]] = {
    **dict.fromkeys(_SIZES, _SIZES),
    # Scales and names of one encoder mean nothing to another.
    "encoder": frozenset({"crf", "encoder_preset", "encoder_options"}),
    "crf": frozenset({"lossless"}),
    "lossless": frozenset({"crf"}),
    "resume": frozenset({"restart"}),
    "restart": frozenset({"resume"}),
    "no_audio": frozenset({"audio_encoder", "audio_bitrate"}),
}
"""What a setting makes void in the layers below it."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What a command runs with."""

    values: Mapping[str, Any]
    """Of every parameter."""

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
    origins = dict.fromkeys(given, "command line")
    for layer in layers:
        void = {
            name
            for higher in origins
            if settled[higher] not in (None, False)
            for name in _REPLACES.get(higher, ())
        }
        open_names = [name for name in layer.values if name not in origins and name not in void]
        settled |= {name: layer.values[name] for name in open_names}
        origins |= dict.fromkeys(open_names, layer.origin)
    return Settled(settled, origins)
