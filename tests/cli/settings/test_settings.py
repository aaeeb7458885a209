"""Presets and defaults: what they may hold, what wins, and what a job then is."""

import tomllib
from pathlib import Path

import pytest

from dscvsr_cli.cli.app import main
from dscvsr_cli.cli.settings import settings_file


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder of settings, still empty."""
    folder = tmp_path / "settings"
    (folder / "presets").mkdir(parents=True)
    monkeypatch.setattr(settings_file, "user_folder", lambda: folder)
    return folder


@pytest.fixture
def config(home: Path, capsys: pytest.CaptureFixture[str]) -> "Config":
    return Config(home, capsys)


class Config:
    """Asks the program which settings a command line comes to."""

    def __init__(self, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.home = home
        self.printed = ""
        self._capsys = capsys

    def __call__(self, *arguments: str) -> dict[str, object]:
        code = main(["upscale", "clip.mp4", *arguments, "--print-config"])
        said = self._capsys.readouterr()
        assert (code, said.err) == (0, "")
        self.printed = said.out
        return tomllib.loads(said.out)

    def refusal(self, *arguments: str) -> str:
        assert main(["upscale", "clip.mp4", *arguments, "--print-config"]) == 2
        return self._capsys.readouterr().err

    def write(self, text: str, name: str = "config.toml") -> Path:
        path = self.home / name
        path.write_text(text, encoding="utf-8")
        return path


def test_without_files_only_the_command_line_counts(config: Config) -> None:
    assert config() == {}
    assert config("-s", "2x", "--lossless") == {"scale": 2.0, "lossless": True}
    assert "scale = 2.0  # command line" in config.printed
    assert "config.toml (there is none)" in config.printed


def test_the_command_line_wins_over_a_preset_and_that_over_defaults(config: Config) -> None:
    config.write('[upscale]\nscale = 2\ncrf = 30\nweights = "a"\ndtype = "float32"\n')
    config.write('scale = 3\nweights = "b"\n', "presets/mine.toml")
    settled = config("--preset", "mine", "-s", "4")
    assert settled == {"scale": 4.0, "crf": 30.0, "weights": "b", "dtype": "float32"}
    assert 'weights = "b"  # preset mine' in config.printed
    assert f"crf = 30.0  # {config.home / 'config.toml'}" in config.printed
    assert config("--no-defaults", "-s", "4") == {"scale": 4.0}


@pytest.mark.parametrize(
    ("below", "above", "left"),
    [
        ("scale = 2", ["--height", "1080"], {"height": 1080}),
        ('size = "64x64"', ["-s", "2"], {"scale": 2.0}),
        ("crf = 20", ["--lossless"], {"lossless": True}),
        ("lossless = true", ["--crf", "20"], {"crf": 20.0}),
        ("resume = true", ["--restart"], {"restart": True}),
        (
            'encoder = "libx265"\ncrf = 20\nencoder-preset = "slow"\nenc-opt = ["tune=grain"]',
            ["--encoder", "ffv1"],
            {"encoder": "ffv1"},
        ),
        ('audio-encoder = "aac"\naudio-bitrate = "96k"', ["--no-audio"], {"no-audio": True}),
        ("no-audio = true", ["--audio-encoder", "aac"], {"audio-encoder": "aac"}),
        ("lossless = true", ["--crf", "0"], {"crf": 0.0}),
        ("deinterlace = true", ["--field-order", "progressive"], {"field-order": "progressive"}),
        ('field-order = "progressive"', ["--deinterlace"], {"deinterlace": True}),
        ('pix-fmt = "yuv420p"', ["--encoder", "prores_ks"], {"encoder": "prores_ks"}),
        ('encoder = "prores_ks"', ["--pix-fmt", "yuv420p"], {"pix-fmt": "yuv420p"}),
        ("lossless = true", ["--encoder", "prores_ks"], {"encoder": "prores_ks"}),
        ('encoder = "prores_ks"', ["--lossless"], {"lossless": True}),
        (
            'encoder = "ffv1"\nlossless = true\nenc-opt = ["slices=4"]',
            ["--crf", "20"],
            {"crf": 20.0},
        ),
        ('ray = "auto"', ["--jobs", "2"], {"jobs": 2}),
        ("jobs = 2", ["--ray", "auto"], {"ray": "auto"}),
    ],
)
def test_what_excludes_a_setting_below_makes_it_void(
    below: str, above: list[str], left: dict[str, object], config: Config
) -> None:
    config.write(f"[upscale]\n{below}\n")
    assert config()
    assert config(*above) == left


@pytest.mark.parametrize(
    ("below", "above"),
    [
        ('field-order = "top"', ["--deinterlace"]),
        ("deinterlace = true", ["--field-order", "bottom"]),
        ('pix-fmt = "yuv420p10le"', ["--encoder", "libx265"]),
        ('encoder = "libx265"', ["--pix-fmt", "yuv420p10le"]),
        ("lossless = true", ["--encoder", "libx265"]),
        ('encoder = "libx265"', ["--crf", "20"]),
        ('encoder = "libx256"', ["--crf", "20"]),
        ('ray = "auto"', ["--jobs", "1"]),
    ],
)
def test_what_goes_with_a_setting_below_leaves_it(
    below: str, above: list[str], config: Config
) -> None:
    config.write(f"[upscale]\n{below}\n")
    assert len(config(*above)) == 2


def test_a_preset_can_switch_off_what_the_defaults_switch_on(config: Config) -> None:
    config.write("[upscale]\nno-subs = true\ncrf = 20\n")
    path = config.write("no-subs = false\nlossless = false\n", "other.toml")
    assert config("--preset", str(path)) == {"no-subs": False, "lossless": False, "crf": 20.0}


def test_what_is_printed_is_a_preset_that_gives_the_same(config: Config) -> None:
    asked = ["-s", "2,7", "--fps", "24000/1001", "--start", "1:30.5", "--memory", "4GB"]
    asked += ["--audio-bitrate", "96k", "--enc-opt", "tune=film", "--enc-opt", "x=ä", "--strict"]
    settled = config(*asked)
    assert len(settled) == 7
    again = config.write(config.printed, "again.toml")
    assert config("--preset", str(again)) == settled


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("scal = 2", "did you mean 'scale'?"),
        ("output = 'x.mp4'", "output cannot be set in a file"),
        ("scale = 'twice'", "cannot read 'twice' as a factor"),
        ("dtype = 'int3'", "bad.toml: dtype: 'int3' is not one of"),
        ("jobs = 0", "bad.toml: jobs: "),
        ("memory = '4'", "bad.toml: memory: '4' would be 4 bytes"),
        ("device = 'gpu'", "bad.toml: device: there is no device"),
        ("lossless = 'yes'", "lossless must be true or false"),
        ("scale = true", "scale cannot be True"),
        ("crf = [1, 2]", "crf cannot be [1, 2]"),
        ("crf = ", "cannot be read"),
    ],
)
def test_a_mistake_in_a_file_is_named_with_the_file(
    text: str, complaint: str, config: Config
) -> None:
    said = config.refusal("--preset", str(config.write(text, "bad.toml")))
    assert "bad.toml" in said
    assert complaint in said


def test_a_mistake_in_the_defaults_is_named_too(config: Config) -> None:
    config.write("scale = 2\n")
    said = config.refusal()
    assert "unknown table or key 'scale'" in said
    assert "[upscale]" in said


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("container = 'xyz'", "container"),
        ("enc-opt = ['a=b', 'tune']", "enc-opt"),
        ("start = 10\nend = 5", "start and end"),
        ("preview = 0", "preview"),
        ("audio-bitrate = '96k'", "audio-bitrate"),
        ("audio-encoder = 'nope'", "audio-encoder"),
        ("resume = true\nrestart = true", "resume and restart"),
        ("ray = 'auto'\njobs = 2", "ray and jobs"),
        ("encoder = 'nope'", "encoder"),
        ("pix-fmt = 'nope'", "pix-fmt"),
        ("weights = 'nope'", "weights"),
        ("size = '64x64'\nwidth = 128", "size and width"),
    ],
)
def test_a_value_that_no_job_can_have_is_refused_with_its_file_and_key(
    text: str, keys: str, config: Config, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "videos"
    folder.mkdir()
    for name in ("a.mp4", "b.mp4"):
        (folder / name).touch()
    size = [] if "size" in text else ["-s", "2"]
    path = config.write(f"[upscale]\n{text}\n")
    for command in ("upscale", "watch"):
        if command == "watch" and "ray" in text:
            continue
        assert main([command, str(folder), *size, "-o", str(tmp_path / "out")]) in (2, 4)
        assert f"error: {path}: {keys}: " in capsys.readouterr().err


def test_what_the_command_line_says_wrongly_is_not_said_of_the_file(
    config: Config, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = config.write("[upscale]\nencoder = 'nope'\nscale = 2\n")
    for name in ("a.mp4", "b.mp4"):
        (tmp_path / name).touch()
    assert main(["upscale", str(tmp_path), "--encoder", "nothing"]) == 2
    said = capsys.readouterr().err
    assert "error: there is no encoder called 'nothing'" in said
    assert str(path) not in said


def test_settings_are_printed_without_an_input(
    config: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write("[upscale]\ncrf = 20\n")
    for command in (["upscale"], ["watch"], ["upscale", "clip.mp4"], ["watch", "inbox"]):
        assert main([*command, "-s", "2", "--print-config"]) == 0
        assert tomllib.loads(capsys.readouterr().out) == {"scale": 2.0, "crf": 20.0}
    # Mistakes are still found, and whoever wants an output must still name an input.
    assert main(["upscale", "--print-config", "-s", "none"]) == 2
    assert "none" in capsys.readouterr().err
    for name, missing in (("upscale", "INPUT"), ("watch", "FOLDER")):
        assert main([name, "-s", "2"]) == 2
        assert missing in capsys.readouterr().err


def test_a_name_of_the_encoders_own_presets_is_answered_with_the_right_option(
    config: Config,
) -> None:
    assert "--encoder-preset slow" in config.refusal("--preset", "slow")
    assert "no preset file" in config.refusal("--preset", "absent.toml")


@pytest.mark.parametrize("name", ["archive", "best", "fast", "web"])
def test_every_built_in_preset_can_be_used(name: str, config: Config) -> None:
    settled = config("--preset", name)
    assert settled
    assert f"# preset {name}" in config.printed
    assert {"archive", "best", "fast", "web"} <= set(settings_file.preset_names())


def test_watch_takes_the_defaults_of_upscale_and_its_own(
    config: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write('[upscale]\nscale = 2\ncrf = 20\n[watch]\nsettle = "9s"\ncrf = 22\n')
    assert config() == {"scale": 2.0, "crf": 20.0}
    assert main(["watch", "inbox", "-o", "out", "--print-config"]) == 0
    settled = tomllib.loads(capsys.readouterr().out)
    assert settled == {"scale": 2.0, "crf": 22.0, "settle": 9.0}


def test_watch_leaves_out_what_only_upscale_has(
    config: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    watch = ["watch", "inbox", "-o", "out", "--print-config"]
    config.write('[upscale]\nscale = 2\nray = "auto"\n')
    assert config() == {"scale": 2.0, "ray": "auto"}
    assert main(watch) == 0
    assert tomllib.loads(capsys.readouterr().out) == {"scale": 2.0}
    preset = config.write('crf = 20\nray = "auto"\n', "far.toml")
    assert main([*watch, "--preset", str(preset)]) == 0
    assert tomllib.loads(capsys.readouterr().out) == {"scale": 2.0, "crf": 20.0}

    # What neither has is a mistake, and so is what is written for watch itself.
    for text in ("[upscale]\nrai = 'auto'\n", "[watch]\nray = 'auto'\n"):
        config.write(text)
        assert main(watch) == 2
        assert "unknown key" in capsys.readouterr().err


def test_a_byte_order_mark_is_no_part_of_the_settings(config: Config) -> None:
    config.write("\ufeff[upscale]\ncrf = 30\n")
    assert config() == {"crf": 30.0}


def test_what_has_the_name_of_the_settings_and_cannot_be_read_is_refused(config: Config) -> None:
    path = config.home / "config.toml"
    path.mkdir()
    assert "config.toml cannot be read" in config.refusal()
    path.rmdir()
    path.symlink_to(config.home / "away.toml")
    assert "config.toml cannot be read" in config.refusal()
    assert config("--no-defaults") == {}


@pytest.mark.parametrize("name", ["x" * 300, "x" * 300 + ".toml"])
def test_a_preset_whose_name_is_too_long_is_not_there(name: str, config: Config) -> None:
    assert "there is no preset" in config.refusal("--preset", name)
