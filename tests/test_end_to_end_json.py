"""JSON lines, as a program around the real command reads them, checked against their schema."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from dscvsr_cli.cli.app import main
from tests.clips import Clip, render

DOCS = Path(__file__).parents[1] / "docs" / "json.md"

KINDS: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "string": str,
    "integer": int,
    "number": (int, float),
    "null": type(None),
}


def schema() -> dict[str, Any]:
    found = re.search(r"## Schema\s+```json\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    described: dict[str, Any] = json.loads(found[1])
    return described


def check(line: dict[str, Any], described: dict[str, Any]) -> None:
    """Check one line: the part of JSON Schema that the docs use."""
    for name, value in line.items():
        assert name in described["properties"], name
        rule = described["properties"][name]
        if "enum" in rule:
            assert value in rule["enum"], (name, value)
        else:
            kinds = [rule["type"]] if isinstance(rule["type"], str) else rule["type"]
            assert any(isinstance(value, KINDS[kind]) for kind in kinds), (name, value)
    branches = [
        branch
        for branch in described["oneOf"]
        if branch["properties"]["type"]["const"] == line["type"]
    ]
    assert len(branches) == 1
    assert set(branches[0]["required"]) <= line.keys()


def run(
    weights: Path, capfd: pytest.CaptureFixture[str], *arguments: str | Path
) -> tuple[int, list[dict[str, Any]]]:
    fixed = ["-w", weights, "-s", "2", "--device", "cpu", "--encoder-preset", "ultrafast", "--json"]
    code = main(["upscale", *map(str, [*arguments, *fixed])])
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    described = schema()
    for line in lines:
        check(line, described)
    return code, lines


def types(lines: list[dict[str, Any]]) -> list[str]:
    return [line["type"] for line in lines if line["type"] != "progress"]


def test_a_job_says_what_it_will_do_does_and_has_done(
    tmp_path: Path, weights: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = render(Clip(width=32, height=32, pts=(0, 512, 1024)), tmp_path)
    code, lines = run(weights, capfd, source, "-o", tmp_path / "out.mp4")
    assert code == 0
    assert types(lines) == ["plan", "report"]
    first = next(line for line in lines if line["type"] == "progress")
    assert first["frames_done"] == 0
    assert 0 < first["share"] < 1
    assert (lines[0]["job"], lines[0]["jobs"]) == (1, 1)


def test_names_of_any_bytes_are_json(
    tmp_path: Path, weights: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    name = os.fsdecode(b"caf\xe9 \xe2\x9c\x93.mp4")
    code, lines = run(weights, capfd, tmp_path / name)
    assert code == 3
    assert name in lines[0]["message"]


def test_a_dry_run_says_of_every_file_what_the_run_would(
    tmp_path: Path, weights: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    finished, new = (
        render(Clip(width=32, height=32, pts=(0, 512)), tmp_path, name=name) for name in "ab"
    )
    bad, out = tmp_path / "bad.mp4", tmp_path / "out"
    bad.write_bytes(b"no video" * 99)
    assert run(weights, capfd, finished, "-o", f"{out}/")[0] == 0

    code, lines = run(weights, capfd, finished, bad, new, "-o", out, "--dry-run")

    assert code == 1
    assert types(lines) == ["report", "error", "dry_run", "summary"]
    assert [line["source"] for line in lines[:-1]] == [str(finished), str(bad), str(new)]
    assert [(line["job"], line["jobs"]) for line in lines[:-1]] == [(1, 3), (2, 3), (3, 3)]
    assert (lines[0]["outcome"], lines[0]["target"]) == ("skipped", str(out / "a.mp4"))
    assert lines[1]["exit_code"] == 3
    assert lines[1]["hint"]
    assert lines[-1] == {"type": "summary", "done": 0, "skipped": 1, "failed": 1, "planned": 1}

    code, lines = run(weights, capfd, finished, "-o", out / "a.mp4", "--resume", "--dry-run")
    assert (code, types(lines)) == (0, ["report"])
    code, lines = run(weights, capfd, new, "-o", out / "b.mp4", "--dry-run")
    assert (code, types(lines), lines[0]["job"], lines[0]["jobs"]) == (0, ["dry_run"], 1, 1)


def test_errors_are_lines_too(
    tmp_path: Path, weights: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    code, lines = run(weights, capfd, tmp_path / "none.mp4")
    assert code == 3
    assert types(lines) == ["error"]
    assert lines[0]["exit_code"] == 3
    assert "none.mp4" in lines[0]["message"]
    assert lines[0]["hint"]


def test_an_option_that_cannot_work_is_a_line_too(
    tmp_path: Path, weights: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    code, lines = run(weights, capfd, tmp_path / "none.mp4", "--memory", "lots")
    assert code == 2
    assert (types(lines), lines[0]["kind"]) == (["error"], "UsageError")


def test_what_typer_refuses_is_a_line_too(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["upscale", "clip.mp4", "--no-such-option", "--json"]) == 2
    said = capfd.readouterr()
    line = json.loads(said.out)
    check(line, schema())
    assert line["exit_code"] == 2
    assert "--no-such-option" in said.err


def test_several_files_are_told_apart_and_counted(
    tmp_path: Path, weights: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    good = render(Clip(width=32, height=32, pts=(0, 512)), tmp_path, name="good")
    bad = tmp_path / "bad.mp4"
    bad.write_text("not a video")
    code, lines = run(weights, capfd, good, bad, "-o", tmp_path / "out")
    assert code == 1
    assert types(lines) == ["plan", "report", "error", "summary"]
    code, lines = run(weights, capfd, good, bad, "-o", tmp_path / "out")
    assert types(lines) == ["report", "error", "summary"]
    assert lines[0]["outcome"] == "skipped"


def test_warnings_are_events(
    tmp_path: Path, weights: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = render(Clip(width=32, height=32, pts=(0, 512)), tmp_path)
    fixed = ["-w", str(weights), "--device", "cpu", "--encoder-preset", "ultrafast", "--json"]
    target = str(tmp_path / "out.mp4")
    assert main(["upscale", str(source), "-s", "5", "-o", target, *fixed]) == 0
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    events = [line for line in lines if line["type"] == "event"]
    for line in events:
        check(line, schema())
    assert [line["kind"] for line in events] == ["warning"]
    assert "beyond what the network was trained for" in events[0]["message"]


def test_quiet_leaves_out_progress_and_events(
    tmp_path: Path, weights: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = render(Clip(width=32, height=32, pts=(0, 512)), tmp_path)
    code, lines = run(weights, capfd, source, "-o", tmp_path / "out.mp4", "--quiet")
    assert code == 0
    assert [line["type"] for line in lines] == ["plan", "report"]
