"""The README and the docs keep to the program: commands parse, links work, examples run."""

import re
import shlex
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import platformdirs
import pytest
import torch
import typer

from dscvsr_cli.cli.app import app
from dscvsr_cli.cli.settings.settings_file import user_folder
from dscvsr_cli.cli.upscale.cluster_address import fill_in_addresses
from dscvsr_cli.engine.device import choose_device
from dscvsr_cli.runtimes.openvino_graphs import default_cache_dir
from dscvsr_cli.video.passthrough.audio_transcode import (
    BITRATE_PER_CHANNEL,
    USUAL_BITRATE_PER_CHANNEL,
)
from tests import cli_reference
from tests.clips import Clip, render

ROOT: Final = Path(__file__).resolve().parent.parent
PAGES: Final = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
HISTORY: Final = ROOT / "CHANGELOG.md"
"""It may name files as they once were."""

pytestmark = pytest.mark.skipif(not (ROOT / "docs").is_dir(), reason="needs a checkout")

_FENCE: Final = re.compile(r"^[ ]*```(\w*)\n(.*?)^[ ]*```", re.MULTILINE | re.DOTALL)
_INLINE: Final = re.compile(r"`([^`]+)`")
_LINK: Final = re.compile(r"\]\(([^)\s]+)\)")
_PATH: Final = re.compile(r"\b(?:dscvsr_cli|benchmarks|tests)/[\w./-]*\.(?:py|toml)\b")
_SHORT_PATH: Final = re.compile(r"`([\w./-]+\.py)`")
_ASSIGNMENT: Final = re.compile(r'([A-Z]+)="([^"]*)"')
_OPTION: Final = re.compile(r"--[a-z][a-z-]*")

_OTHER_PROGRAMS: Final = {"--no-deps", "--user", "--picture", "--minutes", "--model", "--tta"}
"""Options that the docs name, of pip, Docker, our own scripts and programs like ours."""


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path, *languages: str) -> list[str]:
    """Return the fenced blocks of a page that are in one of the languages ("" for none)."""
    found = _FENCE.findall(page.read_text(encoding="utf-8"))
    return [text for language, text in found if language in languages]


EXAMPLES: Final = [
    text for page in PAGES if page.stem == "python" for text in blocks(page, "python")
]


def inline_code(page: Path) -> list[str]:
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    return [re.sub(r"\s+", " ", code) for code in _INLINE.findall(text)]


def shell_commands(text: str) -> Iterator[list[str]]:
    """Yield the words of every command in lines of shell: joined, expanded, split at pipes."""
    variables: dict[str, str] = {}
    for line in text.replace("\\\n", " ").splitlines():
        assignment = _ASSIGNMENT.fullmatch(line.strip())
        if assignment:
            variables[assignment[1]] = assignment[2]
            continue
        for name, value in variables.items():
            line = line.replace(f"${name}", value)  # noqa: PLW2901
        words = shlex.split(line, comments=True)
        while words:
            end = next((i for i, word in enumerate(words) if word in ("|", "&&")), len(words))
            yield words[:end]
            words = words[end + 1 :]


def own_arguments(words: list[str]) -> list[str] | None:
    """Return what our program is given by a command, or None where it runs another program."""
    if words and Path(words[0]).name == "dscvsr":
        return words[1:]
    if "dscvsr_cli" in words and words[words.index("dscvsr_cli") - 1] == "-m":
        return words[words.index("dscvsr_cli") + 1 :]
    return None


def own_commands(page: Path) -> Iterator[list[str]]:
    for text in blocks(page, "", "sh"):
        for words in shell_commands(text):
            arguments = own_arguments(words)
            if arguments is not None:
                yield arguments
    for code in inline_code(page):
        if code.startswith("dscvsr "):
            yield shlex.split(code)[1:]


def parse(arguments: list[str]) -> None:
    """Parse a command line as the program would, without running it.

    A command that is only named, such as ``dscvsr weights push``, needs no more than to exist.
    """
    if "--install-completion" in arguments:
        raise ValueError("it would take effect while it is parsed: name the option alone")
    command: Any = typer.main.get_command(app)
    arguments = fill_in_addresses(arguments)
    context = command.make_context("dscvsr", list(arguments), resilient_parsing=False)
    rest = list(arguments)
    while hasattr(command, "commands"):
        name, command, rest = command.resolve_command(context, rest)
        if not rest:
            return
        context = command.make_context(name, list(rest), parent=context)


def all_options() -> set[str]:
    def below(command: Any) -> Iterator[str]:
        for parameter in command.params:
            yield from (*parameter.opts, *parameter.secondary_opts)
        for sub in getattr(command, "commands", {}).values():
            yield from below(sub)

    return {"--help", *below(typer.main.get_command(app))}


def test_there_are_pages_with_commands_to_check() -> None:
    assert {"README.md", "docs/README.md", "docs/python.md"} <= set(map(name_of, PAGES))
    assert sum(1 for page in PAGES for _ in own_commands(page)) > 50


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_parses(page: Path) -> None:
    for arguments in own_commands(page):
        try:
            parse(arguments)
        except Exception as error:  # noqa: BLE001
            if getattr(error, "exit_code", None) == 0:
                continue  # --help and --version leave while they are parsed
            pytest.fail(f"{name_of(page)}: dscvsr {shlex.join(arguments)}: {error}")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_options_for_pictures_stand_beside_pictures(page: Path) -> None:
    for arguments in own_commands(page):
        if {"--fps", "--start-number"} & set(arguments):
            assert any("%" in one or one.endswith("/") for one in arguments), arguments


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_option_exists(page: Path) -> None:
    known = all_options() | _OTHER_PROGRAMS
    named = {found[0] for code in inline_code(page) if (found := _OPTION.match(code))}
    assert not named - known


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    for link in _LINK.findall(_FENCE.sub("", page.read_text(encoding="utf-8"))):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{name_of(page)}: {link}"
        if anchor:
            assert anchor in anchors(target), f"{name_of(page)}: {link}"


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", [page for page in PAGES if page != HISTORY], ids=name_of)
def test_every_file_it_names_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for path in _PATH.findall(text):
        assert (ROOT / path).is_file(), f"{name_of(page)}: {path}"
    for path in _SHORT_PATH.findall(text):
        homes = (ROOT, ROOT / "dscvsr_cli")
        assert any((home / path).is_file() for home in homes), f"{name_of(page)}: {path}"


@pytest.mark.parametrize("example", EXAMPLES, ids=[f"example {i}" for i in range(len(EXAMPLES))])
def test_the_python_examples_run(
    example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    render(Clip(width=32, height=32, pts=(0, 512, 1024)), tmp_path, name="clip")
    monkeypatch.chdir(tmp_path)
    exec(compile(example, "docs/python.md", "exec"), {"__name__": "__main__"})  # noqa: S102


def test_the_reference_says_what_the_program_says() -> None:
    again = "write it again: python -m tests.cli_reference"
    assert cli_reference.PAGE.read_text(encoding="utf-8") == cli_reference.reference(), again


def sentence_of(page: str) -> str:
    """Return the text of a page in one line."""
    return re.sub(r"\s+", " ", (ROOT / page).read_text(encoding="utf-8"))


def test_the_order_of_devices_is_the_one_that_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    present = {"cuda": True, "mps": True, "xpu": True}
    monkeypatch.setattr(torch.cuda, "is_available", lambda: present["cuda"])
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: present["mps"])
    monkeypatch.setattr(torch.xpu, "is_available", lambda: present["xpu"])
    taken = []
    while (kind := choose_device("auto").type) != "cpu":
        taken.append(kind)
        present[kind] = False
    names = {"cuda": "an NVIDIA GPU", "mps": "Apple's", "xpu": "Intel's"}
    order = ", else ".join([*(names[kind] for kind in taken), "the processor"])
    assert f"`--device auto`, the default, takes {order}." in sentence_of("docs/install.md")


def test_the_bit_rates_of_audio_are_those_that_are_taken() -> None:
    others = [f"{rate // 1000}k with {name}" for name, rate in BITRATE_PER_CHANNEL.items()]
    rates = ", ".join([f"{USUAL_BITRATE_PER_CHANNEL // 1000}k per channel", *others])
    for page in ("docs/containers.md", "docs/reference.md"):
        assert rates in sentence_of(page)


@pytest.mark.skipif(sys.platform != "linux", reason="the folders of Linux")
def test_the_folders_that_are_written_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    log = platformdirs.user_log_path("dscvsr", appauthor=False)
    for folder in (user_folder(), default_cache_dir().parent, log):
        assert f"`~/{folder.relative_to(Path.home())}`" in sentence_of("docs/install.md")


def test_the_floors_of_the_house_are_those_that_are_checked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contract = project["tool"]["importlinter"]["contracts"][0]
    floors = [floor for floor in contract["layers"] if floor != "__main__"]
    assert " > ".join(floors) in sentence_of("CONTRIBUTING.md")


def test_an_unknown_option_would_be_found() -> None:
    with pytest.raises(Exception, match="--frobnicate"):
        parse(["upscale", "clip.mp4", "--frobnicate"])


def test_an_unknown_command_would_be_found() -> None:
    with pytest.raises(Exception, match="downscale"):
        parse(["downscale"])
