"""The benchmark data sets of the literature: their clips, their usual folders, where to get them.

The paths are those of the archives as published and as the common toolkits (BasicSR, mmagic, PFNL)
unpack them, relative to the root of all data; ``{clip}`` stands for a clip's name.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from dscvsr_cli.datasets.clips import LowKey


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownDataset:
    """One data set that is known by name."""

    name: str
    """What a person types."""

    title: str
    """What papers call it."""

    homes: tuple[str, ...]
    """Folders that may hold it."""

    truths: tuple[str, ...]
    """Where such a folder may keep the ground truth of a clip, the usual place first."""

    lows: Mapping[LowKey, tuple[str, ...]] = field(default_factory=dict)
    """Where such a folder may keep low-resolution frames, by degradation."""

    clips: tuple[str, ...] = ()
    """Names of all clips; empty if every folder in the place is one."""

    list_file: str = ""
    """A text file with one clip per line, in a home or above its sequences."""

    centre_only: bool = False
    """Whether only the middle frame of a clip counts."""

    source: str
    """Where to get it."""


_BOTH_X4: Mapping[LowKey, tuple[str, ...]] = MappingProxyType(
    {("bi", 4): ("BIx4/{clip}",), ("bd", 4): ("BDx4/{clip}", "{clip}/blur4")}
)

VID4 = KnownDataset(
    name="vid4",
    title="Vid4",
    homes=("Vid4", "vid4", "."),
    truths=("GT/{clip}", "{clip}"),
    lows=_BOTH_X4,
    clips=("calendar", "city", "foliage", "walk"),
    source="https://drive.google.com/file/d/1ZuvNNLgR85TV_whJoHM7uVb-XW1y70DW",
)

REDS4 = KnownDataset(
    name="reds4",
    title="REDS4",
    homes=("REDS4", "REDS", "reds", "REDS/train", "."),
    truths=("GT/{clip}", "train_sharp/{clip}", "train/train_sharp/{clip}"),
    lows=MappingProxyType(
        {
            ("bi", 4): (
                "sharp_bicubic/{clip}",
                "train_sharp_bicubic/X4/{clip}",
                "train/train_sharp_bicubic/X4/{clip}",
                "BIx4/{clip}",
            )
        }
    ),
    clips=("000", "011", "015", "020"),
    source="https://seungjunnah.github.io/Datasets/reds.html (train_sharp, clips 000 011 015 020)",
)

VIMEO90K = KnownDataset(
    name="vimeo90k",
    title="Vimeo-90K-T",
    homes=("vimeo90k", "vimeo_septuplet", "vimeo90k/vimeo_septuplet", "."),
    truths=("GT/{clip}", "sequences/{clip}"),
    lows=_BOTH_X4,
    list_file="sep_testlist.txt",
    centre_only=True,
    source="http://toflow.csail.mit.edu (the septuplet dataset)",
)

UDM10 = KnownDataset(
    name="udm10",
    title="UDM10",
    homes=("UDM10", "udm10"),
    truths=("GT/{clip}", "{clip}/truth", "{clip}"),
    lows=_BOTH_X4,
    source="https://github.com/psychopa4/PFNL (test data)",
)

SPMCS = KnownDataset(
    name="spmcs",
    title="SPMCS",
    homes=("SPMCS", "spmcs"),
    truths=("GT/{clip}", "{clip}/truth", "{clip}"),
    lows=_BOTH_X4,
    source="https://github.com/jiangsutx/SPMC_VideoSR (test data)",
)

KNOWN: Mapping[str, KnownDataset] = MappingProxyType(
    {known.name: known for known in (VID4, REDS4, VIMEO90K, UDM10, SPMCS)}
)
"""By the name that a person types."""
