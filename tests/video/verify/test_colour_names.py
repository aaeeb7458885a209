"""The names of colour tags."""

import pytest

from dscvsr_cli.video.verify.colour_names import matrix_name, primaries_name, transfer_name


def test_tags_have_the_names_that_ffmpeg_gives_them() -> None:
    assert [matrix_name(code) for code in (0, 1, 6, 9)] == ["gbr", "bt709", "smpte170m", "bt2020nc"]
    assert [primaries_name(code) for code in (1, 5, 9)] == ["bt709", "bt470bg", "bt2020"]
    assert [transfer_name(code) for code in (13, 16, 18)] == [
        "iec61966-2-1",
        "smpte2084",
        "arib-std-b67",
    ]


@pytest.mark.parametrize("name", [matrix_name, primaries_name, transfer_name])
def test_what_has_no_name_keeps_its_number(name: object) -> None:
    assert callable(name)
    assert name(2) == "unspecified"
    assert name(99) == "code 99"
