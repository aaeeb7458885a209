"""Read a page as a browser's parser would: its scripts, its pictures, and what it refers to."""

import base64
import io
import json
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import av
import numpy as np
import torch
from torch import Tensor

EMBEDDED = ";base64"


@dataclass
class Page:
    """What was found in a page."""

    title: str = ""
    scripts: dict[str, str] = field(default_factory=dict)
    """Content by id; the program itself has none."""
    media_types: dict[str, str] = field(default_factory=dict)
    references: list[str] = field(default_factory=list)
    """Whatever a ``src`` or ``href`` names."""
    policy: str = ""
    ids: list[str] = field(default_factory=list)

    @property
    def film(self) -> dict[str, Any]:
        facts: dict[str, Any] = json.loads(self.scripts["film"])
        return facts

    @property
    def pictures(self) -> int:
        return len(self.media_types)

    def picture(self, video: int, frame: int) -> Tensor:
        """Decode an embedded picture by libav -> ``(3, H, W)`` in [0, 1]."""
        data = base64.b64decode(self.scripts[f"picture-{video}-{frame}"], validate=True)
        with av.open(io.BytesIO(data), "r") as container:
            decoded = next(container.decode(video=0)).to_ndarray(format="rgb24")
        return torch.from_numpy(np.array(decoded)).permute(2, 0, 1) / 255


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = Page()
        self._inside: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.page.references += [found[name] for name in ("src", "href") if name in found]
        self.page.ids += [found["id"]] if "id" in found else []
        if found.get("http-equiv") == "Content-Security-Policy":
            self.page.policy = found["content"]
        if tag in ("script", "title"):
            self._inside = found.get("id", tag)
            self.page.scripts.setdefault(self._inside, "")
        kind = found.get("type", "")
        if kind.endswith(EMBEDDED):
            self.page.media_types[found["id"]] = kind.removesuffix(EMBEDDED)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "title"):
            self._inside = None

    def handle_data(self, data: str) -> None:
        if self._inside == "title":
            self.page.title += data
        elif self._inside is not None:
            self.page.scripts[self._inside] += data


def read_page(path: Path) -> Page:
    """Parse a page."""
    parser = _Parser()
    parser.feed(path.read_text(encoding="utf-8"))
    parser.close()
    return parser.page
