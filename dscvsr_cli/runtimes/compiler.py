"""Compiler: functions of tensors through torch.compile, one compiled form for each fixed shape.

What the compiler keeps belongs to the process, and so does this room: networks of the same
architecture share what was compiled, whatever their weights.
"""

import logging
import shutil
import sys
import sysconfig
import warnings
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from os import environ
from pathlib import Path
from threading import Condition
from types import FunctionType
from typing import Final

import torch
from torch import Tensor

from dscvsr_cli.out_of_memory import is_out_of_memory

_log = logging.getLogger(__name__)

Work = Callable[..., Tensor]

_MOST_FORMS = 64
"""Compiled forms that are kept: four shapes of tiles, of some networks."""

_USUAL_COMPILERS: Final = {"win32": "cl", "darwin": "clang++"}


def missing_for_compiling(device: torch.device) -> str | None:
    """Return what torch.compile needs on ``device`` and does not find here, or None.

    This asks no compiler to compile: one that is there may still fail, at the first frame.
    """
    if device.type == "cuda":
        return None if find_spec("triton") is not None else "Triton"
    wanted = environ.get("CXX") or _USUAL_COMPILERS.get(sys.platform, "g++")
    if shutil.which(wanted) is None:
        return f"a C++ compiler ({wanted})"
    header = Path(sysconfig.get_path("include")) / "Python.h"
    return None if header.is_file() else f"Python's headers ({header})"


class Compiler:
    """Runs functions compiled, and as they are once compiling has failed."""

    def __init__(self, backend: str | Callable[..., Work] = "inductor") -> None:
        """Compile nothing yet.

        Args:
            backend: What torch.compile hands its graphs to.
        """
        self._backend = backend
        self._forms: OrderedDict[Hashable, Work] = OrderedDict()
        """By what they were compiled for, the one used last at the end."""
        self._gate = _Gate()
        self.has_failed = False

    def run(self, work: Work, key: Hashable, *arguments: object, **choices: bool) -> Tensor:
        """Return ``work(*arguments, **choices)``, compiled.

        Args:
            work: A plain function without closure or state. Modules among its arguments may differ
                from call to call in their weights.
            key: Shapes and dtypes: what a compiled form is for, beside the choices.
            arguments: What it is given, tensors in the strides of their shape.
            choices: Its keyword arguments, each of which gets its own compiled form.

        Raises:
            Exception: What ``work`` raises, running out of memory among it.
        """
        if self.has_failed:
            return work(*arguments, **choices)
        name = (work, key, *sorted(choices.items()))
        with self._gate.enter(alone=False):
            form = self._form(name)
            if form is not None:
                return form(*arguments, **choices)
        with self._gate.enter(alone=True):
            return self._first_run(name, work, arguments, choices)

    def _form(self, name: Hashable) -> Work | None:
        form = self._forms.get(name)
        if form is not None:
            self._forms.move_to_end(name)
        return form

    def _first_run(
        self, name: Hashable, work: Work, arguments: tuple[object, ...], choices: dict[str, bool]
    ) -> Tensor:
        try:
            with warnings.catch_warnings():
                # About how compilers are written, not about what is compiled; and where warnings
                # are errors, nothing would compile.
                warnings.simplefilter("ignore")
                form = self._form(name) or _compiled(work, self._backend)
                made = form(*arguments, **choices)
        except Exception as error:  # A compiler fails in ways that nobody can list.
            ran_out = memory_error_in(error)
            if ran_out is not None:
                raise ran_out from error
            made = work(*arguments, **choices)
            # After that, for what fails uncompiled as well is no fault of the compiler.
            self._give_up(error)
            return made
        self._forms[name] = form
        if len(self._forms) > _MOST_FORMS:
            self._forms.popitem(last=False)
        return made

    def _give_up(self, error: Exception) -> None:
        if not self.has_failed:
            # The first line of torch's own errors says no more than where they come from.
            lines = [line.strip() for line in str(error).splitlines()]
            reasons = [line for line in lines if line and not line.endswith("raised:")]
            reason = reasons[0] if reasons else repr(error)
            _log.warning("compiling failed, so the network runs uncompiled: %s", reason)
        self.has_failed = True
        self._forms.clear()


def memory_error_in(error: BaseException) -> Exception | None:
    """Return the error that says that memory ran out, among ``error`` and what led to it.

    Compilers wrap what happens inside them, and ending a capture that has failed raises an error of
    its own.
    """
    seen: set[int] = set()
    found: BaseException | None = error
    while found is not None and id(found) not in seen:
        if isinstance(found, Exception) and is_out_of_memory(found):
            return found
        seen.add(id(found))
        found = found.__cause__ or found.__context__
    return None


def _compiled(work: Work, backend: str | Callable[..., Work]) -> Work:
    # torch counts what it has compiled by code object, and runs uncompiled after eight shapes.
    assert isinstance(work, FunctionType)  # noqa: S101
    own = FunctionType(work.__code__.replace(), work.__globals__, work.__name__)
    compiled: Work = torch.compile(own, backend=backend, dynamic=False, fullgraph=True)
    return compiled


class _Gate:
    """Lets many run what is compiled, or one compile.

    torch marks the whole process as tracing while one thread compiles, and refuses to run compiled
    functions in the others.
    """

    def __init__(self) -> None:
        self._changed = Condition()
        self._inside = 0
        self._is_shut = False

    @contextmanager
    def enter(self, *, alone: bool) -> Iterator[None]:
        with self._changed:
            self._changed.wait_for(lambda: not (self._is_shut or (alone and self._inside)))
            self._inside += 1
            self._is_shut = alone
        try:
            yield
        finally:
            with self._changed:
                self._inside -= 1
                self._is_shut = False
                self._changed.notify_all()


COMPILER: Final = Compiler()
"""The compiler of this process: torch keeps its own state for all of it, too."""
