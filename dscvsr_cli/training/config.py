"""TrainingConfig: one training run, read from a TOML recipe; an unknown key is an error."""

import math
import tomllib
from dataclasses import asdict, dataclass, field, fields
from fractions import Fraction
from importlib import resources
from pathlib import Path
from typing import Any, Self

from dscvsr_cli.errors import UsageError
from dscvsr_cli.models.config import NetworkConfig

RECIPES = resources.files("dscvsr_cli.training") / "recipes"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingConfig:
    """Everything that decides what a run does; the run's state is elsewhere."""

    network: NetworkConfig = field(default_factory=NetworkConfig)
    """The network to train."""

    seed: int = 0
    """Of fresh weights and of everything drawn."""

    iterations: int = 300_000
    """Steps at most; the schedule ends with the last one, or with ``max_minutes``."""

    max_minutes: float | None = None
    """Minutes of training at most; the schedule anneals to its end exactly then."""

    batch: int = 8
    """Clips per step."""

    patch: int = 50
    """Side of a low-resolution crop, in pixels."""

    sequence: tuple[int, ...] = (10,)
    """Frames per clip: equal shares of the run, in this order."""

    max_denominator: int = 4
    """Factors are drawn as p / q with q up to this, so that crops have whole sides."""

    max_scale: float = 4.0
    """The largest factor drawn."""

    awkward_share: float = 0.15
    """Share of steps with any whole target side instead of p / q."""

    photo_share: float = 0.5
    """Share of clips that are synthetic camera moves over photographs, in [0, 1]."""

    learning_rate: float = 1e-4
    """At its peak, of Adam."""

    final_learning_rate: float = 1e-6
    """At the end of the cosine."""

    warmup: float = 0.02
    """Share of the run over which the rate climbs to its peak."""

    gradient_norm: float = 1.0
    """Gradients are scaled down to this norm."""

    motion_weight: float = 0.0
    """Weight of the photometric loss that teaches the flow before the pictures can."""

    motion_first: float = 0.0
    """Share of the run, at its start, in which the flow alone learns, from frames matched by it."""

    motion_rate: float = 1.0
    """Learning rate of the flow over that of the rest, once the rest learns."""

    average_decay: float = 0.999
    """Of the exponential moving average of the weights, which is what is exported."""

    bfloat16: bool = False
    """Run the convolutions in bfloat16 under autocast."""

    def __post_init__(self) -> None:
        """Refuse values no run can have."""
        for name in ("seed", "iterations", "batch", "patch", "max_denominator"):
            if type(getattr(self, name)) is not int:
                raise ValueError(f"{name} must be a whole number, got {getattr(self, name)!r}")
        if not 0 <= self.seed < 1 << 63:
            raise ValueError(f"seed must lie in [0, 2^63), got {self.seed}")
        positive = ("iterations", "batch", "patch", "max_denominator")
        for name in (*positive, "learning_rate", "gradient_norm"):
            # Also false for nan, which is neither more nor less than anything.
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be positive, got {getattr(self, name)}")
        for name in ("final_learning_rate", "motion_weight", "motion_rate"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} must not be negative, got {getattr(self, name)}")
        for name in ("awkward_share", "photo_share", "warmup", "motion_first", "average_decay"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"{name} must lie in [0, 1], got {getattr(self, name)}")
        if self.max_minutes is not None and not 0 < self.max_minutes < math.inf:
            raise ValueError(f"max_minutes must be positive, got {self.max_minutes}")
        if not self.sequence or not all(type(n) is int and n >= 2 for n in self.sequence):
            raise ValueError(f"sequence must name lengths of at least 2, got {self.sequence}")
        if not 1 < self.max_scale < math.inf or self.reach(self.patch) == self.patch:
            raise ValueError(
                f"max_scale must enlarge a patch by a pixel at least, got {self.max_scale}"
            )

    def reach(self, side: int) -> int:
        """Return ``side * max_scale`` rounded down, exact for decimal factors."""
        return math.floor(side * Fraction(str(self.max_scale)))

    @classmethod
    def from_values(cls, values: dict[str, Any]) -> Self:
        """Build a config from a recipe's table.

        Raises:
            ValueError: An unknown key, or a value no run can have.
        """
        values = dict(values)
        unknown = set(values) - {known.name for known in fields(cls)}
        if unknown:
            raise ValueError(f"unknown keys in the recipe: {', '.join(sorted(unknown))}")
        if "network" in values:
            values["network"] = NetworkConfig.from_values(values["network"])
        if "sequence" in values:
            values["sequence"] = tuple(values["sequence"])
        return cls(**values)

    def to_values(self) -> dict[str, Any]:
        """Return plain values from which ``from_values`` builds an equal config."""
        return asdict(self)


def load_recipe(name_or_file: str) -> TrainingConfig:
    """Read a built-in recipe by its name, or a recipe file.

    Raises:
        UsageError: No such recipe, a file that cannot be read or is not TOML, or an unknown key or
            impossible value in it.
    """
    builtin = RECIPES / f"{name_or_file}.toml"
    source = builtin if builtin.is_file() else Path(name_or_file)
    if not source.is_file():
        known = ", ".join(sorted(Path(r.name).stem for r in RECIPES.iterdir()))
        raise UsageError(
            f"no recipe {name_or_file!r}", hint=f"give a .toml file, or one of: {known}"
        )
    try:
        return TrainingConfig.from_values(tomllib.loads(source.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise UsageError(
            f"the recipe {name_or_file} is not usable: {error}",
            hint="dscvsr_cli/training/config.py lists every key",
        ) from error
