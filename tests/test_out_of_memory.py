"""Memory that runs out is told from bugs, whichever library says so."""

import pytest
import torch

from dscvsr_cli.out_of_memory import is_out_of_memory


def test_torchs_own_refusal_is_recognised() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**60, dtype=torch.uint8)
    assert is_out_of_memory(caught.value)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MemoryError(), True),
        (torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"), True),
        (RuntimeError("MPS backend out of memory (MPS allocated: 9 GB)"), True),
        (RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"), True),
        (RuntimeError("Exception from src/inference/src/dev/plugin.cpp:54:\ncan't alloc\n"), True),
        (OSError("libopenvino.so: failed to map segment from shared object"), True),
        (RuntimeError("std::bad_alloc"), True),
        (RuntimeError("plugin.cpp:54: Resource temporarily unavailable"), True),
        (BlockingIOError(11, "Resource temporarily unavailable"), False),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_only_errors_about_memory_count(error: Exception, *, expected: bool) -> None:
    assert is_out_of_memory(error) is expected
