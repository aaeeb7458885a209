"""The public API: what ``from dscvsr_cli import ...`` gives, and what it promises."""

import ast
import importlib
import inspect
import typing
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import dscvsr_cli
from dscvsr_cli import (
    ReadOptions,
    StreamChoices,
    TimeSpan,
    UpscaleJob,
    dry_run,
    enlarge_frames,
    load_network,
    probe,
    upscale,
    verify,
)
from dscvsr_cli.errors import DscvsrError, UsageError
from dscvsr_cli.pipelines.upscale.run import upscale as upscale_function
from tests.clips import Clip, render
from tests.networks import save_smallest


@pytest.mark.parametrize("name", dscvsr_cli.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(dscvsr_cli, name) is not None


def test_no_module_hides_a_public_name() -> None:
    importlib.import_module("dscvsr_cli.pipelines.upscale")
    assert dscvsr_cli.upscale is upscale_function
    assert inspect.isfunction(dscvsr_cli.verify)
    modules = {path.stem for path in Path(dscvsr_cli.__file__).parent.iterdir()}
    assert not modules & set(dscvsr_cli.__all__)


def test_dir_lists_the_public_names() -> None:
    assert set(dscvsr_cli.__all__) <= set(dir(dscvsr_cli))


def test_a_name_that_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'upscail'"):
        dscvsr_cli.upscail  # noqa: B018
    assert not hasattr(dscvsr_cli, "compare_files")


def test_type_checkers_see_the_same_names_from_the_same_modules() -> None:
    tree = ast.parse(Path(dscvsr_cli.__file__).read_text(encoding="utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    seen = {
        alias.asname or alias.name: (node.module, alias.name)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert set(seen) == set(dscvsr_cli.__all__) - {"__version__"}
    for name, (module, own_name) in seen.items():
        assert module is not None
        assert getattr(dscvsr_cli, name) is getattr(importlib.import_module(module), own_name)


def test_every_error_a_person_can_cause_is_public() -> None:
    def below(error: type[DscvsrError]) -> set[str]:
        return {error.__name__}.union(*map(below, error.__subclasses__()))

    assert below(DscvsrError) <= set(dscvsr_cli.__all__)


def test_every_public_function_and_class_says_what_it_is_for() -> None:
    for name in set(dscvsr_cli.__all__) - {"__version__"}:
        assert inspect.getdoc(getattr(dscvsr_cli, name)), name


def own_types(hint: object) -> Iterator[type]:
    """Yield the classes of this package in a type hint."""
    for inner in typing.get_args(hint):
        yield from own_types(inner)
    if isinstance(hint, list):  # the parameters of a Callable
        for inner in hint:
            yield from own_types(inner)
    if inspect.isclass(hint) and hint.__module__.startswith("dscvsr_cli."):
        yield hint


def named_types(public: object) -> Iterator[type]:
    """Yield the classes of this package in the fields and signatures of a public name."""
    named = [public]
    if inspect.isclass(public):
        for name, member in vars(public).items():
            if not name.startswith("_"):
                named.append(member.fget if isinstance(member, property) else member)
    for one in named:
        if inspect.isclass(one) or inspect.isfunction(one):
            hints = typing.get_type_hints(one)
            for name, hint in hints.items():
                if not name.startswith("_"):
                    yield from own_types(hint)


@pytest.mark.parametrize("name", sorted(set(dscvsr_cli.__all__) - {"__version__"}))
def test_what_a_public_name_takes_gives_and_holds_is_public(name: str) -> None:
    public = [getattr(dscvsr_cli, other) for other in dscvsr_cli.__all__]
    private = {one.__name__ for one in named_types(getattr(dscvsr_cli, name)) if one not in public}
    assert private == set()


@pytest.mark.slow
def test_paths_may_be_given_as_text_and_times_as_numbers(tmp_path: Path) -> None:
    source = render(Clip(sound_seconds=1.0), tmp_path)
    weights = save_smallest(tmp_path / "smallest.safetensors")
    target = tmp_path / "out.mp4"
    job = UpscaleJob(
        source=str(source),  # type: ignore[arg-type]
        target=str(target),  # type: ignore[arg-type]
        reading=ReadOptions(span=TimeSpan(0.1, 0.3)),  # type: ignore[arg-type]
        preview_seconds=0.1,  # type: ignore[arg-type]
        weights=str(weights),
        device="cpu",
        scale=1.5,
    )
    assert (job.source, job.target) == (source, target)
    assert (job.reading.span.start, job.preview_seconds) == (Fraction(1, 10), Fraction(1, 10))

    assert upscale(job).frames_out > 0
    assert probe(str(target)) == probe(target)
    assert not verify(str(source), str(source)).lost
    assert load_network(str(weights), device="cpu").path == weights
    assert next(load_network(str(weights), device="cpu").network.parameters()).device == (
        torch.device("cpu")
    )


def test_what_is_neither_path_nor_number_is_a_type_error(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        UpscaleJob(source=5, scale=2)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        UpscaleJob(source=tmp_path, target=b"out.mp4", scale=2)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        probe(None)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="nan"):
        TimeSpan(float("nan"))  # type: ignore[arg-type]


A_JOB = UpscaleJob(source=Path("clip.mp4"), scale=2)


@pytest.mark.parametrize(
    ("call", "given", "named", "refusal"),
    [
        (upscale, ["clip.mp4"], {}, "job must be UpscaleJob, got 'clip.mp4'"),
        (upscale, [A_JOB], {"load": "dscvsr-lite"}, "load must be"),
        (upscale, [A_JOB], {"on_plan": 3}, "on_plan must be"),
        (dry_run, [Path("clip.mp4")], {}, "job must be UpscaleJob, got"),
        (probe, ["clip.mp4", "2s"], {}, "options must be ReadOptions or None, got '2s'"),
        (verify, ["clip.mp4", None], {}, "target must be str or PathLike, got None"),
        (verify, ["a.mp4", "b.mp4"], {"reading": "2s"}, "reading must be ReadOptions or None"),
        (load_network, [3], {"device": "cpu"}, "spec must be str or PathLike or None, got 3"),
        (load_network, [], {"device": 0}, "device must be torch.device or str, got 0"),
        (enlarge_frames, ["clip.mp4"], {"scale": 2}, "frames must be arrays, got 'clip.mp4'"),
        (enlarge_frames, [Path("clip.mp4")], {"scale": 2}, "frames must be Iterable, got"),
        (enlarge_frames, [[]], {"memory_bytes": "4GB"}, "memory_bytes must be int"),
        (enlarge_frames, [[]], {"factor": 2}, "enlarge_frames.* keyword argument 'factor'"),
    ],
)
def test_an_argument_of_another_type_is_named_by_the_call(
    call: Callable[..., object], given: list[object], named: dict[str, object], refusal: str
) -> None:
    with pytest.raises(TypeError, match=refusal):
        call(*given, **named)


def test_weights_may_be_a_path_and_a_device_what_torch_calls_one(tmp_path: Path) -> None:
    weights, device = save_smallest(tmp_path / "smallest.safetensors"), torch.device("cpu")
    job = UpscaleJob(source=tmp_path, weights=weights, device=device)  # type: ignore[arg-type]
    assert (job.weights, job.device) == (str(weights), "cpu")
    assert load_network(weights, device="auto").path == weights
    frames = [np.zeros((12, 16, 3), np.uint8)]
    assert next(enlarge_frames(frames, scale=2, weights=weights, device=device)).shape[0] == 24
    with pytest.raises(UsageError, match="unknown device: 'gpu'"):
        load_network(weights, device="gpu")


@pytest.mark.parametrize("field", ["scenes_at_once", "checkpoint_frames"])
def test_a_count_of_none_names_the_field(field: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=f"{field} must be at least 1, got 0"):
        UpscaleJob(source=tmp_path, scale=2, **{field: 0})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("reading", None),
        ("reading", TimeSpan(Fraction(0), Fraction(1))),
        ("streams", 3),
        ("encoder_options", "tune=film"),
        ("encoder_options", {"tune": "film"}),
        ("encoder_options", (("tune", 3),)),
        ("width", "1920"),
        ("width", 1920.5),
        ("crf", True),
        ("encoder", 264),
        ("lossless", "no"),
        ("memory_bytes", "4GB"),
        ("dtype", torch.float32),
        ("weights", 3),
    ],
)
def test_a_part_of_a_job_of_another_type_names_the_field(
    field: str, value: object, tmp_path: Path
) -> None:
    with pytest.raises(TypeError, match=f"{field} must be"):
        UpscaleJob(source=tmp_path, scale=2, **{field: value})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("field", "value"), [("compare", "splitt"), ("runtime", "onnx"), ("dtype", "float8")]
)
def test_an_unknown_word_is_refused_and_not_taken_for_another(
    field: str, value: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=f"{field} must be one of"):
        UpscaleJob(source=tmp_path, scale=2, **{field: value})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("part", "field", "value"),
    [
        (ReadOptions, "span", (0, 1)),
        (ReadOptions, "video_stream", "1"),
        (ReadOptions, "deinterlace", "no"),
        (StreamChoices, "audio", "no"),
        (StreamChoices, "audio_bitrate", "128k"),
        (TimeSpan, "start", None),
    ],
)
def test_a_field_of_a_part_of_another_type_is_named(
    part: type[Any], field: str, value: object
) -> None:
    with pytest.raises(TypeError, match=f"{field} must be"):
        part(**{field: value})
