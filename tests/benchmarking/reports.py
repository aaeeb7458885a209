"""Reports made up for tests."""

from dscvsr_cli.benchmarking.bench_protocol import (
    BenchProtocol,
)
from dscvsr_cli.benchmarking.methods import MethodInfo
from dscvsr_cli.benchmarking.report import BenchReport, ClipScore, MeasuredQuality, mean_score
from dscvsr_cli.geometry import Size

VID4 = BenchProtocol(dataset="vid4")


def quality(psnr: float, warping: float | None = 3.5) -> MeasuredQuality:
    return MeasuredQuality(
        psnr_y=psnr,
        ssim_y=psnr / 50,
        psnr_rgb=psnr - 1.5,
        ssim_rgb=psnr / 60,
        warping=warping,
        true_warping=None if warping is None else 7.25,
        flicker=None if warping is None else 5.125,
    )


def report(net: float = 27.0, *, scales: tuple[float, ...] = (4.0,)) -> BenchReport:
    scores, means = [], []
    for scale in scales:
        for method, psnr in (("bicubic", 23.5), ("net", net)):
            run = [
                ClipScore(
                    method=method,
                    scale=scale,
                    clip=clip,
                    frames=3,
                    frames_made=3,
                    size=Size(48, 64),
                    quality=quality(psnr - scale / 10),
                    seconds=1.5,
                    peak_memory_bytes=10**9 if method == "net" else None,
                )
                for clip in ("city", "walk")
            ]
            scores += run
            means.append(mean_score(run, gain_db=psnr - 23.5, multiply_adds=1234.5))
    return BenchReport(
        protocol=VID4,
        statements=("what it means",),
        machine="a machine",
        methods=(
            MethodInfo(name="bicubic"),
            MethodInfo(name="net", parameters=409416, sha256="a" * 64),
        ),
        scores=tuple(scores),
        means=tuple(means),
    )
