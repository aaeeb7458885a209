"""Check that a weights file is the one that was published."""

import hashlib
from pathlib import Path

from dscvsr_cli.errors import WeightsError
from dscvsr_cli.weights.catalog import BundledFile, WeightsEntry


def file_sha256(path: Path) -> str:
    """Return the sha256 of a file as 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_entry_file(entry: WeightsEntry, path: Path) -> None:
    """Check that a file is, to the last bit, the one an entry describes. Nothing is removed.

    Raises:
        WeightsError: The file is missing, or its size or sha256 is another.
    """
    bundled = isinstance(entry.source, BundledFile)
    hint = "install dscvsr again" if bundled else f"run: dscvsr weights pull {entry.name} --force"
    try:
        size_bytes = path.stat().st_size
        digest = file_sha256(path)
    except OSError as error:
        raise WeightsError(
            f"cannot read the weights {entry.name} at {path}: {error.strerror or error}", hint=hint
        ) from error
    if size_bytes != entry.size_bytes:
        raise WeightsError(
            f"the weights {entry.name} at {path} have {size_bytes} bytes instead of "
            f"{entry.size_bytes}",
            hint=hint,
        )
    if digest != entry.sha256:
        raise WeightsError(
            f"the weights {entry.name} at {path} have another sha256 ({digest[:12]}...) than the "
            f"catalog ({entry.sha256[:12]}...)",
            hint=hint,
        )
