"""Feed damaged files to the program: each must be decoded or refused with a message.

Small clips are rendered in several containers and mutated (flipped bits, cuts, overwritten,
repeated and moved blocks, edited headers). Each is probed and read in a worker process with limits
on time and memory, and every fiftieth goes through the whole of ``upscale``::

    python benchmarks/stress/fuzz.py                        # 2000 files, a few minutes
    python benchmarks/stress/fuzz.py --files 20000 --seed 3 --keep bad/

Counts files that were refused with a message, decoded, raised anything else, crashed the worker
or hung, and the most memory a worker held. The exit code is 1 if one raised, crashed or hung.
"""

import argparse
import json
import queue
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import av
from kill_soak import save_tiny_network

from dscvsr_cli.errors import DscvsrError
from dscvsr_cli.pipelines.upscale.job import UpscaleJob
from dscvsr_cli.pipelines.upscale.run import upscale
from dscvsr_cli.video.containers import container_of
from dscvsr_cli.video.demo_clip import render_demo_clip
from dscvsr_cli.video.info import VideoInfo
from dscvsr_cli.video.passthrough.passthrough_plan import StreamChoices, plan_passthrough
from dscvsr_cli.video.read.reader import VideoReader
from dscvsr_cli.video.write.encoder_options import EncodeOptions
from dscvsr_cli.video.write.muxer import OutputSpec
from dscvsr_cli.video.write.picture_spec import settle_picture
from dscvsr_cli.video.write.target_file import resolve_destination
from dscvsr_cli.video.write.writer import VideoWriter

HANG_SECONDS = 30
MEMORY_LIMIT_BYTES = 6 * 2**30
BATCH = 100
UPSCALED_EVERY = 50
MOST_FRAMES = 60
ENCODERS = {
    ".mp4": "libx264",
    ".mkv": "libx265",
    ".ts": "libx264",
    ".mov": "mpeg4",
    ".webm": "libvpx-vp9",
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "--files", type=int, default=2000, help="files to mutate (default: %(default)s)"
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="seed of the mutations (default: %(default)s)"
    )
    parser.add_argument(
        "--keep", type=Path, help="keep files that were handled badly in this folder"
    )
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.work:
        work(arguments.work)
        return
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        counts, peak = fuzz(Path(folder), arguments.files, arguments.seed, arguments.keep)
    figures = {
        **counts,
        "peak_memory_bytes": peak,
        "seconds": round(time.monotonic() - started, 1),
    }
    if arguments.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name.replace('_', ' '):24} {value}")
    sys.exit(1 if counts["raised"] or counts["crashed"] or counts["hung"] else 0)


def fuzz(folder: Path, files: int, seed: int, keep: Path | None) -> tuple[Counter[str], int]:
    """Mutate, run and count; return the counts and the most memory a worker held, in bytes."""
    chance = random.Random(seed)  # noqa: S311  damage, not secrets
    seeds = render_seeds(folder)
    counts: Counter[str] = Counter(files=files, refused=0, decoded=0, raised=0, crashed=0, hung=0)
    peak = 0
    for first in range(0, files, BATCH):
        batch = folder / "batch"
        batch.mkdir()
        save_tiny_network(batch / "tiny.safetensors")
        for index in range(first, min(first + BATCH, files)):
            path = chance.choice(seeds)
            mutated = mutate(path.read_bytes(), chance)
            (batch / f"{index:06}{path.suffix}").write_bytes(mutated)
        for name, outcome, detail, memory in results(batch):
            counts[outcome] += 1
            peak = max(peak, memory)
            if outcome not in ("refused", "decoded"):
                print(f"{name}: {outcome} {detail}", file=sys.stderr)
                if keep is not None:
                    keep.mkdir(parents=True, exist_ok=True)
                    shutil.copy(batch / name, keep / name)
        shutil.rmtree(batch)
    return counts, peak


def render_seeds(folder: Path) -> list[Path]:
    """Render one clip and write it into every container."""
    first = folder / "seed.mp4"
    render_demo_clip(first, width=64, height=48, seconds=1.0)
    seeds = [first]
    for suffix, encoder in list(ENCODERS.items())[1:]:
        path = folder / f"seed{suffix}"
        with (
            VideoReader(first) as reader,
            _writer(path, reader.info, encoder) as writer,
        ):
            for frame in reader:
                writer.write(frame)
        seeds.append(path)
    return seeds


def _writer(path: Path, source: VideoInfo, encoder: str) -> VideoWriter:
    container = container_of(path)
    options = EncodeOptions(encoder=encoder)
    picture = settle_picture(source, container, height=48, width=64, options=options)
    others = plan_passthrough(source, container, StreamChoices(drop_unsupported=True))
    return VideoWriter(resolve_destination(path), OutputSpec(picture=picture, others=others))


def mutate(content: bytes, chance: random.Random) -> bytes:
    """Return a damaged copy."""
    data = bytearray(content)
    mutations: list[Callable[[bytearray, random.Random], None]] = [
        flip_bits,
        edit_header,
        overwrite,
        cut,
        repeat,
        swap,
    ]
    for _ in range(chance.randint(1, 3)):
        chance.choice(mutations)(data, chance)
    return bytes(data)


def flip_bits(data: bytearray, chance: random.Random) -> None:
    for _ in range(chance.choice((1, 4, 32, 256))):
        if data:
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def edit_header(data: bytearray, chance: random.Random) -> None:
    for _ in range(chance.randint(1, 8)):
        place = chance.randrange(max(1, min(len(data), 1024)))
        data[place : place + 4] = chance.choice(
            (b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", chance.randbytes(4))
        )


def overwrite(data: bytearray, chance: random.Random) -> None:
    place, size = block(data, chance)
    data[place : place + size] = chance.choice((bytes(size), chance.randbytes(size)))


def cut(data: bytearray, chance: random.Random) -> None:
    del data[chance.randrange(len(data) + 1) :]


def repeat(data: bytearray, chance: random.Random) -> None:
    place, size = block(data, chance)
    data[place:place] = data[place : place + size]


def swap(data: bytearray, chance: random.Random) -> None:
    place, size = block(data, chance)
    moved = data[place : place + size]
    del data[place : place + size]
    other = chance.randrange(len(data) + 1)
    data[other:other] = moved


def block(data: bytearray, chance: random.Random) -> tuple[int, int]:
    return chance.randrange(len(data) + 1), chance.choice((1, 16, 188, 1024, 4096))


def results(batch: Path) -> Iterator[tuple[str, str, str, int]]:
    """Run a batch in as many workers as it takes; yield name, outcome, detail and memory."""
    left = sorted(path.name for path in batch.iterdir() if path.suffix in ENCODERS)
    while left:
        (batch / "todo").write_text("\n".join(left))
        running = left[0]
        outcome = "crashed"
        command = [sys.executable, __file__, "--work", str(batch)]
        with subprocess.Popen(  # noqa: S603  ours
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as process:
            lines: queue.Queue[str] = queue.Queue()
            threading.Thread(target=pump, args=(process, lines), daemon=True).start()
            while left:
                try:
                    line = lines.get(timeout=HANG_SECONDS)
                except queue.Empty:
                    outcome = "hung"
                    process.kill()
                    break
                if not line:
                    break
                name, how, detail, memory = json.loads(line)
                yield name, how, detail, memory
                left.remove(name)
                running = left[0] if left else ""
            code = process.wait()
        if left:
            yield running, outcome, f"exit code {code}", 0
            left.remove(running)


def pump(process: "subprocess.Popen[str]", lines: "queue.Queue[str]") -> None:
    for line in process.stdout or ():
        lines.put(line)
    lines.put("")


def work(batch: Path) -> None:
    """Handle the files of a batch, one line of JSON each."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT_BYTES, MEMORY_LIMIT_BYTES))
    av.logging.set_level(av.logging.PANIC)
    for name in (batch / "todo").read_text().splitlines():
        path = batch / name
        outcome, detail = "decoded", ""
        try:
            if int(path.stem) % UPSCALED_EVERY == 0:
                enlarge(path, batch)
            else:
                with VideoReader(path) as reader:
                    for _ in islice(reader, MOST_FRAMES):
                        pass
        except DscvsrError as error:
            outcome, detail = "refused", error.message
        except Exception as error:  # noqa: BLE001  the very thing that is looked for
            outcome, detail = "raised", repr(error)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(json.dumps([name, outcome, detail, memory]), flush=True)


def enlarge(path: Path, batch: Path) -> None:
    job = UpscaleJob(
        source=path,
        target=batch / f"{path.stem}.out.mkv",
        scale=1.5,
        weights=str(batch / "tiny.safetensors"),
        device="cpu",
        encoder_preset="ultrafast",
        memory_bytes=500_000_000,
    )
    upscale(job)


if __name__ == "__main__":
    main()
