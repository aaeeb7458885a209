"""The catalog of published weights: weights.toml read into checked entries."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, get_args

from dscvsr_cli.errors import WeightsError
from dscvsr_cli.models.network_config import NetworkConfig
from dscvsr_cli.weights.hub_address import HubFile

_BUNDLED_FOLDER = Path(__file__).resolve().parent / "bundled"
_PACKAGE_ROOT = Path(__file__).resolve().parent.parent
_CATALOG_NAME = "weights.toml"

DeviceKind = Literal["cpu", "gpu"]
"""What decides which weights are the default: they are smaller where there is no GPU."""

_DEVICE_KINDS: tuple[DeviceKind, ...] = get_args(DeviceKind)

_ENTRY_KEYS = {"name", "summary", "licence", "size_bytes", "sha256", "config", "record"}
_OPTIONAL_KEYS = {"default_on", "faster", "uncompressed", "bundled", "repo", "file", "revision"}
_HUB_KEYS = ("repo", "file", "revision")


@dataclass(frozen=True, slots=True, kw_only=True)
class BundledFile:
    """A weights file that comes inside the package."""

    file: str
    """Name of the file."""

    folder: Path = _BUNDLED_FOLDER
    """Its folder."""

    @property
    def path(self) -> Path:
        """The path of the file in this installation."""
        return self.folder / self.file


@dataclass(frozen=True, slots=True, kw_only=True)
class FasterWeights:
    """Weights for the same purpose that take far less time."""

    name: str
    """Another entry of the catalog."""

    time: float
    """Share of the time that they take on a processor, in (0, 1)."""

    def __post_init__(self) -> None:
        """Refuse a time that is not a share."""
        if not 0 < self.time < 1:
            raise ValueError(f"faster weights {self.name}: time must be in (0, 1), got {self.time}")


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightsEntry:
    """One published set of weights, as the catalog describes it."""

    name: str
    """What a person types: lower case letters, digits, dots and dashes."""

    summary: str
    """One line that helps to choose."""

    licence: str
    """SPDX identifier."""

    size_bytes: int
    """Length of the file."""

    sha256: str
    """Digest of the whole file, 64 hex digits in lower case."""

    config: NetworkConfig
    """The network the file holds."""

    record: Mapping[str, str]
    """How it was trained, in a few lines."""

    source: BundledFile | HubFile
    """Where the file comes from; a Hub file is pinned to a commit."""

    default_on: frozenset[DeviceKind] = frozenset()
    """Where this one is used unless another is asked for."""

    faster: FasterWeights | None = None
    """What to recommend where this one takes long."""

    uncompressed: str | None = None
    """Another entry, of the same network, that makes more of frames that no codec has changed."""

    def __post_init__(self) -> None:
        """Refuse values that no entry can have."""
        if not re.fullmatch(r"[a-z0-9][a-z0-9.-]*", self.name):
            raise ValueError(f"weights name {self.name!r}: use lower case letters, digits, . and -")
        if not self.licence:
            raise ValueError(f"weights {self.name}: say under which licence they are given")
        if not re.fullmatch(r"[0-9a-f]{64}", self.sha256):
            raise ValueError(f"weights {self.name}: sha256 must be 64 lower case hex digits")
        if self.size_bytes < 1:
            raise ValueError(f"weights {self.name}: size_bytes must be positive")
        if not self.default_on <= set(_DEVICE_KINDS):
            raise ValueError(f"weights {self.name}: default_on lists cpu, gpu, or both")
        if isinstance(self.source, HubFile):
            if not re.fullmatch(r"[0-9a-f]{40}", self.source.revision):
                raise ValueError(f"weights {self.name}: revision must be a commit of 40 hex digits")
        elif Path(self.source.file).name != self.source.file:
            raise ValueError(f"weights {self.name}: bundled must be a file name without folders")


def device_kind(device_type: str) -> DeviceKind:
    """Return the kind of a device of torch, from its ``type``."""
    return "cpu" if device_type == "cpu" else "gpu"


@dataclass(frozen=True, slots=True)
class Catalog:
    """All published weights, in the order of ``weights.toml``."""

    entries: tuple[WeightsEntry, ...]

    def __post_init__(self) -> None:
        """Refuse two entries of one name, and anything but one default for each kind of device."""
        names = self.names
        if len(set(names)) != len(names):
            raise ValueError(f"two weights of one name in {', '.join(names)}")
        for kind in _DEVICE_KINDS:
            defaults = [entry.name for entry in self.entries if kind in entry.default_on]
            if self.entries and len(defaults) != 1:
                raise ValueError(f"exactly one entry must be the default on {kind}, got {defaults}")
        for entry in self.entries:
            if entry.faster is not None and entry.faster.name not in names:
                raise ValueError(f"weights {entry.name}: faster names no other entry")
            if entry.uncompressed not in (None, *names):
                raise ValueError(f"weights {entry.name}: uncompressed names no other entry")

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all entries."""
        return tuple(entry.name for entry in self.entries)

    def default(self, kind: DeviceKind) -> WeightsEntry:
        """Return the entry that is used on such a device unless another is asked for.

        Raises:
            WeightsError: The catalog is empty.
        """
        if not self.entries:
            raise WeightsError("no weights are published with this dscvsr", hint="give a file")
        return next(entry for entry in self.entries if kind in entry.default_on)

    def get(self, name: str) -> WeightsEntry | None:
        """Return the entry of that name, or None."""
        return next((entry for entry in self.entries if entry.name == name), None)

    def find(self, name: str) -> WeightsEntry:
        """Return the entry of that name.

        Raises:
            WeightsError: There is none; the hint names the nearest ones.
        """
        entry = self.get(name)
        if entry is None:
            raise WeightsError(f"no weights are called {name!r}", hint=self.suggest(name))
        return entry

    def suggest(self, name: str) -> str:
        """Return a sentence that names the entries closest to ``name``, or all of them."""
        near = get_close_matches(name, self.names, n=1)
        if near:
            return f"did you mean {near[0]!r}?"
        return f"give a file, OWNER/REPO/FILE on the Hub, or one of: {', '.join(self.names)}"


def load_catalog() -> Catalog:
    """Read the catalog that belongs to this installation or checkout.

    Raises:
        WeightsError: ``weights.toml`` is neither beside the code nor at the root above it.
    """
    for folder in (_PACKAGE_ROOT, _PACKAGE_ROOT.parent):
        path = folder / _CATALOG_NAME
        if path.is_file():
            return _read_catalog(path)
    raise WeightsError(
        f"{_CATALOG_NAME} is missing from {_PACKAGE_ROOT}",
        hint="the installation is incomplete; install dscvsr again",
    )


def _read_catalog(path: Path) -> Catalog:
    try:
        return parse_catalog(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
        raise WeightsError(
            f"the catalog of weights {path} cannot be used: {error}",
            hint="put it back as it was, or install dscvsr again",
        ) from error


def parse_catalog(text: str) -> Catalog:
    """Read the text of a ``weights.toml``.

    Raises:
        ValueError: Not TOML, a key missing or unknown, or a value that cannot be.
    """
    document = tomllib.loads(text)
    unknown = set(document) - {"weights"}
    if unknown:
        raise ValueError(f"unknown keys in the catalog: {', '.join(sorted(unknown))}")
    return Catalog(tuple(_entry(table) for table in document.get("weights", [])))


def _entry(table: dict[str, Any]) -> WeightsEntry:
    name = table.get("name", "without a name")
    unknown = set(table) - _ENTRY_KEYS - _OPTIONAL_KEYS
    if unknown:
        raise ValueError(f"unknown keys in weights {name}: {', '.join(sorted(unknown))}")
    missing = _ENTRY_KEYS - set(table)
    if missing:
        raise ValueError(f"missing keys in weights {name}: {', '.join(sorted(missing))}")
    return WeightsEntry(
        name=name,
        summary=table["summary"],
        licence=table["licence"],
        size_bytes=table["size_bytes"],
        sha256=table["sha256"],
        config=NetworkConfig.from_values(table["config"]),
        record=MappingProxyType({key: str(value) for key, value in table["record"].items()}),
        source=_source(table),
        default_on=frozenset(table.get("default_on", ())),
        faster=FasterWeights(**table["faster"]) if "faster" in table else None,
        uncompressed=table.get("uncompressed"),
    )


def _source(table: dict[str, Any]) -> BundledFile | HubFile:
    hub_keys = [key for key in _HUB_KEYS if key in table]
    if "bundled" in table and not hub_keys:
        return BundledFile(file=table["bundled"])
    if "bundled" not in table and len(hub_keys) == len(_HUB_KEYS):
        return HubFile(repo=table["repo"], file=table["file"], revision=table["revision"])
    raise ValueError(f"weights {table['name']}: give either bundled, or repo, file and revision")
