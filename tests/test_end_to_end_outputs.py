"""Every kind of output, through the real command, with a network that costs next to nothing."""

import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import pytest

from dscvsr_cli.cli.app import main
from dscvsr_cli.video.read.picture_reader import read_picture
from dscvsr_cli.video.read.probe import probe
from dscvsr_cli.video.verify.compare_files import compare_files
from tests.clips import Clip, render, render_kind
from tests.commands import run_upscale
from tests.helpers import assert_times_close, decoded_pts, decoded_seconds, packet_payloads


@pytest.fixture
def weights(plain_weights: Path) -> Path:
    return plain_weights


def run(weights: Path, source: Path, *arguments: str | Path) -> int:
    return run_upscale(source, "-s", "1.5", "-w", weights, *arguments)


def rich_clip(folder: Path) -> Path:
    """Render a clip that hardly any container can hold whole."""
    clip = Clip(
        suffix=".mkv",
        time_base=Fraction(1, 1000),
        pts=tuple(range(0, 320, 40)),
        sound_seconds=0.32,
        subtitles=("one", "two"),
        chapters=("Start", "End"),
        attachment=b"font" * 50,
    )
    return render(clip, folder)


def test_what_would_be_lost_is_refused_with_every_way_out(
    weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = rich_clip(tmp_path)
    before = sorted(tmp_path.iterdir())
    assert run(weights, source, "-o", tmp_path / "out.ts") == 2
    told = capsys.readouterr().err
    for text in ("subtitle stream", "font.ttf", "2 chapters", "-o out.mkv", "--drop-unsupported"):
        assert text in told
    assert sorted(tmp_path.iterdir()) == before

    assert run(weights, source, "-o", tmp_path / "out.ts", "--drop-unsupported") == 0
    assert "will be lost" in capsys.readouterr().err
    assert packet_payloads(tmp_path / "out.ts", "subtitle") == []
    assert len(decoded_pts(tmp_path / "out.ts")) == 8


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--encoder", "x"], 2),
        (["-s", "0.5"], 2),
        (["--crf", "99"], 2),
        (["-w", "none"], 4),
        (["--device", "cuda:99"], 6),
        (["--container", "mov", "--pix-fmt", "yuv999"], 2),
    ],
)
@pytest.mark.parametrize("of_many", [False, True])
def test_a_refused_job_leaves_no_folder_behind(
    options: list[str], code: int, weights: Path, tmp_path: Path, *, of_many: bool
) -> None:
    source = render(Clip(pts=(0, 512)), tmp_path)
    before = sorted(tmp_path.iterdir())
    more = [tmp_path / "none.mp4"] if of_many else []
    refused = run(weights, source, *more, "-o", f"{tmp_path / 'new' / 'deep'}/", *options)
    assert refused in ((1, code) if of_many else (code,))
    assert sorted(tmp_path.iterdir()) == before


def test_matroska_keeps_all_of_it(weights: Path, tmp_path: Path) -> None:
    source, target = rich_clip(tmp_path), tmp_path / "out.mkv"
    assert run(weights, source, "-o", target) == 0
    assert [one for one in compare_files(source, target).findings if one.level != "ok"] == []


def test_sound_and_subtitles_are_converted_on_the_way(weights: Path, tmp_path: Path) -> None:
    source, target = render_kind("subtitles", tmp_path), tmp_path / "out.webm"
    assert run(weights, source, "-o", target) == 2
    assert run(weights, source, "-o", target, "--audio-encoder", "libopus") == 0
    assert [one.codec for one in probe(target).other_streams] == ["opus", "webvtt"]
    assert compare_files(source, target).worst == "changed"


@pytest.mark.parametrize(
    ("name", "kind", "arguments"),
    [
        ("out.avi", "constant", ()),
        ("out.avi", "sound", ("--audio-encoder", "libmp3lame")),
        ("out.flv", "sound", ()),
        ("out.m2ts", "sound", ()),
        ("out.gif", "variable", ()),
        ("out.y4m", "ten bit", ()),
        ("out.nut", "sound", ()),
    ],
)
def test_every_container_keeps_every_picture_and_its_time(
    name: str, kind: str, arguments: tuple[str, ...], weights: Path, tmp_path: Path
) -> None:
    source, target = render_kind(kind, tmp_path), tmp_path / name
    assert run(weights, source, "-o", target, *arguments) == 0
    before, after = decoded_seconds(source), decoded_seconds(target)
    moved = after[0] - before[0]
    assert abs(moved) <= Fraction(1, 10)
    # GIF counts hundredths, and one of these pictures stands for less; FLV counts milliseconds.
    unit = {".gif": Fraction(2, 100), ".flv": Fraction(1, 1000)}.get(target.suffix, Fraction(0))
    if name == "out.m2ts":
        unit = Fraction(1, 90000)
    assert_times_close(after, [at + moved for at in before], seconds=unit)
    assert probe(target).width == 96
    if kind == "sound":
        assert len(packet_payloads(target, "audio")) == 2


@pytest.mark.parametrize("suffix", [".m2ts", ".MTS"])
def test_m2ts_has_packets_of_192_bytes(suffix: str, weights: Path, tmp_path: Path) -> None:
    source, target = render_kind("sound", tmp_path), tmp_path / f"out{suffix}"

    assert run(weights, source, "-o", target) == 0

    data = target.read_bytes()
    assert len(data) % 192 == 0
    assert {data[at + 4] for at in range(0, len(data), 192)} == {0x47}


def test_figures_about_the_old_encoding_are_not_kept(weights: Path, tmp_path: Path) -> None:
    source, target = tmp_path / "in.mkv", tmp_path / "out.mkv"
    figures = {"BPS-eng": "5000000", "NUMBER_OF_FRAMES-eng": "8", "DURATION-eng": "00:00:09"}
    plain = render(Clip(suffix=".mkv", sound_seconds=0.3), tmp_path)
    with av.open(str(plain)) as old, av.open(str(source), "w") as new:
        twins = [new.add_stream_from_template(one, opaque=True) for one in old.streams]
        for twin in twins:
            twin.metadata.update({**figures, "title": "Main"})
        for packet in old.demux():
            if packet.size:
                packet.stream = twins[packet.stream_index]
                new.mux(packet)
    assert probe(source).frame_count == 8

    assert run(weights, source, "-o", target, "--end", "0.2") == 0

    with av.open(str(target)) as container:
        for stream in container.streams:
            assert stream.metadata["title"] == "Main"
            assert not {*figures} & {*stream.metadata}
    # Nor are they missed.
    assert main(["verify", str(source), str(target), "--end", "0.2", "--fast"]) == 0


def test_a_varying_rate_is_refused_where_it_cannot_be(weights: Path, tmp_path: Path) -> None:
    source = render_kind("variable", tmp_path)
    for name in ("out.avi", "out.y4m"):
        assert run(weights, source, "-o", tmp_path / name) == 2
    assert [path.name for path in tmp_path.iterdir()] == [source.name]


def test_pictures_come_out_numbered_and_go_in_again(
    weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = render_kind("sound", tmp_path)
    assert run(weights, source, "-o", tmp_path / "frames" / "%03d.png") == 0
    assert "pictures hold video only" in capsys.readouterr().err
    made = sorted((tmp_path / "frames").glob("*.png"))
    assert [path.name for path in made] == [f"{number:03}.png" for number in range(1, 9)]
    assert read_picture(made[0]).shape == (3, 72, 96)

    assert run(weights, tmp_path / "frames") == 0
    again = sorted((tmp_path / "frames_x1.5").iterdir())
    assert [path.name for path in again] == [path.name for path in made]
    assert read_picture(again[0]).shape == (3, 108, 144)
    assert run(weights, tmp_path / "frames") == 2


def test_a_pipe_gets_the_stream_and_nothing_else(
    weights: Path, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    source = render_kind("constant", tmp_path)
    assert run(weights, source, "-o", tmp_path / "out.y4m") == 0
    capfdbinary.readouterr()
    assert run(weights, source, "-o", "-") == 0
    out, err = capfdbinary.readouterr()
    assert out == (tmp_path / "out.y4m").read_bytes()
    assert b"8 frames out" in err


@pytest.mark.parametrize("container", ["matroska", "mpegts", "nut"])
def test_other_containers_bring_sound_through_a_pipe(
    container: str, weights: Path, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    source = render_kind("sound", tmp_path)
    assert run(weights, source, "-o", "-", "--format", container, "-q") == 0
    (tmp_path / "out").write_bytes(capfdbinary.readouterr().out)
    assert compare_files(source, tmp_path / "out").worst == "ok"


@pytest.mark.parametrize(
    "arguments",
    [
        ("-o", "-", "--format", "mp4"),
        ("-o", "-", "--json"),
        ("-o", "out.mkv", "--format", "nut"),
        ("-o", "out.mkv", "--enc-opt", "tunee=film"),
        ("-o", "out.mkv", "--enc-opt", "tune"),
        ("-o", "out.mkv", "--lossless", "--crf", "20"),
        ("-o", "out.mp4", "--encoder", "prores_ks"),
        ("-o", "out.mkv", "--audio-encoder", "libx264"),
        ("-o", "out.mkv", "--audio-bitrate", "96k"),
    ],
)
def test_what_cannot_be_is_refused_before_any_work(
    arguments: tuple[str, ...], weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = render_kind("single frame", tmp_path)
    monkeypatch.chdir(tmp_path)
    assert run(weights, source, *arguments) == 2
    assert [path.name for path in tmp_path.iterdir()] == [source.name]


def test_pixels_that_are_not_square_are_kept_or_refused(weights: Path, tmp_path: Path) -> None:
    source = render_kind("anamorphic", tmp_path)
    assert run(weights, source, "-o", tmp_path / "kept.mkv") == 0
    assert probe(tmp_path / "kept.mkv").sample_aspect_ratio == Fraction(64, 45)
    assert run(weights, source, "-o", tmp_path / "out.mkv", "--encoder", "ffv1") == 2
    assert run(weights, source, "-o", tmp_path / "out.mp4", "--encoder", "libsvtav1") == 0
    assert probe(tmp_path / "out.mp4").sample_aspect_ratio == Fraction(64, 45)


def test_tags_of_phones_stay_in_mp4(weights: Path, tmp_path: Path) -> None:
    bare, source = render_kind("constant", tmp_path), tmp_path / "phone.mp4"
    tags = {"com.android.version": "14", "com.apple.quicktime.model": "A phone"}
    with (
        av.open(str(bare)) as old,
        av.open(str(source), "w", container_options={"movflags": "use_metadata_tags"}) as new,
    ):
        twin = new.add_stream_from_template(old.streams.video[0])
        new.metadata.update(tags)
        for packet in old.demux():
            if packet.size:
                packet.stream = twin
                new.mux(packet)
    assert run(weights, source, "-o", tmp_path / "out.mp4") == 0
    with av.open(str(tmp_path / "out.mp4")) as output:
        assert tags.items() <= output.metadata.items()


@pytest.mark.slow
@pytest.mark.parametrize("container", ["y4m", "nut"])
def test_a_reader_that_has_enough_ends_the_program_quietly(
    container: str, weights: Path, tmp_path: Path
) -> None:
    source = render(Clip(pts=tuple(range(0, 60 * 512, 512)), width=128, height=96), tmp_path)
    command = [sys.executable, "-m", "dscvsr_cli", "upscale", str(source), "-s", "2"]
    command += ["-w", str(weights), "-o", "-", "--format", container, "-q", "--lossless"]
    if container == "y4m":
        command.remove("--lossless")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert len(process.stdout.read(100)) == 100
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


@pytest.mark.parametrize(("name", "told"), [("out.gif", "gif pal8"), ("out.y4m", "y4m yuv420p")])
def test_the_plan_is_reported_in_words_that_people_know(
    name: str, told: str, weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = render_kind("constant", tmp_path)
    assert run(weights, source, "-o", tmp_path / name) == 0
    out = capsys.readouterr().out
    # The rate is the picture's, whatever clock the container counts with.
    assert "25 frames/s" in out
    assert told in out


def test_what_a_container_cannot_say_is_reported_before_work(
    weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = render(Clip(pts=tuple(range(0, 2048, 512)), colour_tags=(9, 1, 9, 16)), tmp_path)

    assert run(weights, source, "-o", tmp_path / "out.avi") == 2
    assert "the colour tags (primaries 9 and transfer 16" in capsys.readouterr().err
    assert not (tmp_path / "out.avi").exists()

    assert run(weights, source, "-o", tmp_path / "out.avi", "--drop-unsupported") == 0
    assert "the colour tags" in capsys.readouterr().err


def test_the_sizes_of_a_turned_video_are_those_people_see(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source, target = render(Clip(rotation=-90, pts=(0, 512)), tmp_path), tmp_path / "out.mp4"

    assert main(["upscale", str(source), "--size", "96x160", "-o", str(target), "--dry-run"]) == 0
    dry = capfd.readouterr().out
    assert main(["upscale", str(source), "--size", "96x160", "-o", str(target)]) == 0

    assert ": 48x64, 2 frames" in dry
    assert "-> 96x160 " in dry
    assert "-> 96x160 " in capfd.readouterr().out
    after = probe(target)
    assert (after.width, after.height, after.rotation) == (160, 96, -90)
    # Pixels make up for the other shape: 64x48 and 160x90 of 5:4 are both shown 4:3.
    assert after.sample_aspect_ratio == Fraction(4, 5)
