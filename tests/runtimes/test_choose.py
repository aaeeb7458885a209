"""The runtime suits the device, and what does not suit is refused with a way out."""

import pytest
import torch

from dscvsr_cli.errors import UsageError
from dscvsr_cli.runtimes import choose
from dscvsr_cli.runtimes.choose import AUTO_VARIABLE, choose_runtime

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choose, "is_openvino_installed", lambda: True)
    monkeypatch.delenv(AUTO_VARIABLE, raising=False)


@pytest.fixture
def missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choose, "is_openvino_installed", lambda: False)
    monkeypatch.delenv(AUTO_VARIABLE, raising=False)


@pytest.mark.usefixtures("installed")
def test_auto_takes_openvino_on_processors_and_torch_elsewhere() -> None:
    assert choose_runtime("auto", device=CPU, dtype=torch.float32) == "openvino"
    assert choose_runtime("auto", device=CPU, dtype=torch.bfloat16) == "openvino"
    assert choose_runtime("auto", device=CPU, dtype=torch.float16) == "torch"
    assert choose_runtime("auto", device=CUDA, dtype=torch.float32) == "torch"
    assert choose_runtime("torch", device=CPU, dtype=torch.float32) == "torch"


@pytest.mark.usefixtures("missing")
def test_without_openvino_auto_takes_torch_and_asking_for_it_says_how_to_install_it() -> None:
    assert choose_runtime("auto", device=CPU, dtype=torch.float32) == "torch"
    with pytest.raises(UsageError, match="not installed") as refused:
        choose_runtime("openvino", device=CPU, dtype=torch.float32)
    assert "openvino>=2025.4" in str(refused.value.hint)


@pytest.mark.usefixtures("installed")
def test_openvino_is_refused_where_it_does_not_run() -> None:
    for device, dtype in ((CUDA, torch.float32), (CPU, torch.float16)):
        with pytest.raises(UsageError, match="does not run"):
            choose_runtime("openvino", device=device, dtype=dtype)


@pytest.mark.usefixtures("installed")
def test_the_environment_says_what_auto_means(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(AUTO_VARIABLE, "torch")
    assert choose_runtime("auto", device=CPU, dtype=torch.float32) == "torch"
    assert choose_runtime("openvino", device=CPU, dtype=torch.float32) == "openvino"
