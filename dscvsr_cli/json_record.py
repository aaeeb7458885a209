"""Records: small JSON objects, kept beside what they describe or in the user's folders."""

import json
from pathlib import Path

Record = dict[str, object]


def read_record(path: Path) -> Record:
    """Return what a record holds; nothing if the file is missing or is not a record."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}
