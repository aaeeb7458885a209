"""Ctrl-C during training: finish the step, save a checkpoint, and say how to continue."""

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from dscvsr_cli.cli.console import Terminal
from dscvsr_cli.cli.interruption import first_asks


class StopBetweenSteps:
    """Once armed, the first Ctrl-C or SIGTERM only asks to stop; the second interrupts at once.

    Use it as a context manager, after which Ctrl-C does what it did before.

    Args:
        terminal: Where to say what happens.
        run: The folder of the run.
    """

    def __init__(self, terminal: Terminal, run: Path) -> None:
        self._terminal = terminal
        self._run = run
        self._stack = ExitStack()
        self._is_asked = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Say what is kept of a run that was stopped."""
        from dscvsr_cli.training.step_report import Stopped

        self._stack.close()
        if isinstance(error, Stopped):
            self._terminal.note(
                f"interrupted after step {error.iteration}; the checkpoint is in {self._run}, and "
                "the same --data and -o with --resume continue from there"
            )

    def arm(self) -> None:
        """Take over Ctrl-C: from now on there is something to save."""
        self._stack.enter_context(first_asks(self._note))

    def is_asked(self) -> bool:
        """Return whether the run is to stop after its step."""
        return self._is_asked

    def _note(self) -> None:
        self._is_asked = True
        self._terminal.note("stopping after this step; Ctrl-C again stops without a checkpoint")
