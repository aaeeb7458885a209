"""What compiles, what happens when it cannot, and what is asked for beforehand."""

import logging
import sysconfig
import threading
import time
import warnings
from pathlib import Path

import pytest
import torch
from torch import Tensor

from dscvsr_cli.out_of_memory import is_out_of_memory
from dscvsr_cli.runtimes import compiler as compiler_module
from dscvsr_cli.runtimes.compiler import Compiler, Work, memory_error_in, missing_for_compiling
from tests.runtimes.counting_backend import CountingBackend

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


def scaled(layer: torch.nn.Linear, values: Tensor, *, doubled: bool) -> Tensor:
    made: Tensor = layer(values)
    return 2 * made if doubled else made


def run(compiler: Compiler, layer: torch.nn.Linear, rows: int, *, doubled: bool) -> None:
    values = torch.rand(rows, 3)
    made = compiler.run(scaled, rows, layer, values, doubled=doubled)
    torch.testing.assert_close(made, scaled(layer, values, doubled=doubled))


@torch.inference_mode()
def test_each_shape_is_compiled_once_for_all_weights_and_more_shapes_than_torch_counts() -> None:
    backend = CountingBackend()
    compiler = Compiler(backend)
    for _ in range(2):
        layer = torch.nn.Linear(3, 4)
        for rows in range(1, 13):
            run(compiler, layer, rows, doubled=False)
    assert backend.count == 12
    run(compiler, layer, 5, doubled=True)
    assert backend.count == 13
    assert not compiler.has_failed


def refuse(*_: object) -> Work:
    raise ValueError("no compiler of this kind\nand much more")


@torch.inference_mode()
def test_where_compiling_fails_the_work_goes_on_uncompiled_with_one_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    compiler = Compiler(refuse)
    for rows in (2, 2, 3):
        run(compiler, torch.nn.Linear(3, 4), rows, doubled=True)
    assert compiler.has_failed
    (warning,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert "uncompiled" in warning.message
    assert "no compiler of this kind" in warning.message
    assert "\n" not in warning.message


@torch.inference_mode()
def test_what_a_compiler_warns_of_does_not_stop_it() -> None:
    def grumble(graph: torch.fx.GraphModule, _: list[Tensor]) -> Work:
        warnings.warn("distutils is old", DeprecationWarning, stacklevel=1)
        forward: Work = graph.forward
        return forward

    compiler = Compiler(grumble)
    run(compiler, torch.nn.Linear(3, 4), 2, doubled=False)
    assert not compiler.has_failed


@torch.inference_mode()
def test_memory_that_runs_out_while_compiling_is_no_fault_of_the_compiler() -> None:
    def starve(*_: object) -> Work:
        raise MemoryError

    compiler = Compiler(starve)
    with pytest.raises(MemoryError):
        run(compiler, torch.nn.Linear(3, 4), 2, doubled=False)
    assert not compiler.has_failed


def broken(values: Tensor, *, wide: bool) -> Tensor:
    return values @ torch.ones(7, 7 if wide else 1)


@torch.inference_mode()
def test_what_fails_uncompiled_as_well_is_raised_as_it_is() -> None:
    compiler = Compiler(CountingBackend())
    with pytest.raises(RuntimeError, match="shapes"):
        compiler.run(broken, 1, torch.ones(2, 3), wide=True)
    assert not compiler.has_failed


def test_nothing_runs_while_something_compiles() -> None:
    inside: list[str] = []
    clash: list[str] = []

    def slow(graph: torch.fx.GraphModule, _: list[Tensor]) -> Work:
        inside.append("compiling")
        time.sleep(0.02)
        inside.remove("compiling")

        def forward(*given: Tensor) -> Tensor:
            clash.extend(inside)
            made: Tensor = graph.forward(*given)
            return made

        return forward

    compiler = Compiler(slow)
    done = threading.Event()

    @torch.inference_mode()
    def run_what_is_compiled() -> None:
        while not done.is_set():
            run(compiler, layer, 1, doubled=False)

    layer = torch.nn.Linear(3, 4)
    with torch.inference_mode():
        run(compiler, layer, 1, doubled=False)
        runner = threading.Thread(target=run_what_is_compiled)
        runner.start()
        try:
            for rows in range(2, 6):
                run(compiler, layer, rows, doubled=False)
        finally:
            done.set()
            runner.join()
    assert clash == []
    assert not compiler.has_failed


def test_an_error_that_memory_caused_is_found_behind_others() -> None:
    # As ending a capture that has failed raises it.
    error = ValueError("capture was invalidated")
    error.__context__ = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
    found = memory_error_in(error)
    assert isinstance(found, torch.OutOfMemoryError)
    assert is_out_of_memory(found)
    assert memory_error_in(ValueError("capture was invalidated")) is None


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CXX", str(tmp_path / "g++-99"))
    assert "g++-99" in str(missing_for_compiling(CPU))
    monkeypatch.setenv("CXX", "sh")
    monkeypatch.setattr(sysconfig, "get_path", lambda _: str(tmp_path))
    assert "headers" in str(missing_for_compiling(CPU))
    (tmp_path / "Python.h").touch()
    assert missing_for_compiling(CPU) is None
    monkeypatch.setattr(compiler_module, "find_spec", lambda _: None)
    assert missing_for_compiling(CUDA) == "Triton"
