"""Reports as JSON files: written whole or not at all, and read back."""

import dataclasses
import json
import math
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

from dscvsr_cli.benchmarking.report import BenchReport
from dscvsr_cli.durable import write_durably
from dscvsr_cli.errors import UsageError

FORMAT = "dscvsr-bench-1"
"""Names the form of the file; another form gets another name."""

_INFINITE = "inf"


def report_to_json(report: BenchReport) -> str:
    """Return a report as one JSON object; infinite figures become the text "inf"."""
    return values_to_json(report, kind=FORMAT)


def values_to_json(report: Any, *, kind: str = "dscvsr-speed-1") -> str:
    """Return any report made of dataclasses as one JSON object that names its form."""
    values = {"format": kind} | _plain(dataclasses.asdict(report))
    return json.dumps(values, allow_nan=False, ensure_ascii=False, indent=1)


def report_from_json(text: str) -> BenchReport:
    """Rebuild a report from ``report_to_json``'s text.

    Raises:
        ValueError: Not such a text.
    """
    values = json.loads(text)
    if not isinstance(values, dict) or values.pop("format", None) != FORMAT:
        raise ValueError(f"not a report of the form {FORMAT}")
    report: BenchReport = _build(BenchReport, values)
    return report


def save_report(report: BenchReport, path: Path) -> None:
    """Write a report; a file of that name is replaced only by a whole one.

    Raises:
        UsageError: The file cannot be written.
    """
    save_text(report_to_json(report) + "\n", path)


def save_text(text: str, path: Path) -> None:
    """Write a text file durably, replacing an older one in one step.

    Raises:
        UsageError: The file cannot be written.
    """
    try:
        write_durably(path, text.encode())
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written: {error.strerror or error}",
            hint="choose a folder that exists and that you may write to",
        ) from error


def load_report(path: Path) -> BenchReport:
    """Read a report.

    Raises:
        UsageError: The file is missing or not a report.
    """
    try:
        return report_from_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror or error}",
            hint="give a file that dscvsr bench --json has written",
        ) from error
    except (ValueError, TypeError, KeyError) as error:
        raise UsageError(
            f"{path} is not a report of dscvsr bench ({error})",
            hint="give a file that this version of dscvsr bench --json has written",
        ) from error


def _plain(value: Any) -> Any:
    """Replace what JSON lacks, all the way down."""
    if isinstance(value, float) and not math.isfinite(value):
        return _INFINITE
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _build(kind: Any, value: Any) -> Any:
    """Build a value of an annotated type from plain JSON, refusing what does not fit."""
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        hints = get_type_hints(kind)
        if not isinstance(value, dict) or value.keys() - hints.keys():
            raise ValueError(f"expected the fields {', '.join(hints)}")
        return kind(**{key: _build(hints[key], item) for key, item in value.items()})
    origin = get_origin(kind)
    if origin is tuple:
        return tuple(_build(get_args(kind)[0], item) for item in value)
    if origin in (Union, types.UnionType):
        (inner,) = (part for part in get_args(kind) if part is not type(None))
        return None if value is None else _build(inner, value)
    if kind is float:
        return float(value)
    if isinstance(kind, type) and not isinstance(value, kind):
        raise TypeError(f"expected {kind.__name__}, got {value!r}")
    return value
