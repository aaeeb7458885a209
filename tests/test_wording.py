"""Counts as messages word them."""

import pytest

from dscvsr_cli.wording import counted


@pytest.mark.parametrize(("number", "words"), [(0, "0 frames"), (1, "1 frame"), (2, "2 frames")])
def test_only_one_is_singular(number: int, words: str) -> None:
    assert counted(number, "frame") == words
