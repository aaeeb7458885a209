"""The letters that label pictures."""

import string

import pytest
import torch

from dscvsr_cli.imaging.bitmap_font import lettering


def test_every_letter_has_a_face_of_its_own() -> None:
    letters = string.ascii_uppercase + string.digits + ".,-_+/:() "
    faces = {tuple(lettering(letter, zoom=1).flatten().tolist()) for letter in letters}
    assert len(faces) == len(letters)


def test_a_line_is_as_wide_as_its_letters_and_small_ones_become_capitals() -> None:
    assert lettering("x2.7", zoom=3).shape == (21, 72)
    assert torch.equal(lettering("psnr"), lettering("PSNR"))
    assert lettering("").shape == (14, 0)


def test_unknown_signs_become_a_box_and_the_gap_stays_empty() -> None:
    box = lettering("é", zoom=1)
    assert torch.equal(box, lettering("字", zoom=1))
    assert box[:, 5].sum() == 0
    assert box[0, :5].sum() == 5
    with pytest.raises(ValueError, match="zoom"):
        lettering("a", zoom=0)
