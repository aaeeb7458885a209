"""TrainingConfig: one training run, read from a TOML recipe; an unknown key is an error."""

import math
import tomllib
from dataclasses import asdict, dataclass, field, fields
from fractions import Fraction
from importlib import resources
from pathlib import Path
from typing import Any, Literal, Self, get_args

from dscvsr_cli.datasets.degrade import MAX_CRF
from dscvsr_cli.errors import UsageError
from dscvsr_cli.models.network_config import NetworkConfig
from dscvsr_cli.video.codec_roundtrip import CodecName

Distance = Literal["l1", "relative-l1"]


PictureTarget = Literal["truth", "teacher"]
OptimizerName = Literal["adam", "muon"]
TrainingDtype = Literal["auto", "float32", "bfloat16"]

_WHOLE = (
    *("seed", "iterations", "batch", "patch", "max_denominator", "validations"),
    *("apart_frames", "apart_repeats"),
)
_POSITIVE = (
    *("iterations", "batch", "patch", "max_denominator", "apart_frames", "apart_repeats"),
    *("learning_rate", "gradient_norm", "charbonnier_epsilon"),
)
_NOT_NEGATIVE = (
    *("final_learning_rate", "motion_weight", "motion_rate", "noise", "validations"),
    *("vgg_weight", "distill_weight", "camera_weight", "change_weight"),
)
_SHARES = (
    *("awkward_share", "photo_share", "still_share", "codec_share", "codec_twice"),
    *("validation_share",),
    *("noise_until", "warmup", "average_decay"),
    *("motion_first", "apart_first", "distill_until"),
)
NETWORK_PARTS = ("motion", "backward_pass", "forward_pass", "fusion", "refinement", "head")
RECIPES = resources.files("dscvsr_cli.training") / "recipes"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingConfig:
    """Everything that decides what a run does; the run's state is elsewhere."""

    network: NetworkConfig = field(default_factory=NetworkConfig)
    """The network to train."""

    seed: int = 0
    """Seed of the initial weights and of everything drawn."""

    iterations: int = 300_000
    """Most steps; the schedule ends with the last one, or with ``max_minutes``."""

    max_minutes: float | None = None
    """Most minutes of training; the schedule ends exactly then."""

    batch: int = 8
    """Clips per step."""

    patch: int = 50
    """Side of a low-resolution crop, in pixels."""

    sequence: tuple[int, ...] = (10,)
    """Frames per clip: equal shares of the run, in this order."""

    scale_step: float | None = None
    """Draw factors evenly from 1.0, 1.0 + step, ..., ``max_scale`` (the paper's 0.1); None draws
    them as p / q."""

    max_denominator: int = 4
    """Factors are drawn as p / q with q up to this, so that crops have whole sides."""

    max_scale: float = 4.0
    """The largest factor drawn."""

    awkward_share: float = 0.15
    """Share of steps with any whole target side instead of p / q."""

    noise: float = 0.0
    """Largest standard deviation of noise on low frames at the start, in 8-bit steps."""

    noise_until: float = 0.3
    """Share of the run after which the noise has faded."""

    codec_share: float = 0.0
    """Share of clips whose low frames went through a codec."""

    codecs: tuple[CodecName, ...] = ("h264",)
    """Codecs that these clips go through, each as often as it is named."""

    codec_crf: tuple[int, int] = (18, 32)
    """Least and greatest constant rate factor of H.264 for these clips, or what equals it."""

    codec_twice: float = 0.0
    """Share of these clips that go through two codecs, one after the other."""

    photo_share: float = 0.5
    """Share of clips that are synthetic camera moves over photographs, in [0, 1]."""

    still_share: float = 0.0
    """Share of clips that stand still: one frame, repeated, as title cards and captions are."""

    optimizer: OptimizerName = "adam"
    """Adam as in the paper, or Muon, which makes the steps of weight matrices orthogonal."""

    learning_rate: float = 1e-4
    """Learning rate at its peak."""

    final_learning_rate: float = 1e-6
    """Learning rate at the end of the cosine."""

    cosine_period: int | None = None
    """Steps in which the rate falls to its end, to climb back in as many (the paper's 300); None
    lets it fall once, over the whole run."""

    warmup: float = 0.02
    """Share of the run over which the rate climbs to its peak."""

    charbonnier_epsilon: float = 1e-3
    """Constant of the Charbonnier loss on the frames: smooths the difference near zero."""

    change_weight: float = 0.0
    """Weight of what changes from frame to frame along the motion and does not in the ground truth,
    which keeps what stands still from shimmering."""

    vgg_weight: float = 0.0
    """Weight of the perceptual loss, lambda of Eq. 6; above zero it needs VGG-19 from the Hub."""

    teacher: str | None = None
    """A weights file to learn from: another network's features, flow or pictures."""

    target: PictureTarget = "truth"
    """Target of the frames: the true frames (section 4.1), or the teacher's (Eq. 6)."""

    distill_weight: float = 1.0
    """Weight of the distance to the teacher's features, if there is a teacher."""

    distill_distance: Distance = "l1"
    """How features are compared: as in Eq. 5, or relative to their size."""

    distill_until: float = 1.0
    """Share of the run after which the teacher's features no longer count, nor cost time."""

    motion_teacher: bool = False
    """Learn the flow from the teacher's flow instead of by matching frames."""

    frozen: tuple[str, ...] = ()
    """Parts of the network that keep their weights: "motion", "forward_pass", ..."""

    gradient_norm: float = 1.0
    """Gradients are scaled down to this norm."""

    motion_weight: float = 0.0
    """Weight of the photometric loss, which teaches the flow before the frames can."""

    camera_weight: float = 0.0
    """Weight of the distance between the flow and the ground truth, in pixels, in clips filmed from
    photographs, where the ground-truth flow comes free."""

    motion_first: float = 0.0
    """Share of the run, at its start, in which only the flow learns: from frames matched by it or
    the teacher's flow, and from the ground truth, if that has a weight; 1 teaches nothing else."""

    apart_first: float = 0.0
    """Share of the run, after ``motion_first``, in which every part learns separately from the
    features of the teacher's part (see ``blockwise``); needs a teacher of the same width."""

    apart_frames: int = 4
    """Frames per step while learning apart, of both directions."""

    apart_repeats: int = 2
    """Times that every frame is used while the teacher's features of it are at hand."""

    motion_rate: float = 1.0
    """Learning rate of the flow over that of the rest, once the rest learns."""

    validations: int = 10
    """Validations on held-out clips, evenly over the run; 0 for none."""

    validation_share: float = 0.05
    """Share of the clips held out for validation, if none are named; their names decide which."""

    average_decay: float = 0.999
    """Decay of the exponential moving average of the weights; the average is exported."""

    dtype: TrainingDtype = "auto"
    """dtype of the convolutions; "auto" takes bfloat16 if the device computes with it natively,
    float32 elsewhere. A run keeps the dtype it started with. Weights are always float32."""

    def __post_init__(self) -> None:
        """Refuse values no run can have."""
        for name in _WHOLE:
            if type(getattr(self, name)) is not int:
                raise ValueError(f"{name} must be a whole number, got {getattr(self, name)!r}")
        for name in _POSITIVE:
            # Also false for nan, which is neither more nor less than anything.
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be positive, got {getattr(self, name)}")
        for name in _NOT_NEGATIVE:
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} must not be negative, got {getattr(self, name)}")
        for name in _SHARES:
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"{name} must be in [0, 1], got {getattr(self, name)}")
        for name, kinds in (
            ("target", PictureTarget),
            ("distill_distance", Distance),
            ("optimizer", OptimizerName),
            ("dtype", TrainingDtype),
        ):
            if getattr(self, name) not in get_args(kinds):
                known = " or ".join(get_args(kinds))
                raise ValueError(f"{name} must be {known}, got {getattr(self, name)!r}")
        self._check_run()
        self._check_samples()

    def _check_run(self) -> None:
        if not 0 <= self.seed < 1 << 63:
            raise ValueError(f"seed must be in [0, 2^63), got {self.seed}")
        if self.max_minutes is not None and not 0 < self.max_minutes < math.inf:
            raise ValueError(f"max_minutes must be positive, got {self.max_minutes}")
        period = self.cosine_period
        if period is not None and (type(period) is not int or period < 1):
            raise ValueError(f"cosine_period must be at least 1, got {period!r}")
        unknown = set(self.frozen) - set(NETWORK_PARTS)
        if unknown:
            raise ValueError(
                f"frozen must name parts of {', '.join(NETWORK_PARTS)}, got {min(unknown)!r}"
            )

    def _check_samples(self) -> None:
        if not self.sequence or not all(type(n) is int and n >= 2 for n in self.sequence):
            raise ValueError(f"sequence must name lengths of at least 2, got {self.sequence}")
        if not 1 < self.max_scale < math.inf or self.reach(self.patch) == self.patch:
            raise ValueError(
                f"max_scale must enlarge a patch by a pixel at least, got {self.max_scale}"
            )
        if self.scale_step is not None and not 0 < self.scale_step < math.inf:
            raise ValueError(f"scale_step must be positive, got {self.scale_step}")
        unknown = set(self.codecs) - set(get_args(CodecName))
        if unknown or not self.codecs:
            known = ", ".join(get_args(CodecName))
            raise ValueError(f"codecs must be among {known}, got {self.codecs}")
        range_ = self.codec_crf
        whole = len(range_) == 2 and all(type(crf) is int for crf in range_)
        if not whole or not 0 <= range_[0] <= range_[1] <= MAX_CRF:
            raise ValueError(f"codec_crf must be two of 0 to {MAX_CRF} in order, got {range_}")

    def reach(self, side: int) -> int:
        """Return ``side * max_scale`` rounded down, exact for decimal factors."""
        return math.floor(side * Fraction(str(self.max_scale)))

    @classmethod
    def from_values(cls, values: dict[str, Any]) -> Self:
        """Build a config from a recipe's table.

        ``bfloat16 = true`` or ``false``, the spelling before ``dtype``, is still understood.

        Raises:
            ValueError: An unknown key, or a value no run can have.
        """
        values = _with_dtype(values)
        unknown = set(values) - {known.name for known in fields(cls)}
        if unknown:
            raise ValueError(f"unknown keys in the recipe: {', '.join(sorted(unknown))}")
        if "network" in values:
            values["network"] = NetworkConfig.from_values(values["network"])
        for name in ("sequence", "frozen", "codecs", "codec_crf"):
            if name in values:
                values[name] = tuple(values[name])
        return cls(**values)

    def to_values(self) -> dict[str, Any]:
        """Return plain values from which ``from_values`` builds an equal config."""
        return asdict(self)


def _with_dtype(values: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of a recipe's table in which ``dtype`` replaces the older ``bfloat16``."""
    values = dict(values)
    if "bfloat16" not in values:
        return values
    if "dtype" in values:
        raise ValueError("bfloat16 and dtype exclude each other; keep dtype")
    flag = values.pop("bfloat16")
    if type(flag) is not bool:
        raise ValueError(f'bfloat16 must be true or false, got {flag!r}; dtype = "auto" is newer')
    return values | {"dtype": "bfloat16" if flag else "float32"}


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
            hint="dscvsr_cli/training/training_config.py lists every key",
        ) from error
