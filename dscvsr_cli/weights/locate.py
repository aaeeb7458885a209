"""Find weights by name, path or Hub address: a checked file on this machine."""

from dataclasses import dataclass
from pathlib import Path

from dscvsr_cli.errors import WeightsError
from dscvsr_cli.weights.catalog import (
    BundledFile,
    Catalog,
    DeviceKind,
    WeightsEntry,
    load_catalog,
)
from dscvsr_cli.weights.checksum import check_entry_file
from dscvsr_cli.weights.hub_address import HubFile


@dataclass(frozen=True, slots=True, kw_only=True)
class LocatedWeights:
    """A weights file on this machine, and what it was asked for as."""

    name: str
    """The catalog name, the Hub address, or the file's name without its ending."""

    path: Path
    """The path of the file."""

    entry: WeightsEntry | None = None
    """Its entry in the catalog; None for other files."""


def locate_weights(
    spec: str | None,
    *,
    kind: DeviceKind,
    catalog: Catalog | None = None,
    force: bool = False,
    show_progress: bool = False,
    cache_dir: Path | None = None,
) -> LocatedWeights:
    """Find weights, fetching them where needed, and check the sha256 of published ones.

    Args:
        spec: A catalog name, else the path of a file, else ``OWNER/REPO/FILE[@REVISION]`` on the
            Hub; None means the catalog's default.
        kind: Of the device that they are for, which decides the default.
        catalog: Another catalog than this installation's.
        force: Fetch again even where the cache holds the file.
        show_progress: Show a bar while something is fetched.
        cache_dir: Another cache folder than huggingface_hub's usual one.

    Raises:
        WeightsError: Nothing of that name, nothing fetched, or a file that is not what the catalog
            says.
    """
    catalog = catalog or load_catalog()
    entry = catalog.default(kind) if spec is None else catalog.get(spec)
    if entry is not None:
        if isinstance(entry.source, BundledFile):
            path = entry.source.path
        else:
            path = _fetch(
                entry.source, force=force, show_progress=show_progress, cache_dir=cache_dir
            )
        check_entry_file(entry, path)
        return LocatedWeights(name=entry.name, path=path, entry=entry)
    text = spec or ""
    path = Path(text).expanduser()
    if path.is_dir():
        raise _folder_given(path)
    if path.exists():
        return LocatedWeights(name=path.stem, path=path)
    address = HubFile.parse(text)
    if address is not None:
        path = _fetch(address, force=force, show_progress=show_progress, cache_dir=cache_dir)
        return LocatedWeights(name=str(address), path=path)
    raise WeightsError(f"no weights and no file are called {text!r}", hint=catalog.suggest(text))


def _folder_given(path: Path) -> WeightsError:
    files = sorted(path.glob("*.safetensors"))
    if files:
        return WeightsError(f"{path} is a folder, not weights", hint=f"give the file: {files[0]}")
    return WeightsError(
        f"{path} is a folder, not weights",
        hint=f"give a file; a run of training is exported by: dscvsr weights export {path} -o FILE",
    )


def present_path(entry: WeightsEntry, *, cache_dir: Path | None = None) -> Path | None:
    """Return the path of an entry's file on this machine; None if it must be fetched first."""
    if isinstance(entry.source, BundledFile):
        return entry.source.path if entry.source.path.is_file() else None
    from dscvsr_cli.weights.hub.download import cached_hub_file  # noqa: PLC0415  # as in _fetch

    return cached_hub_file(entry.source, cache_dir=cache_dir)


def _fetch(address: HubFile, *, force: bool, show_progress: bool, cache_dir: Path | None) -> Path:
    # Imported here, because bundled weights must not wait for a library they do not use.
    from dscvsr_cli.weights.hub.download import fetch_hub_file  # noqa: PLC0415

    return fetch_hub_file(address, force=force, show_progress=show_progress, cache_dir=cache_dir)
